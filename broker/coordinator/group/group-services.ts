// The group coordinator put together with the parts of a broker that it lives on.

import { RESOURCE } from '../../metadata/image.ts'
import { GROUP_TOPIC } from '../../metadata/internal-topics.ts'
import type { CoordinatorTopic } from '../runtime/find-coordinator.ts'
import { InternalTopic } from '../runtime/internal-topic.ts'
import { ReplicaPartition } from '../runtime/replica-partition.ts'
import type { CoordinatorSurroundings } from '../runtime/surroundings.ts'
import { GroupCoordinator } from './group-coordinator.ts'
import { ImageTopics } from './image-topics.ts'
import { groupConfigOf } from './model/group-config.ts'

export interface GroupServices {
  readonly groups: GroupCoordinator
  /** `__consumer_offsets`, and which of its partitions a group belongs to. */
  readonly groupTopic: CoordinatorTopic
}

/** Before the replicas elect: who leads is heard from then on. */
export function createGroupServices(surroundings: CoordinatorSurroundings): GroupServices {
  const { host, config, metadata, replicas, createTopics } = surroundings
  const topics = new ImageTopics(() => metadata.image)
  const groups = new GroupCoordinator({
    host,
    config: groupConfigOf(config, (groupId) => metadata.image.configs.of(RESOURCE.group, groupId)),
    topics,
  })
  replicas.onLeaderChange((topic, index, isLeader) => {
    if (topic !== GROUP_TOPIC) return
    const partition = isLeader ? replicas.partition(topic, index) : undefined
    if (partition === undefined) groups.onResigned(index)
    else groups.onElected(index, new ReplicaPartition(partition))
  })
  metadata.subscribe((_image, delta) => {
    if (delta.createdTopics.length > 0) topics.onNewTopics()
    const changed = [...delta.changedPartitions.keys()].flatMap((topicId) => topics.nameOf(topicId) ?? [])
    groups.onTopicsChanged([...changed, ...delta.deletedTopics.map(({ name }) => name)])
    if (delta.deletedTopics.length > 0) groups.onTopicsDeleted(delta.deletedTopics.map(({ name }) => name))
  })
  const topic = new InternalTopic(
    GROUP_TOPIC,
    host.logger,
    () => ({
      partitionCount: config.get('offsets.topic.num.partitions'),
      replicationFactor: config.get('offsets.topic.replication.factor'),
      configs: {
        'compression.type': 'producer',
        'cleanup.policy': 'compact',
        'segment.bytes': String(config.get('offsets.topic.segment.bytes')),
      },
    }),
    createTopics,
  )
  const groupTopic: CoordinatorTopic = {
    name: GROUP_TOPIC,
    partitionOf: (groupId) => groups.partitionOf(groupId),
    create: () => topic.create(),
  }
  return { groups, groupTopic }
}
