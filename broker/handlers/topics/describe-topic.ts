// A topic as clients of one listener see it: what Metadata and DescribeTopicPartitions have in common. Source:
// KRaftMetadataCache.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { MetadataImage, PartitionImage, TopicImage } from '../../metadata/image.ts'
import { isInternalTopic } from '../../metadata/internal-topics.ts'

/** Replicas that are not served: their broker is fenced or gone, or their log directory is. */
function offlineReplicas(image: MetadataImage, partition: PartitionImage): number[] {
  return partition.replicas.filter((id, index) => {
    const broker = image.brokers.get(id)
    if (broker === undefined || broker.fenced) return true
    const directory = partition.directories[index]
    return directory !== undefined && isNamed(directory) && !broker.logDirs.includes(directory)
  })
}

/** The first hundred ids are reserved and name no directory. */
function isNamed(directory: string): boolean {
  return !directory.startsWith('AAAAAAAAAAAAAAAAAAAA')
}

export interface PartitionView {
  readonly errorCode: number
  readonly partitionIndex: number
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly replicaNodes: readonly number[]
  readonly isrNodes: readonly number[]
  readonly offlineReplicas: readonly number[]
}

/** `tellsListener`: the client knows LISTENER_NOT_FOUND (Metadata v6). */
export function partitionView(
  image: MetadataImage,
  partition: PartitionImage,
  partitionIndex: number,
  listener: string,
  tellsListener: boolean,
): PartitionView {
  const { leader } = partition
  const isReachable = image.brokers.endpoint(leader, listener) !== undefined
  const isAlive = image.brokers.get(leader)?.fenced === false
  const missing = isAlive && tellsListener ? ErrorCode.LISTENER_NOT_FOUND : ErrorCode.LEADER_NOT_AVAILABLE
  return {
    errorCode: isReachable ? ErrorCode.NONE : missing,
    partitionIndex,
    leaderId: isReachable ? leader : -1,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: partition.replicas,
    isrNodes: partition.isr,
    offlineReplicas: offlineReplicas(image, partition),
  }
}

export function topicHead(topic: TopicImage) {
  return { errorCode: ErrorCode.NONE, name: topic.name, topicId: topic.id, isInternal: isInternalTopic(topic.name) }
}
