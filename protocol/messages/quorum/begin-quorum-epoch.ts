// BeginQuorumEpoch (53): a new leader of the metadata quorum announces itself.

import { array, type Infer, int16, int32, request, response, string, uint16, uuid, versions } from '../../schema.ts'

export const RequestTopicData = {
  topicName: string(),
  partitions: array({
    partitionIndex: int32(),
    voterDirectoryId: uuid({ since: 1 }),
    leaderId: int32(),
    leaderEpoch: int32(),
  }),
}

export const LeaderEndpoint = {
  name: string(),
  host: string(),
  port: uint16(),
}

export const BeginQuorumEpochRequest = request('BeginQuorumEpoch', 53, versions(0, 1, { flexible: 1 }), {
  clusterId: string({ nullable: true, default: null }),
  voterId: int32({ since: 1, default: -1 }),
  topics: array(RequestTopicData),
  leaderEndpoints: array(LeaderEndpoint, { since: 1 }),
})
export type BeginQuorumEpochRequest = Infer<typeof BeginQuorumEpochRequest>

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

export const BeginQuorumEpochResponse = response('BeginQuorumEpoch', 53, versions(0, 1, { flexible: 1 }), {
  errorCode: int16(),
  topics: array(ResponseTopicData),
  nodeEndpoints: array(NodeEndpoint, { since: 1, tag: 0 }),
})
export type BeginQuorumEpochResponse = Infer<typeof BeginQuorumEpochResponse>
