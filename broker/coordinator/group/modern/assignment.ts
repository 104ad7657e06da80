// Which partitions belong to somebody: partitions by topic id, as the records of modern groups hold them.

import type { TopicLookup } from '../model/topic-lookup.ts'

export type Partitions = ReadonlySet<number>
/** Partitions by topic id. A topic without partitions is left out. */
export type Assignment = ReadonlyMap<string, Partitions>

export const NO_PARTITIONS: Assignment = new Map()

export interface TopicPartitions {
  readonly topicId: string
  readonly partitions: readonly number[]
}

export function toAssignment(topics: readonly TopicPartitions[]): Assignment {
  return new Map(topics.map(({ topicId, partitions }) => [topicId, new Set(partitions)]))
}

/** An assignment, or one that knows more of each partition. */
type ByTopic = ReadonlyMap<string, { keys(): Iterable<number> }>

/** Partitions of a topic in ascending order. */
export function toTopicPartitions(assignment: ByTopic): { topicId: string; partitions: number[] }[] {
  return [...assignment].map(([topicId, partitions]) => {
    return { topicId, partitions: [...partitions.keys()].sort((a, b) => a - b) }
  })
}

/** As descriptions have it: topics that are gone are left out. */
export function toNamedPartitions(topics: TopicLookup, assignment: ByTopic) {
  return toTopicPartitions(assignment).flatMap(({ topicId, partitions }) => {
    const topicName = topics.nameOf(topicId)
    return topicName === undefined ? [] : [{ topicId, topicName, partitions }]
  })
}

export function equalAssignments(a: Assignment, b: Assignment): boolean {
  if (a === b) return true
  if (a.size !== b.size) return false
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId)
    if (others === undefined || !equalSets(partitions, others)) return false
  }
  return true
}

export function equalSets<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean {
  if (a === b) return true
  if (a.size !== b.size) return false
  for (const one of a) if (!b.has(one)) return false
  return true
}

/**
 * What a static member that is away has, by topic or subtopology, by partition the epoch at which it got it: whoever
 * comes back under the instance begins at epoch 0, and may commit from then on.
 */
export function withEpochZero(
  held: ReadonlyMap<string, ReadonlyMap<number, number>>,
): Map<string, ReadonlyMap<number, number>> {
  return new Map([...held].map(([id, epochs]) => [id, new Map([...epochs.keys()].map((one) => [one, 0]))]))
}
