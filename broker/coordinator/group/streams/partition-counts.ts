// How many partitions the internal topics of a topology get. A repartition topic that is not given a number has as many
// as the subtopology that writes it has tasks, and topics that are read together (copartitioned) have the same number;
// a changelog has a partition a task. Source: RepartitionTopics, CopartitionedTopicsEnforcer and ChangelogTopics of
// Apache Kafka.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { Refusal } from '../model/refusal.ts'
import type { Subtopology } from './topology.ts'

/** What the members are told, again and again, until it is put right. */
export interface TopicFault {
  readonly statusCode: number
  readonly statusDetail: string
}

/** Of the answer's `status`. */
export const STATUS = {
  staleTopology: 0,
  missingSourceTopics: 1,
  incorrectlyPartitionedTopics: 2,
  missingInternalTopics: 3,
  shutdownApplication: 4,
  assignmentDelayed: 5,
  missingClientTags: 6,
} as const

/** By topic. */
export type PartitionCounts = ReadonlyMap<string, number>
/** Of a topic that exists or has been decided on; 0: of neither. */
type CountOf = (topic: string) => number

export function wrongPartitions(statusDetail: string): TopicFault {
  return { statusCode: STATUS.incorrectlyPartitionedTopics, statusDetail }
}

const invalid = (errorMessage: string): Refusal => ({ errorCode: ErrorCode.STREAMS_INVALID_TOPOLOGY, errorMessage })

/** All source topics exist. `existing`: of a topic that does; 0: there is none. */
export function decidePartitionCounts(
  subtopologies: readonly Subtopology[],
  existing: CountOf,
): PartitionCounts | TopicFault | Refusal {
  const decided = new Map<string, number>()
  const countOf: CountOf = (topic) => existing(topic) || (decided.get(topic) ?? 0)
  const fault =
    decideRepartitionTopics(subtopologies, existing, decided) ?? copartition(subtopologies, countOf, decided)
  if (fault !== null) return fault
  for (const subtopology of subtopologies) {
    const count = taskCount(subtopology, countOf)
    if (count === 0) return invalid(`No source topics found for subtopology ${subtopology.subtopologyId}`)
    for (const { name } of subtopology.stateChangelogTopics) decided.set(name, count)
  }
  return decided
}

export function taskCount({ sourceTopics, repartitionSourceTopics }: Subtopology, countOf: CountOf): number {
  return Math.max(0, ...sourceTopics.map(countOf), ...repartitionSourceTopics.map(({ name }) => countOf(name)))
}

function decideRepartitionTopics(
  subtopologies: readonly Subtopology[],
  existing: CountOf,
  decided: Map<string, number>,
): Refusal | null {
  const sources = subtopologies.flatMap(({ repartitionSourceTopics }) => repartitionSourceTopics)
  for (const { name, partitions } of sources) if (partitions !== 0) decided.set(name, partitions)
  let open = true
  while (open) {
    open = false
    let progress = false
    for (const subtopology of subtopologies) {
      for (const sink of subtopology.repartitionSinkTopics) {
        if (decided.has(sink)) continue
        const inputs = subtopology.repartitionSourceTopics.map(({ name }) => decided.get(name) ?? 0)
        const count = Math.max(0, ...inputs, ...subtopology.sourceTopics.map(existing))
        if (count === 0) {
          open = true
          continue
        }
        decided.set(sink, count)
        progress = true
      }
    }
    if (open && !progress) {
      return invalid(
        'Failed to compute number of partitions for all repartition topics. There may be loops in the topology that ' +
          'cannot be resolved.',
      )
    }
  }
  if (sources.every(({ name }) => decided.has(name))) return null
  return invalid(
    'Failed to compute number of partitions for all repartition topics, because a repartition source topic is never ' +
      'used as a sink topic.',
  )
}

function copartition(
  subtopologies: readonly Subtopology[],
  countOf: CountOf,
  decided: Map<string, number>,
): TopicFault | Refusal | null {
  const sources = subtopologies.flatMap(({ repartitionSourceTopics }) => repartitionSourceTopics)
  const fixed = new Set(sources.filter(({ partitions }) => partitions !== 0).map(({ name }) => name))
  const flexible = new Set(sources.filter(({ partitions }) => partitions === 0).map(({ name }) => name))
  for (const { sourceTopics, repartitionSourceTopics, copartitionGroups } of subtopologies) {
    for (const group of copartitionGroups) {
      const names = [
        ...group.sourceTopics.map((index) => sourceTopics[index]),
        ...group.repartitionSourceTopics.map((index) => repartitionSourceTopics[index]?.name),
      ]
      const topics = new Set(names.filter((name) => name !== undefined))
      if (names.includes(undefined)) return { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, errorMessage: null }
      const counts = enforce(topics, fixed, flexible, countOf)
      if (!(counts instanceof Map)) return counts
      for (const [name, count] of counts) decided.set(name, count)
    }
  }
  return null
}

/** One group of copartitioned topics: what its repartition topics are to have. */
function enforce(
  topics: ReadonlySet<string>,
  fixed: ReadonlySet<string>,
  flexible: ReadonlySet<string>,
  countOf: CountOf,
): Map<string, number> | TopicFault {
  if (topics.size === 0) return new Map()
  const names = [...topics].sort()
  const repartition = names.filter((name) => fixed.has(name) || flexible.has(name))
  const others = names.filter((name) => !fixed.has(name) && !flexible.has(name))
  // Where there is nothing but repartition topics, Kafka wants all fixed ones of the whole topology to be equal.
  const given = others.length > 0 ? others : [...fixed]
  const counts = new Set(given.map(countOf))
  if (counts.size > 1) {
    const listed = (others.length > 0 ? others : repartition).map((name) => `${name}=${countOf(name)}`).join(', ')
    return wrongPartitions(`Following topics do not have the same number of partitions: [{${listed}}]`)
  }
  const [common] = counts
  const wanted = common ?? Math.max(...repartition.map(countOf))
  const wrong = repartition.find((name) => fixed.has(name) && countOf(name) !== wanted)
  if (wrong === undefined) return new Map(repartition.map((name) => [name, wanted]))
  return wrongPartitions(
    `Number of partitions [${countOf(wrong)}] of repartition topic [${wrong}] doesn't match number of partitions ` +
      `[${wanted}] of the source topic.`,
  )
}
