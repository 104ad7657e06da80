// Log directories of brokers (KIP-858): in which one a replica lies, and what becomes of partitions whose directory is
// not there. Source: ReplicationControlManager.handleAssignReplicasToDirs, ClusterControlManager.

import type { RequestOf, ResponseInputOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { type BrokerImage, DIRECTORY, type PartitionImage } from '../metadata/image.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import { type ControllerState, type Decision, isActive, recordMaker } from './decision.ts'

const NO_LEADER = -1

/** True also where nobody has said yet in which it lies. */
export function isInOnlineDirectory({ id, logDirs }: BrokerImage, partition: PartitionImage): boolean {
  const directory = partition.directories[partition.replicas.indexOf(id)] ?? DIRECTORY.unassigned
  if (directory === DIRECTORY.unassigned || directory === DIRECTORY.migrating) return true
  return logDirs.length === 0 || logDirs.includes(directory)
}

/** Alive, and its replica is not in a directory that has failed. Source: LeaderAcceptor. */
export function canLead(broker: BrokerImage | undefined, partition: PartitionImage): boolean {
  return broker !== undefined && isActive(broker) && isInOnlineDirectory(broker, partition)
}

type Answer = ResponseInputOf<'AssignReplicasToDirs'>

export function assignReplicasToDirs(
  state: ControllerState,
  { brokerId, brokerEpoch, directories }: RequestOf<'AssignReplicasToDirs'>,
): Decision<Answer> {
  const broker = state.image.brokers.get(brokerId)
  if (broker === undefined || broker.epoch !== brokerEpoch) {
    const errorCode = broker === undefined ? ErrorCode.BROKER_ID_NOT_REGISTERED : ErrorCode.STALE_BROKER_EPOCH
    return { records: [], answer: { throttleTimeMs: 0, errorCode, directories: [] } }
  }
  const records: MetadataRecord[] = []
  const answers = directories.map(({ id, topics }) => ({
    id,
    topics: topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: assign(state, broker, topicId, partitionIndex, id, records),
      })),
    })),
  }))
  const answer = { throttleTimeMs: 0, errorCode: ErrorCode.NONE, directories: answers }
  return { records, answer, divisible: true }
}

function assign(
  { image }: ControllerState,
  broker: BrokerImage,
  topicId: string,
  partitionId: number,
  directory: string,
  records: MetadataRecord[],
): ErrorCode {
  const topic = image.topics.byId(topicId)
  if (topic === undefined) return ErrorCode.UNKNOWN_TOPIC_ID
  const partition = topic.partitions[partitionId]
  if (partition === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  const { id } = broker
  const place = partition.replicas.indexOf(id)
  if (place < 0) return ErrorCode.NOT_LEADER_OR_FOLLOWER
  const directories = partition.replicas.map((_, index) => partition.directories[index] ?? DIRECTORY.unassigned)
  if (directories[place] === directory) return ErrorCode.NONE
  directories[place] = directory
  const leader = leaderIn(broker, { ...partition, directories })
  const changed = leader === partition.leader ? {} : { leader }
  records.push(recordMaker(image)('PartitionChangeRecord', { topicId, partitionId, directories, ...changed }))
  return ErrorCode.NONE
}

/** A replica that begins anew, on an empty disk, leads again; one whose directory has failed does not. */
function leaderIn(broker: BrokerImage, partition: PartitionImage): number {
  const { leader, isr } = partition
  if (leader === broker.id) return isInOnlineDirectory(broker, partition) ? leader : NO_LEADER
  return leader === NO_LEADER && isr.includes(broker.id) && canLead(broker, partition) ? broker.id : leader
}
