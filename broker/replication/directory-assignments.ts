// Tells the controller in which of several log directories replicas lie (KIP-858): it has to know which partitions lose
// their leader with a directory, and a start with a missing directory which partitions not to begin anew elsewhere.
//
// What is new is collected and sent together; what fails is sent again. Source: AssignmentsManager.

import type { Logger, Timers } from '../../host/host.ts'
import type { RequestOf, ResponseInputOf } from '../../protocol/apis.ts'
import { ErrorCode, errorName } from '../../protocol/error-codes.ts'

type Request = RequestOf<'AssignReplicasToDirs'>
export type SendAssignments = (directories: Request['directories']) => Promise<ResponseInputOf<'AssignReplicasToDirs'>>

/** As Kafka sends at once. */
const MAX_ASSIGNED = 2250
const COLLECT_MS = 20
const RETRY_MS = 1000

interface Assignment {
  readonly topicId: string
  readonly index: number
  readonly directoryId: string
}

export class DirectoryAssignments {
  readonly #timers: Timers
  readonly #logger: Logger
  readonly #send: SendAssignments
  readonly #waiting = new Map<string, Assignment>()
  #isScheduled = false
  #isStopped = false

  constructor({ timers, logger }: { timers: Timers; logger: Logger }, send: SendAssignments) {
    this.#timers = timers
    this.#logger = logger
    this.#send = send
  }

  add(topicId: string, index: number, directoryId: string): void {
    this.#waiting.set(`${topicId}-${index}`, { topicId, index, directoryId })
    this.#schedule(COLLECT_MS)
  }

  stop(): void {
    this.#isStopped = true
  }

  #schedule(delayMs: number): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#timers.after(delayMs, () => {
      this.#isScheduled = false
      if (!this.#isStopped) void this.#sendSome()
    })
  }

  async #sendSome(): Promise<void> {
    const some = [...this.#waiting].slice(0, MAX_ASSIGNED)
    if (some.length === 0) return
    const problem = await this.#send(grouped(some.map(([, assignment]) => assignment))).then(
      ({ errorCode }) => (errorCode === ErrorCode.NONE ? null : errorName(errorCode ?? ErrorCode.NONE)),
      (error: unknown) => String(error),
    )
    if (problem === null) {
      // One that a partition refuses is of a replica that is gone; one that was added meanwhile is another.
      for (const [key, assignment] of some) if (this.#waiting.get(key) === assignment) this.#waiting.delete(key)
    } else if (!this.#isStopped) this.#logger.warn('the controller does not take where replicas lie', { problem })
    if (this.#waiting.size > 0) this.#schedule(problem === null ? COLLECT_MS : RETRY_MS)
  }
}

function grouped(assignments: readonly Assignment[]): Request['directories'] {
  const directories = new Map<string, Map<string, number[]>>()
  for (const { topicId, index, directoryId } of assignments) {
    const topics = directories.get(directoryId) ?? new Map<string, number[]>()
    topics.set(topicId, [...(topics.get(topicId) ?? []), index])
    directories.set(directoryId, topics)
  }
  return Array.from(directories, ([id, topics]) => ({
    id,
    topics: Array.from(topics, ([topicId, indexes]) => ({
      topicId,
      partitions: indexes.map((partitionIndex) => ({ partitionIndex })),
    })),
  }))
}
