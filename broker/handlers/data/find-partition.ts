// Finds the partition that a data request names, or the error code that says why it cannot be had here.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'
import type { Partition } from '../../replication/partition.ts'
import type { Services } from '../../services.ts'

/** By name, where requests have no ids. */
export function findByName(services: Services, name: string, index: number): Partition | number {
  return name === '' ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : findPartition(services, name, ZERO_UUID, index)
}

/** By id when the request has one (Produce and Fetch from v13 on), else by name. */
export function findPartition(services: Services, name: string, topicId: string, index: number): Partition | number {
  const byId = topicId !== ZERO_UUID
  const partition = byId ? services.replicas.partitionById(topicId, index) : services.replicas.partition(name, index)
  if (partition !== undefined) return partition
  const { topics } = services.metadata.image
  const topic = byId ? topics.byId(topicId) : topics.byName(name)
  if (topic === undefined)
    return byId || name === '' ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  if (topic.partitions[index] === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  // It exists, and its log is not here: led elsewhere, or in a log directory that has failed.
  return services.replicas.isOffline(topic.name, index)
    ? ErrorCode.KAFKA_STORAGE_ERROR
    : ErrorCode.NOT_LEADER_OR_FOLLOWER
}

export const NO_EPOCH = -1

/** Checks a request's idea of the leader epoch (KIP-320); -1: it has none. */
export function leaderEpochError(partition: Partition, currentLeaderEpoch: number): number {
  if (!partition.isLeader) return ErrorCode.NOT_LEADER_OR_FOLLOWER
  if (currentLeaderEpoch === NO_EPOCH || currentLeaderEpoch === partition.leaderEpoch) return ErrorCode.NONE
  return currentLeaderEpoch < partition.leaderEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH
}
