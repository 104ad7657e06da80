// Which partitions belong to somebody: partitions by topic id, as the records of modern groups hold them.

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

/** Partitions of a topic in ascending order. */
export function toTopicPartitions(assignment: Assignment): { topicId: string; partitions: number[] }[] {
  return [...assignment].map(([topicId, partitions]) => {
    return { topicId, partitions: [...partitions].sort((a, b) => a - b) }
  })
}

export function equalAssignments(a: Assignment, b: Assignment): boolean {
  if (a === b) return true
  if (a.size !== b.size) return false
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId)
    if (others === undefined || others.size !== partitions.size) return false
    for (const partition of partitions) if (!others.has(partition)) return false
  }
  return true
}
