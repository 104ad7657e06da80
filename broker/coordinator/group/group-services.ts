// The group coordinator put together with the parts of a broker that it lives on.

import type { Host } from '../../../host/host.ts'
import { CODECS } from '../../../protocol/records/layout.ts'
import type { BrokerConfig } from '../../config/broker-config.ts'
import type { MetadataDelta } from '../../metadata/delta.ts'
import type { MetadataImage } from '../../metadata/image.ts'
import type { Partition } from '../../replication/partition.ts'
import { ReplicaPartition } from '../runtime/replica-partition.ts'
import { CoordinatorFinder } from './find-coordinator.ts'
import type { GroupConfig } from './group-config.ts'
import { GROUP_TOPIC, GroupCoordinator } from './group-coordinator.ts'
import { type CreateTopics, OffsetsTopic } from './offsets-topic.ts'

/** What of each part is needed. */
export interface GroupSurroundings {
  readonly host: Host
  readonly config: BrokerConfig
  readonly metadata: {
    readonly image: MetadataImage
    subscribe(listener: (image: MetadataImage, delta: MetadataDelta) => void): void
  }
  readonly replicas: {
    partition(topic: string, index: number): Partition | undefined
    onLeaderChange(listener: (topic: string, index: number, isLeader: boolean, leaderEpoch: number) => void): void
  }
  readonly createTopics: CreateTopics
}

export interface GroupServices {
  readonly groups: GroupCoordinator
  readonly coordinators: CoordinatorFinder
}

/** Before the replicas elect: who leads is heard from then on. */
export function createGroupServices(surroundings: GroupSurroundings): GroupServices {
  const { host, config, metadata, replicas, createTopics } = surroundings
  const groups = new GroupCoordinator({
    host,
    config: groupConfigOf(config),
    topics: {
      idOf: (name) => metadata.image.topics.byName(name)?.id,
      nameOf: (topicId) => metadata.image.topics.byId(topicId)?.name,
      partitionCount: (name) => metadata.image.topics.byName(name)?.partitions.length ?? 0,
    },
  })
  replicas.onLeaderChange((topic, index, isLeader) => {
    if (topic !== GROUP_TOPIC) return
    const partition = isLeader ? replicas.partition(topic, index) : undefined
    if (partition === undefined) groups.onResigned(index)
    else groups.onElected(index, new ReplicaPartition(partition))
  })
  metadata.subscribe((_image, delta) => {
    const deleted = delta.deletedTopics.map(({ name }) => name)
    if (deleted.length === 0) return
    groups.onTopicsDeleted(deleted).catch((error: unknown) => {
      host.logger.error('groups: offsets of deleted topics stay', { topics: deleted.join(), error: String(error) })
    })
  })
  const offsetsTopic = new OffsetsTopic(
    host.logger,
    () => ({
      partitionCount: config.get('offsets.topic.num.partitions'),
      replicationFactor: config.get('offsets.topic.replication.factor'),
      segmentBytes: config.get('offsets.topic.segment.bytes'),
    }),
    createTopics,
  )
  const coordinators = new CoordinatorFinder({
    partitionOf: (groupId) => groups.partitionOf(groupId),
    leaderOf: (partition, listener) => {
      const leader = metadata.image.topics.partition(GROUP_TOPIC, partition)?.leader ?? -1
      const endPoint = metadata.image.brokers.get(leader)?.endPoints.find(({ name }) => name === listener)
      return endPoint === undefined ? undefined : { nodeId: leader, host: endPoint.host, port: endPoint.port }
    },
    createTopic: () => offsetsTopic.create(),
  })
  return { groups, coordinators }
}

function groupConfigOf(config: BrokerConfig): GroupConfig {
  return {
    get groupMinSessionTimeoutMs() {
      return config.get('group.min.session.timeout.ms')
    },
    get groupMaxSessionTimeoutMs() {
      return config.get('group.max.session.timeout.ms')
    },
    get groupInitialRebalanceDelayMs() {
      return config.get('group.initial.rebalance.delay.ms')
    },
    get groupMaxSize() {
      return config.get('group.max.size')
    },
    get offsetMetadataMaxBytes() {
      return config.get('offset.metadata.max.bytes')
    },
    get offsetsRetentionMs() {
      return config.get('offsets.retention.minutes') * 60_000
    },
    get offsetsRetentionCheckIntervalMs() {
      return config.get('offsets.retention.check.interval.ms')
    },
    get offsetsCommitTimeoutMs() {
      return config.get('offsets.commit.timeout.ms')
    },
    get offsetsTopicCompression() {
      return CODECS[config.get('offsets.topic.compression.codec')] ?? 'none'
    },
  }
}
