// The share coordinator put together with the parts of a broker that it lives on.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { CODECS } from '../../../protocol/records/layout.ts'
import { SHARE_TOPIC } from '../../metadata/internal-topics.ts'
import type { CoordinatorTopic } from '../runtime/find-coordinator.ts'
import { InternalTopic } from '../runtime/internal-topic.ts'
import { ReplicaPartition } from '../runtime/replica-partition.ts'
import type { CoordinatorSurroundings } from '../runtime/surroundings.ts'
import { isCoordinatorKey, ShareCoordinator } from './share-coordinator.ts'

export interface ShareStateServices {
  readonly shareState: ShareCoordinator
  readonly shareTopic: CoordinatorTopic
}

/** Before the replicas elect: who leads is heard from then on. */
export function createShareStateServices(surroundings: CoordinatorSurroundings): ShareStateServices {
  const { host, config, metadata, replicas, createTopics } = surroundings
  const topic = new InternalTopic(
    SHARE_TOPIC,
    host.logger,
    () => ({
      partitionCount: config.get('share.coordinator.state.topic.num.partitions'),
      replicationFactor: config.get('share.coordinator.state.topic.replication.factor'),
      configs: {
        'cleanup.policy': 'delete',
        'compression.type': 'producer',
        'segment.bytes': String(config.get('share.coordinator.state.topic.segment.bytes')),
        'retention.ms': '-1',
      },
    }),
    createTopics,
  )
  const shareState = new ShareCoordinator({
    host,
    config: {
      get updatesPerSnapshot() {
        return config.get('share.coordinator.snapshot.update.records.per.snapshot')
      },
      get coldSnapshotIntervalMs() {
        return config.get('share.coordinator.cold.partition.snapshot.interval.ms')
      },
    },
    partitionCount: () => metadata.image.topics.byName(SHARE_TOPIC)?.partitions.length ?? 0,
    createTopic: () => topic.create(),
    hasPartition: (topicId, partition) => metadata.image.topics.byId(topicId)?.partitions[partition] !== undefined,
    writeTimeoutMs: () => config.get('share.coordinator.write.timeout.ms'),
    compression: () => CODECS[config.get('share.coordinator.state.topic.compression.codec')] ?? 'none',
  })
  replicas.onLeaderChange((name, index, isLeader) => {
    if (name !== SHARE_TOPIC) return
    const partition = isLeader ? replicas.partition(name, index) : undefined
    if (partition === undefined) shareState.onResigned(index)
    else shareState.onElected(index, new ReplicaPartition(partition))
  })
  metadata.subscribe((_image, delta) => {
    if (delta.deletedTopics.length > 0) shareState.onTopicsDeleted(new Set(delta.deletedTopics.map(({ id }) => id)))
  })
  const prune = () => {
    if (shareState.isClosed) return
    host.timers.after(config.get('share.coordinator.state.topic.prune.interval.ms'), prune)
    pruneStateLogs(surroundings, shareState)
  }
  prune()
  const shareTopic: CoordinatorTopic = {
    name: SHARE_TOPIC,
    partitionOf: (key) => shareState.partitionOf(key),
    create: () => topic.create(),
    isKey: isCoordinatorKey,
  }
  return { shareState, shareTopic }
}

/** The topic is not compacted: what lies before the oldest snapshot that is needed is deleted. */
function pruneStateLogs({ metadata, replicas }: CoordinatorSurroundings, shareState: ShareCoordinator): void {
  const count = metadata.image.topics.byName(SHARE_TOPIC)?.partitions.length ?? 0
  for (let index = 0; index < count; index++) {
    const offset = shareState.firstNeededOffset(index)
    const partition = replicas.partition(SHARE_TOPIC, index)
    if (offset === null || partition === undefined) continue
    const { log } = partition
    // A snapshot from which on it is needed may be appended and not be durable.
    const onOffset = (errorCode: number) => {
      if (errorCode === ErrorCode.NONE && partition.log === log) log.deleteRecordsBefore(offset)
    }
    partition.whenCommitted(log.logEndOffset, { onOffset })
  }
}
