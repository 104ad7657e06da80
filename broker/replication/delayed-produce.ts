// A produce request whose appends wait to be committed (Kafka: DelayedProduce). Counts down; answers once, when all are
// committed or refused, or when the client's time is up: what is not committed by then is appended, but not promised.
//
//   DelayedProduce ◀── ProducedPartition ──▶ Partition, by the offset that it waits for
//     #pendingCount      its answer
//
// The objects of the answer are what waits: nothing more is made for a request, and no closure for a partition of it.

import { ErrorCode } from '../../protocol/error-codes.ts'
import { Deadline, type Deadlines } from './deadlines.ts'
import { ACKS_ALL, type OffsetWaiter, type Partition } from './partition.ts'

const NONE: readonly never[] = []
/** Of clients that have none: in Kafka nothing waits when there is one replica, here the disk is waited for. */
const MIN_PATIENCE_MS = 1000

/** One partition of a produce request; fields as in ProduceResponse. */
export class ProducedPartition implements OffsetWaiter {
  readonly index: number
  errorCode: number = ErrorCode.NONE
  errorMessage: string | null = null
  baseOffset = -1
  logAppendTimeMs = -1
  logStartOffset = -1
  recordErrors: readonly { batchIndex: number; batchIndexErrorMessage: string | null }[] = NONE
  currentLeader: { leaderId: number; leaderEpoch: number } | undefined = undefined
  /** Its append is not committed yet. */
  isPending = false
  readonly #request: DelayedProduce

  constructor(index: number, request: DelayedProduce) {
    this.index = index
    this.#request = request
  }

  onOffset(errorCode: number): void {
    if (!this.isPending) return
    this.isPending = false
    this.errorCode = errorCode
    this.#request.countDown()
  }
}

export interface ProducedTopic {
  readonly name: string
  readonly topicId: string
  readonly partitionResponses: readonly ProducedPartition[]
}

export abstract class DelayedProduce extends Deadline {
  /** Set before `start`. */
  responses: readonly ProducedTopic[] = NONE
  readonly #deadlines: Deadlines
  /** One more than there are until `start`. */
  #pendingCount = 1

  constructor(deadlines: Deadlines) {
    super()
    this.#deadlines = deadlines
  }

  /** Called once, after `start`, when every partition has its final error code. */
  protected abstract onDone(): void

  /** Waits for what ends at `endOffset` to be visible (acks=all) or written (acks=1). */
  await(partition: Partition, endOffset: number, requiredAcks: number, produced: ProducedPartition): void {
    this.#pendingCount++
    produced.isPending = true
    if (requiredAcks === ACKS_ALL) partition.whenCommitted(endOffset, produced)
    else partition.whenWritten(endOffset, produced)
  }

  start(timeoutMs: number): void {
    if (this.#pendingCount > 1) this.#deadlines.add(this, Math.max(timeoutMs, MIN_PATIENCE_MS))
    this.countDown()
  }

  /** For ProducedPartition. */
  countDown(): void {
    this.#pendingCount--
    if (this.#pendingCount > 0) return
    if (this.list !== null) this.#deadlines.remove(this)
    this.onDone()
  }

  override onDue(): void {
    for (const { partitionResponses } of this.responses) {
      for (const produced of partitionResponses) produced.onOffset(ErrorCode.REQUEST_TIMED_OUT)
    }
  }
}
