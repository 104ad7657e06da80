// The partitions that a share group has delivery state of, at the share coordinator, or is about to have or to lose.

export interface StateTopic {
  readonly name: string
  readonly partitions: ReadonlySet<number>
}

/** By topic id. */
export interface StateTopics {
  readonly initializing: ReadonlyMap<string, StateTopic>
  readonly initialized: ReadonlyMap<string, StateTopic>
  /** Names. */
  readonly deleting: ReadonlyMap<string, string>
}

export const NO_STATE: StateTopics = { initializing: new Map(), initialized: new Map(), deleting: new Map() }

/** Partitions that the group is to have delivery state of. */
export interface StatePartitions {
  readonly topicId: string
  readonly name: string
  readonly partitions: readonly number[]
  readonly stateEpoch: number
}

type NamedPartitions = Pick<StatePartitions, 'topicId' | 'name' | 'partitions'>

export function withPartitions(
  topics: StateTopics['initialized'],
  added: readonly NamedPartitions[],
): StateTopics['initialized'] {
  const result = new Map(topics)
  for (const { topicId, name, partitions } of added) {
    result.set(topicId, { name, partitions: new Set([...(result.get(topicId)?.partitions ?? []), ...partitions]) })
  }
  return result
}

export function withoutPartitions(
  topics: StateTopics['initialized'],
  gone: readonly NamedPartitions[],
): StateTopics['initialized'] {
  const result = new Map(topics)
  for (const { topicId, partitions } of gone) {
    const topic = result.get(topicId)
    if (topic === undefined) continue
    const dropped = new Set(partitions)
    const left = [...topic.partitions].filter((partition) => !dropped.has(partition))
    if (left.length === 0) result.delete(topicId)
    else result.set(topicId, { ...topic, partitions: new Set(left) })
  }
  return result
}
