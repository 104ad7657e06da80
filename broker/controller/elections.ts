// Leaders elected on request (KIP-183, KIP-460): the preferred replica, or, where no in-sync one is left, any that is
// alive. Source: ReplicationControlManager.electLeaders.

import type { RequestOf, ResponseInputOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { MetadataImage, PartitionImage, TopicImage } from '../metadata/image.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import { type ControllerState, type Decision, type Fault, fault, NO_FAULT, recordMaker } from './decision.ts'
import { canLead } from './directories.ts'

type Answer = ResponseInputOf<'ElectLeaders'>
type TopicResult = Answer['replicaElectionResults'][number]
type PartitionResult = TopicResult['partitionResult'][number]

const PREFERRED = 0
const UNCLEAN = 1
const NO_LEADER = -1
/** leaderRecoveryState: the leader may lack what was committed. */
const RECOVERING = 1

export function electLeaders({ image }: ControllerState, request: RequestOf<'ElectLeaders'>): Decision<Answer> {
  const { electionType, topicPartitions } = request
  if (topicPartitions?.length === 0) return answered([], [])
  if (electionType !== PREFERRED && electionType !== UNCLEAN) return unknownType(electionType, topicPartitions ?? [])
  const records: MetadataRecord[] = []
  const results: TopicResult[] = []
  if (topicPartitions === null) {
    for (const topic of image.topics.values()) results.push(electAll(image, topic, electionType, records))
  } else {
    for (const { topic, partitions } of topicPartitions) {
      const partitionResult = partitions.map((partitionId) => {
        const { errorCode, errorMessage } = elect(image, topic, partitionId, electionType, records)
        return { partitionId, errorCode, errorMessage }
      })
      results.push({ topic, partitionResult })
    }
  }
  return answered(records, results)
}

function answered(records: readonly MetadataRecord[], replicaElectionResults: readonly TopicResult[]) {
  return { records, answer: { throttleTimeMs: 0, errorCode: ErrorCode.NONE, replicaElectionResults } }
}

function unknownType(
  electionType: number,
  topicPartitions: NonNullable<RequestOf<'ElectLeaders'>['topicPartitions']>,
): Decision<Answer> {
  const wrong = fault(ErrorCode.INVALID_REQUEST, `Unknown election type ${electionType}`)
  const replicaElectionResults = topicPartitions.map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map((partitionId) => ({ partitionId, ...wrong })),
  }))
  return { records: [], answer: { throttleTimeMs: 0, errorCode: wrong.errorCode, replicaElectionResults } }
}

/** Of a whole topic, what needed no election is not told. */
function electAll(image: MetadataImage, topic: TopicImage, type: number, records: MetadataRecord[]): TopicResult {
  const partitionResult: PartitionResult[] = []
  for (const partitionId of topic.partitions.keys()) {
    const { errorCode, errorMessage } = elect(image, topic.name, partitionId, type, records)
    if (errorCode !== ErrorCode.ELECTION_NOT_NEEDED) partitionResult.push({ partitionId, errorCode, errorMessage })
  }
  return { topic: topic.name, partitionResult }
}

function elect(
  image: MetadataImage,
  name: string,
  partitionId: number,
  type: number,
  records: MetadataRecord[],
): Fault {
  const topic = image.topics.byName(name)
  if (topic === undefined) return fault(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `No such topic as ${name}`)
  const partition = topic.partitions[partitionId]
  if (partition === undefined) {
    return fault(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `No such partition as ${name}-${partitionId}`)
  }
  const wanted = type === PREFERRED ? partition.replicas[0] : NO_LEADER
  const isNeeded = type === PREFERRED ? partition.leader !== wanted : partition.leader === NO_LEADER
  if (!isNeeded) {
    return fault(ErrorCode.ELECTION_NOT_NEEDED, 'Leader election not needed for topic partition.')
  }
  const leader = type === PREFERRED ? preferred(image, partition) : anyAlive(image, partition)
  if (leader === NO_LEADER) {
    return type === PREFERRED
      ? fault(ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE, 'The preferred leader was not available.')
      : fault(ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE, 'Eligible topic partition leaders are not available.')
  }
  const isClean = partition.isr.includes(leader)
  records.push(
    recordMaker(image)('PartitionChangeRecord', {
      topicId: topic.id,
      partitionId,
      leader,
      ...(isClean ? {} : { isr: [leader], leaderRecoveryState: RECOVERING }),
    }),
  )
  return NO_FAULT
}

function preferred(image: MetadataImage, partition: PartitionImage): number {
  const { replicas, isr } = partition
  const first = replicas[0] ?? NO_LEADER
  return isr.includes(first) && canLead(image.brokers.get(first), partition) ? first : NO_LEADER
}

function anyAlive(image: MetadataImage, partition: PartitionImage): number {
  const { replicas, isr } = partition
  const alive = replicas.filter((id) => canLead(image.brokers.get(id), partition))
  return alive.find((id) => isr.includes(id)) ?? alive[0] ?? NO_LEADER
}
