// Members of a share group that only fetch and acknowledge, against any broker of the protocol: what it can do by
// itself. Kafka's own perf tool spends more on itself than on the brokers it measures (docs/decisions/share-groups.md).
//
//   node --conditions=milena-source test/clients/share-load.ts --port 9092 --topic q [--pid N] [--members 4]
//
// Each member asks for 500 records and accepts all of them with its next fetch, as the Java client does. The topic is
// filled before, and the group of that name set to begin at its start (share.auto.offset.reset=earliest). With the
// broker's pid its CPU is told, too. The first of the --rounds is what a fresh process does.

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ACCEPT } from '../../broker/share/record-state.ts'
import { realHost } from '../../host/real/host.ts'
import type { RequestInputOf, ResponseOf } from '../../protocol/apis.ts'
import { ErrorCode, errorName } from '../../protocol/error-codes.ts'
import { batch, ShareMember } from '../broker/share/harness.ts'
import { WireClient } from '../wire-client.ts'

const FETCHES_A_ROUND = 340
const RETRY_MS = 300
const MAX_ATTEMPTS = 100
/** Of a process, in the kernel's ticks of 10 ms, behind its name: utime and stime. */
const [USER_TICKS, SYSTEM_TICKS] = [11, 12]

type Topics = RequestInputOf<'ShareFetch'>['topics']

interface Count {
  fetches: number
  empty: number
  size: number
  readonly latencies: number[]
}

const newCount = (): Count => ({ fetches: 0, empty: 0, size: 0, latencies: [] })

/** New ones each time: what former ones have locked does not count for them. */
const memberName = (index: number): string => `load-${process.pid}-${index}`

/** Coordinators and partitions are there once they have been asked for often enough. */
async function eventually(attempt: () => Promise<boolean>): Promise<void> {
  for (let attempts = 1; !(await attempt()); attempts++) {
    if (attempts === MAX_ATTEMPTS) throw new Error('there is no share group to be had')
    await sleep(RETRY_MS)
  }
}

class Worker {
  readonly #client: WireClient
  readonly #member: ShareMember
  #acknowledge: Topics = []

  constructor(client: WireClient, group: string, name: string) {
    this.#client = client
    this.#member = new ShareMember(client, group, name)
  }

  async join(topic: string): Promise<void> {
    const asked = { key: '', keyType: 0, coordinatorKeys: [this.#member.groupId] }
    await eventually(async () => {
      const found = await this.#client.send('FindCoordinator', 6, asked)
      return found?.coordinators[0]?.errorCode === ErrorCode.NONE
    })
    let topics: readonly string[] | null = [topic]
    await eventually(async () => {
      if ((await this.#member.heartbeat(topics)).errorCode === ErrorCode.NONE) topics = null
      return this.#member.assigned.length > 0
    })
  }

  async fetch(count: Count): Promise<void> {
    const start = performance.now()
    const answer = await this.#member.fetchUnread({ acknowledge: this.#acknowledge })
    count.latencies.push(performance.now() - start)
    count.fetches++
    this.#acknowledge = acceptAll(answer, count)
    if (this.#acknowledge.length === 0) count.empty++
  }
}

function acceptAll({ errorCode, responses }: ResponseOf<'ShareFetch'>, count: Count): Topics {
  if (errorCode !== ErrorCode.NONE) throw new Error(`fetch: ${errorName(errorCode)}`)
  return responses.flatMap(({ topicId, partitions }) => {
    const acknowledged = partitions.flatMap(({ partitionIndex, acquiredRecords, records, ...codes }) => {
      const fault = codes.errorCode || codes.acknowledgeErrorCode
      if (fault !== ErrorCode.NONE) throw new Error(`fetch from ${partitionIndex}: ${errorName(fault)}`)
      count.size += records?.length ?? 0
      const batches = acquiredRecords.map((one) => batch(Number(one.firstOffset), Number(one.lastOffset), ACCEPT))
      return batches.length === 0 ? [] : [{ partitionIndex, acknowledgementBatches: batches }]
    })
    return acknowledged.length === 0 ? [] : [{ topicId, partitions: acknowledged }]
  })
}

function cpuSeconds(pid: string): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])) / 100
}

/** Of members that never pause between them: what a paused one has locked would be missed by the others. */
class Rounds {
  readonly #pid: string | undefined
  #left: number
  #startedAt = performance.now()
  #cpuBefore = 0
  count: Count = newCount()

  constructor(rounds: number, pid: string | undefined) {
    this.#left = rounds
    this.#pid = pid
    if (pid !== undefined) this.#cpuBefore = cpuSeconds(pid)
  }

  /** After a fetch. False: it was the last one. */
  next(): boolean {
    if (this.#left > 0 && this.count.fetches >= FETCHES_A_ROUND) {
      this.#left--
      process.stdout.write(`${this.#report()}\n`)
      this.count = newCount()
    }
    return this.#left > 0
  }

  #report(): string {
    const { fetches, empty, size, latencies } = this.count
    const now = performance.now()
    const rate = `${(size / 1e6 / ((now - this.#startedAt) / 1000)).toFixed(1)} MB/s`
    this.#startedAt = now
    latencies.sort((a, b) => a - b)
    const [p50, p99] = [0.5, 0.99].map((share) => latencies[Math.floor(fetches * share)]?.toFixed(2))
    return `${rate}${this.#cpu(size)}; ${fetches} fetches, ${empty} empty, p50 ${p50} ms, p99 ${p99} ms`
  }

  #cpu(size: number): string {
    if (this.#pid === undefined) return ''
    const now = cpuSeconds(this.#pid)
    const perGigabyte = (now - this.#cpuBefore) / (size / 1e9)
    this.#cpuBefore = now
    return `, ${perGigabyte.toFixed(2)} CPU s/GB`
  }
}

if (import.meta.main) {
  const text = (value: string) => ({ type: 'string', default: value }) as const
  const options = { port: text('9092'), topic: text('q'), members: text('1'), rounds: text('3') }
  const { values } = parseArgs({ options: { ...options, pid: { type: 'string' } } })
  const host = realHost()
  const workers: Worker[] = []
  for (let index = 0; index < Number(values.members); index++) {
    const connection = await host.network.connect({ host: '127.0.0.1', port: Number(values.port) })
    workers.push(new Worker(new WireClient(connection, 'share-load'), values.topic, memberName(index)))
  }
  await Promise.all(workers.map((worker) => worker.join(values.topic)))
  const rounds = new Rounds(Number(values.rounds), values.pid)
  const work = async (worker: Worker) => {
    do await worker.fetch(rounds.count)
    while (rounds.next())
  }
  await Promise.all(workers.map(work))
  process.exit(0)
}
