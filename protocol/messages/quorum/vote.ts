// Vote (52): a candidate asks the voters of the metadata quorum.

import {
  array,
  bool,
  type Infer,
  int16,
  int32,
  int64,
  request,
  response,
  string,
  uint16,
  uuid,
  versions,
} from '../../schema.ts'

export const PartitionData = {
  partitionIndex: int32(),
  replicaEpoch: int32(),
  replicaId: int32(),
  replicaDirectoryId: uuid({ since: 1 }),
  voterDirectoryId: uuid({ since: 1 }),
  lastOffsetEpoch: int32(),
  lastOffset: int64(),
  preVote: bool({ since: 2 }),
}

export const RequestTopicData = {
  topicName: string(),
  partitions: array(PartitionData),
}

export const VoteRequest = request('Vote', 52, versions(0, 2, { flexible: 0 }), {
  clusterId: string({ nullable: true, default: null }),
  voterId: int32({ since: 1, default: -1 }),
  topics: array(RequestTopicData),
})
export type VoteRequest = Infer<typeof VoteRequest>

export const ResponseTopicData = {
  topicName: string(),
  partitions: array({
    partitionIndex: int32(),
    errorCode: int16(),
    leaderId: int32(),
    leaderEpoch: int32(),
    voteGranted: bool(),
  }),
}

export const NodeEndpoint = {
  nodeId: int32(),
  host: string(),
  port: uint16(),
}

export const VoteResponse = response('Vote', 52, versions(0, 2, { flexible: 0 }), {
  errorCode: int16(),
  topics: array(ResponseTopicData),
  nodeEndpoints: array(NodeEndpoint, { since: 1, tag: 0 }),
})
export type VoteResponse = Infer<typeof VoteResponse>
