// What a quorum of one answers about itself: its state, and that its only voter stays. Source: KafkaRaftClient,
// AddVoterHandler, RemoveVoterHandler, ClusterControlManager; the words are those that kafka-metadata-quorum prints.

import type { RequestOf, ResponseInputOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../protocol/wire.ts'
import { METADATA_TOPIC } from '../metadata/internal-topics.ts'
import { controllerKey } from '../metadata/kept.ts'
import { type ControllerState, type Decision, type Fault, fault, NO_FAULT, recordMaker } from './decision.ts'

type Described = ResponseInputOf<'DescribeQuorum'>
type DescribedPartition = Described['topics'][number]['partitions'][number]

const OFFSETS_UNKNOWN = { leaderId: 0, leaderEpoch: 0, highWatermark: 0n, currentVoters: [], observers: [] }

/** Only a request for the one partition of the metadata log, and nothing else, is answered. */
export function describeQuorum(
  { quorum, now }: ControllerState,
  request: RequestOf<'DescribeQuorum'>,
): Decision<Described> {
  const [topic] = request.topics
  const isValid =
    request.topics.length === 1 &&
    topic?.topicName === METADATA_TOPIC &&
    topic.partitions.length === 1 &&
    topic.partitions[0]?.partitionIndex === 0
  const message = 'This server does not host this topic-partition.'
  const unknown = fault(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, message)
  const topics = request.topics.map(({ topicName, partitions }) => ({
    topicName,
    partitions: partitions.map(({ partitionIndex }): DescribedPartition => {
      return isValid ? logState(quorum, now) : { partitionIndex, ...unknown, ...OFFSETS_UNKNOWN }
    }),
  }))
  const nodes = quorum.voters.voters.map(({ voterId, endpoints }) => ({ nodeId: voterId, listeners: endpoints }))
  const answer = { errorCode: ErrorCode.NONE, errorMessage: '', topics, nodes: isValid ? nodes : [] }
  return { records: [], answer }
}

function logState(quorum: ControllerState['quorum'], now: number): DescribedPartition {
  const { nodeId, leaderEpoch, highWatermark, logEndOffset } = quorum
  return {
    partitionIndex: 0,
    errorCode: ErrorCode.NONE,
    errorMessage: '',
    leaderId: nodeId,
    leaderEpoch,
    highWatermark: BigInt(highWatermark),
    currentVoters: quorum.voters.voters.map(({ voterId, voterDirectoryId }) => {
      const leads = voterId === nodeId
      const heard = leads ? BigInt(now) : -1n
      return {
        replicaId: voterId,
        replicaDirectoryId: voterDirectoryId,
        logEndOffset: leads ? BigInt(logEndOffset) : -1n,
        lastFetchTimestamp: heard,
        lastCaughtUpTimestamp: heard,
      }
    }),
    observers: [],
  }
}

function refused<Answer extends Fault>(wrong: Fault): Decision<Answer & { readonly throttleTimeMs: number }> {
  return { records: [], answer: { throttleTimeMs: 0, ...wrong } as Answer & { readonly throttleTimeMs: number } }
}

function clusterFault(own: string, given: string | null): Fault | null {
  if (given === null || given === own) return null
  return fault(ErrorCode.INCONSISTENT_CLUSTER_ID, `The given id "${given}" doesn't match the cluster id "${own}"`)
}

const keyOf = (id: number, directoryId: string): string => `ReplicaKey(id=${id}, directoryId=${directoryId})`

function voterKeys({ quorum }: ControllerState): string {
  return `[${quorum.voters.voters.map((one) => keyOf(one.voterId, one.voterDirectoryId)).join(', ')}]`
}

/** A voter is added when it has caught up with the log, which nobody else can read here. */
export function addRaftVoter(
  state: ControllerState,
  request: RequestOf<'AddRaftVoter'>,
): Decision<ResponseInputOf<'AddRaftVoter'>> {
  const { voterId, voterDirectoryId, listeners } = request
  const { voters } = state.quorum.voters
  const invalid = (message: string) => refused(fault(ErrorCode.INVALID_REQUEST, `Add voter request ${message}`))
  const wrong = clusterFault(state.clusterId, request.clusterId)
  if (wrong !== null) return refused(wrong)
  if (voterId < 0 || voterDirectoryId === ZERO_UUID) return invalid("didn't include a valid voter")
  const listener = voters[0]?.endpoints[0]?.name ?? ''
  if (!listeners.some(({ name }) => name === listener)) {
    const given = listeners.map(({ name, host, port }) => `${name}://${host}:${port}`).join(', ')
    return invalid(`didn't include the endpoint (${given}) for the default listener ListenerName(${listener})`)
  }
  if (voters.some((one) => one.voterId === voterId)) {
    const message = `The voter id for ${keyOf(voterId, voterDirectoryId)} is already part of the set of voters`
    return refused(fault(ErrorCode.DUPLICATE_VOTER, `${message} ${voterKeys(state)}.`))
  }
  const message = `New voter ${keyOf(voterId, voterDirectoryId)} is not ready: it has not caught up with the leader.`
  return refused(fault(ErrorCode.REQUEST_TIMED_OUT, message))
}

export function removeRaftVoter(
  state: ControllerState,
  request: RequestOf<'RemoveRaftVoter'>,
): Decision<ResponseInputOf<'RemoveRaftVoter'>> {
  const { voterId, voterDirectoryId } = request
  const wrong = clusterFault(state.clusterId, request.clusterId)
  if (wrong !== null) return refused(wrong)
  if (voterId < 0 || voterDirectoryId === ZERO_UUID) {
    return refused(fault(ErrorCode.INVALID_REQUEST, "Remove voter request didn't include a valid voter"))
  }
  const message = `Cannot remove voter ${keyOf(voterId, voterDirectoryId)} from the set of voters ${voterKeys(state)}`
  return refused(fault(ErrorCode.VOTER_NOT_FOUND, message))
}

export function unregisterController(
  { image, quorum }: ControllerState,
  { controllerId }: RequestOf<'UnregisterController'>,
): Decision<ResponseInputOf<'UnregisterController'>> {
  if (controllerId === quorum.nodeId) {
    return refused(fault(ErrorCode.INVALID_REQUEST, 'Controller cannot unregister itself while it is active.'))
  }
  if (!image.kept.has(controllerKey(controllerId))) {
    const message = `Controller ID ${controllerId} is not currently registered.`
    return refused(fault(ErrorCode.CONTROLLER_ID_NOT_REGISTERED, message))
  }
  const record = recordMaker(image)('UnregisterControllerRecord', { controllerId })
  return { records: [record], answer: { throttleTimeMs: 0, ...NO_FAULT } }
}
