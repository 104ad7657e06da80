// A topology held against the topics that there are: how many tasks each subtopology has, which internal topics are to
// be made, and what keeps the group from working. Source: InternalTopicManager of Apache Kafka.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { Refusal } from '../model/refusal.ts'
import type { TopicLookup } from '../model/topic-lookup.ts'
import {
  decidePartitionCounts,
  type PartitionCounts,
  STATUS,
  type TopicFault,
  taskCount,
  wrongPartitions,
} from './partition-counts.ts'
import type { Subtopology, TopicInfo, Topology } from './topology.ts'

export interface ConfiguredSubtopology {
  readonly taskCount: number
  /** Stateful ones have standby tasks. */
  readonly isStateful: boolean
  /** As it was handed in, with partition counts filled in. */
  readonly subtopology: Subtopology
}

export interface ConfiguredTopology {
  /** Offset of the metadata image that it was held against. */
  readonly version: number
  readonly epoch: number
  /** By id, in order; empty when topics are missing or wrong that are not made by the broker. */
  readonly subtopologies: ReadonlyMap<string, ConfiguredSubtopology>
  /** Internal ones, with the partitions that they shall have. */
  readonly missingTopics: readonly TopicInfo[]
  /** null: tasks may be given out. */
  readonly fault: TopicFault | null
}

/** A refusal: a topology of which nothing can be made. */
export function configureTopology(topics: TopicLookup, topology: Topology): ConfiguredTopology | Refusal {
  const version = topics.version()
  const { epoch, subtopologies } = topology
  const unready = (fault: TopicFault): ConfiguredTopology => {
    return { version, epoch, subtopologies: new Map(), missingTopics: [], fault }
  }
  const missingSource = missingSourceTopics(topics, subtopologies)
  if (missingSource !== null) return unready(missingSource)
  const counts = decidePartitionCounts(subtopologies, (topic) => topics.partitionCount(topic))
  if ('errorCode' in counts) return counts
  if ('statusCode' in counts) return unready(counts)
  const configured = new Map<string, ConfiguredSubtopology>()
  const internal = new Map<string, TopicInfo>()
  for (const subtopology of subtopologies) {
    const filled = fillIn(subtopology, counts)
    for (const topic of [...filled.repartitionSourceTopics, ...filled.stateChangelogTopics]) {
      if (topic.partitions < 1) return UNUSABLE
      internal.set(topic.name, topic)
    }
    configured.set(subtopology.subtopologyId, {
      taskCount: taskCount(subtopology, (topic) => topics.partitionCount(topic) || (counts.get(topic) ?? 0)),
      isStateful: subtopology.stateChangelogTopics.length > 0,
      subtopology: filled,
    })
  }
  const missingTopics: TopicInfo[] = []
  for (const topic of internal.values()) {
    const count = topics.partitionCount(topic.name)
    if (count === 0) missingTopics.push(topic)
    else if (count !== topic.partitions) return unready(differentCount(topic, count))
  }
  return { version, epoch, subtopologies: configured, missingTopics, fault: missingInternalTopics(missingTopics) }
}

const UNUSABLE: Refusal = { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, errorMessage: null }

function missingSourceTopics(topics: TopicLookup, subtopologies: readonly Subtopology[]): TopicFault | null {
  const names = subtopologies.flatMap(({ sourceTopics }) => sourceTopics)
  const missing = [...new Set(names)].filter((name) => topics.idOf(name) === undefined).sort()
  if (missing.length === 0) return null
  return { statusCode: STATUS.missingSourceTopics, statusDetail: `Source topics ${summary(missing)} are missing.` }
}

function missingInternalTopics(missing: readonly TopicInfo[]): TopicFault | null {
  if (missing.length === 0) return null
  const names = missing.map(({ name }) => name)
  return {
    statusCode: STATUS.missingInternalTopics,
    statusDetail: `Internal topics are missing: ${summary(names)}`,
  }
}

function differentCount({ name, partitions }: TopicInfo, count: number): TopicFault {
  return wrongPartitions(
    `Existing topic ${name} has different number of partitions: expected ${partitions}, found ${count}`,
  )
}

const MAX_SHOWN = 3

function summary(names: readonly string[]): string {
  const rest = names.length - MAX_SHOWN
  return names.slice(0, MAX_SHOWN).join(', ') + (rest > 0 ? ` and ${rest} additional topics` : '')
}

function fillIn(subtopology: Subtopology, counts: PartitionCounts): Subtopology {
  const filled = (topic: TopicInfo): TopicInfo =>
    topic.partitions === 0 ? { ...topic, partitions: counts.get(topic.name) ?? 0 } : topic
  return {
    ...subtopology,
    repartitionSourceTopics: subtopology.repartitionSourceTopics.map(filled),
    stateChangelogTopics: subtopology.stateChangelogTopics.map(filled),
  }
}
