// What Milena must reach beside Apache Kafka, as rows: the cases and figures of each goal, and the bound.

import type { Kind } from './load/broker.ts'
import { type Figures, median, spread } from './statistics.ts'

export interface Check {
  /** A pattern of the names of cases, see `matches`. */
  readonly cases: string
  readonly figure: string
  readonly sense: '≤' | '≥'
  readonly bound: number
  /** Of Milena ÷ Kafka, or of Milena alone. */
  readonly of: 'ratio' | 'Milena'
}

export interface Goal {
  readonly title: string
  readonly checks: readonly Check[]
}

const atMost = (cases: string, figure: string, bound: number): Check => ({
  cases,
  figure,
  sense: '≤',
  bound,
  of: 'ratio',
})
const atLeast = (cases: string, figure: string, bound: number): Check => ({
  ...atMost(cases, figure, bound),
  sense: '≥',
})
const alone = (cases: string, figure: string, bound: number): Check => ({
  ...atMost(cases, figure, bound),
  of: 'Milena',
})

const latencies = ['ack p50 ms', 'ack p99 ms', 'ack p99.9 ms', 'e2e p50 ms', 'e2e p99 ms', 'e2e p99.9 ms']

export const goals: readonly Goal[] = [
  {
    title: 'Produce 1 KiB records, 16 KiB batches',
    checks: [
      atMost('raw-produce/1024/acks1/*/none/b16k', 'CPU s/GB', 0.2),
      atLeast('raw-produce/1024/acks1/*/none/b16k', 'MB/s', 3),
    ],
  },
  {
    title: 'Produce 1 KiB records, 1 MB batches',
    checks: [
      atMost('raw-produce/1024/acks1/*/none/b1m', 'CPU s/GB', 0.4),
      atLeast('raw-produce/1024/acks1/*/none/b1m', 'MB/s', 2.5),
    ],
  },
  {
    title: 'Produce 100 B records, acks=all: Milena synced, Kafka not',
    checks: [
      atLeast('raw-produce/100/acksall/p12/*/b128k', 'records/s', 1.5),
      atMost('raw-produce/100/acksall/p12/*/b128k', 'CPU s/GB', 0.4),
    ],
  },
  {
    title: 'Synchronous flush on both',
    checks: [atLeast('sync-produce/1024/*/*', 'MB/s', 6), atMost('sync-produce/1024/*/*', 'request p99 ms', 0.3)],
  },
  {
    title: 'Consume from the tail and cold',
    checks: ['raw', 'tail'].flatMap((from) => [
      atMost(`${from}-consume/*/*/none`, 'CPU s/GB', 1),
      atLeast(`${from}-consume/*/*/none`, 'MB/s', 1),
    ]),
  },
  { title: '100 consumer groups at one tail', checks: [atMost('groups/100', 'CPU s/GB', 0.8)] },
  {
    title: 'Fixed rate, no client batching',
    checks: [
      ...latencies.map((figure) => atMost('lat/*/*/*/*', figure, 0.7)),
      atMost('lat/*/*/*/*', 'CPU µs/record', 0.25),
    ],
  },
  {
    title: 'Real clients, default settings',
    checks: ['java', 'kafkajs', 'librdkafka'].flatMap((client) => [
      atLeast(`${client}/*`, 'produce records/s', 1),
      atLeast(`${client}/*`, 'consume records/s', 1),
    ]),
  },
  {
    title: 'Connections',
    checks: [alone('conns/10000', 'resident MB', 120), atMost('conns/*', 'active p99 ms', 0.5)],
  },
  {
    title: 'Partitions',
    checks: [
      atMost('parts/5000', 'create to first produce to each s', 0.1),
      atMost('parts/*', 'clean restart s', 0.2),
      atMost('parts/*', 'restart after kill -9 s', 0.2),
      alone('parts/*', 'KB/partition', 3),
    ],
  },
  {
    title: 'Groups',
    checks: [
      atMost('many-groups/*', 'clean restart s', 0.2),
      atMost('many-groups/*', 'restart after kill -9 s', 0.2),
      ...['ListGroups', 'DescribeGroups', 'OffsetFetch'].map((name) => atMost('many-groups/*', `${name} p50 ms`, 1)),
    ],
  },
  {
    title: 'Start',
    checks: [
      atMost('startup/cold', 'start to Metadata ms', 0.1),
      atMost('startup/cold', 'start to first record ms', 0.1),
      atMost('startup/again', 'clean restart s', 0.2),
      atMost('startup/again', 'restart after kill -9 s', 0.2),
    ],
  },
  {
    title: 'Resident memory',
    checks: [atMost('startup/cold', 'idle MB', 0.18), atMost('raw-produce/1024/*/p12/none/*', 'peak MB', 0.2)],
  },
  { title: 'Event loop under full load with fsync', checks: [alone('stalls/*/*/*/*/*', 'stall p99.9 ms', 10)] },
]

/** `*` stands for anything, slashes included. */
export function matches(name: string, glob: string): boolean {
  const pattern = glob.split('*').map((part) => part.replaceAll(/[.?+^$()[\]{}|\\]/g, '\\$&'))
  return new RegExp(`^${pattern.join('.*')}$`).test(name)
}

/** One run of a case on one broker. */
export interface Run {
  readonly name: string
  readonly kind: Kind
  readonly round: number
  readonly figures?: Figures
  readonly error?: string
}

export interface Verdict {
  readonly check: Check
  readonly name: string
  readonly kafka: number
  readonly milena: number
  readonly ratio: number
  /** The larger of both brokers' (max − min) ÷ median over the rounds. */
  readonly spread: number
  readonly met: boolean
}

export function valuesOf(runs: readonly Run[], name: string, kind: Kind, figure: string): number[] {
  return runs
    .filter((run) => run.name === name && run.kind === kind)
    .map((run) => run.figures?.[figure])
    .filter((value) => value !== undefined)
}

/** For each case that the check is about and that has been run. */
export function verdicts(check: Check, runs: readonly Run[]): Verdict[] {
  const names = [...new Set(runs.map(({ name }) => name))].filter((name) => matches(name, check.cases))
  return names.flatMap((name) => {
    const [kafkas, milenas] = [
      valuesOf(runs, name, 'kafka', check.figure),
      valuesOf(runs, name, 'milena', check.figure),
    ]
    const [kafka, milena] = [median(kafkas), median(milenas)]
    const ratio = milena / kafka
    const value = check.of === 'ratio' ? ratio : milena
    if (Number.isNaN(value)) return []
    const met = check.sense === '≤' ? value <= check.bound : value >= check.bound
    const spreads = [kafkas, milenas].filter((values) => values.length > 0).map(spread)
    return [{ check, name, kafka, milena, ratio, spread: Math.max(...spreads), met }]
  })
}
