// EndQuorumEpoch (54): a leader of the metadata quorum resigns.

import { array, type Infer, int16, int32, request, response, string, uint16, uuid, versions } from '../../schema.ts'

export const ReplicaInfo = {
  candidateId: int32(),
  candidateDirectoryId: uuid(),
}

export const PartitionData = {
  partitionIndex: int32(),
  leaderId: int32(),
  leaderEpoch: int32(),
  preferredSuccessors: array(int32(), { until: 0 }),
  preferredCandidates: array(ReplicaInfo, { since: 1 }),
}

export const RequestTopicData = {
  topicName: string(),
  partitions: array(PartitionData),
}

export const LeaderEndpoint = {
  name: string(),
  host: string(),
  port: uint16(),
}

export const EndQuorumEpochRequest = request('EndQuorumEpoch', 54, versions(0, 1, { flexible: 1 }), {
  clusterId: string({ nullable: true, default: null }),
  topics: array(RequestTopicData),
  leaderEndpoints: array(LeaderEndpoint, { since: 1 }),
})
export type EndQuorumEpochRequest = Infer<typeof EndQuorumEpochRequest>

export const ResponseTopicData = {
  topicName: string(),
  partitions: array({
    partitionIndex: int32(),
    errorCode: int16(),
    leaderId: int32(),
    leaderEpoch: int32(),
  }),
}

export const NodeEndpoint = {
  nodeId: int32(),
  host: string(),
  port: uint16(),
}

export const EndQuorumEpochResponse = response('EndQuorumEpoch', 54, versions(0, 1, { flexible: 1 }), {
  errorCode: int16(),
  topics: array(ResponseTopicData),
  nodeEndpoints: array(NodeEndpoint, { since: 1, tag: 0 }),
})
export type EndQuorumEpochResponse = Infer<typeof EndQuorumEpochResponse>
