// How much memory a broker under load may take, and what a case tells of it.
//
//   limit = idle + requests + answers + tail + free slabs + connections + garbage

import { type BrokerProcess, MIB } from './broker-process.ts'

/** Throws when something does not hold. */
export type Case = (options: CaseOptions) => Promise<void>

export interface CaseOptions {
  /** Of load, where a case has a length. */
  readonly minutes: number
  readonly print: (line: string) => void
}

/** queued.max.request.bytes of every case, far below the default, so that it is reached. MiB. */
const REQUEST_MEMORY = 64
/** milena.queued.max.answer.bytes, and a quarter more (network/memory-budget.ts). MiB. */
const ANSWER_MEMORY = 256 * 1.25
/** storage/environment.ts: tailCacheSize. MiB. */
const TAIL = 64
/** host/slab.ts: keepSize. MiB. */
const FREE_SLABS = 32
/** What a connection costs whose sockets and buffers are at rest. MiB. */
const PER_CONNECTION = 0.016
/** What the collector has not taken back yet, and code that ran for the first time. MiB. */
const GARBAGE = 160
/** A load that goes on may not need more and more. MiB. */
const GROWTH = 96

export const PROPERTIES: Readonly<Record<string, string>> = {
  'queued.max.request.bytes': `${REQUEST_MEMORY * MIB}`,
  'group.initial.rebalance.delay.ms': '0',
  'log.retention.ms': '-1',
  'auto.create.topics.enable': 'false',
}

export interface Expected {
  /** Answers are held, not only made and sent. */
  readonly answers?: boolean
  readonly connections?: number
}

/** Throws when the broker took more than it may; prints what it took. */
export async function judge(
  broker: BrokerProcess,
  { answers = false, connections = 0 }: Expected,
  print: (line: string) => void,
): Promise<void> {
  const limit = Math.round(
    broker.idleSize +
      REQUEST_MEMORY +
      (answers ? ANSWER_MEMORY : 0) +
      TAIL +
      FREE_SLABS +
      connections * PER_CONNECTION +
      GARBAGE,
  )
  const peak = broker.memory('VmHWM')
  const { residentSizes, pingMs } = await broker.watched()
  const fifth = Math.floor(residentSizes.length / 5)
  const early = Math.max(...residentSizes.slice(fifth, 2 * fifth))
  const late = Math.max(...residentSizes.slice(-fifth))
  print(`memory: idle ${broker.idleSize} MiB, peak ${peak}, limit ${limit}; early ${early}, late ${late}`)
  print(`ping: ${quantiles(pingMs)}`)
  if (peak > limit) throw new Error(`${peak} MiB were resident, ${limit} are allowed`)
  if (fifth >= 10 && late > early + GROWTH) throw new Error(`memory grew from ${early} to ${late} MiB`)
}

export function quantiles(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(1)
  return `${sorted.length} answers, p50 ${at(0.5)} ms, p99 ${at(0.99)}, max ${at(1)}`
}
