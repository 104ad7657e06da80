// DescribeQuorum (55): leader, voters and observers of the metadata quorum, and how far each has come.

import {
  array,
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

export const RequestTopicData = {
  topicName: string(),
  partitions: array({ partitionIndex: int32() }),
}

export const DescribeQuorumRequest = request('DescribeQuorum', 55, versions(0, 2, { flexible: 0 }), {
  topics: array(RequestTopicData),
})
export type DescribeQuorumRequest = Infer<typeof DescribeQuorumRequest>

export const ReplicaState = {
  replicaId: int32(),
  replicaDirectoryId: uuid({ since: 2 }),
  logEndOffset: int64(),
  lastFetchTimestamp: int64({ since: 1, default: -1n }),
  lastCaughtUpTimestamp: int64({ since: 1, default: -1n }),
}

export const PartitionData = {
  partitionIndex: int32(),
  errorCode: int16(),
  errorMessage: string({ since: 2, nullable: true }),
  leaderId: int32(),
  leaderEpoch: int32(),
  highWatermark: int64(),
  currentVoters: array(ReplicaState),
  observers: array(ReplicaState),
}

export const ResponseTopicData = {
  topicName: string(),
  partitions: array(PartitionData),
}

export const Node = {
  nodeId: int32(),
  listeners: array({
    name: string(),
    host: string(),
    port: uint16(),
  }),
}

export const DescribeQuorumResponse = response('DescribeQuorum', 55, versions(0, 2, { flexible: 0 }), {
  errorCode: int16(),
  errorMessage: string({ since: 2, nullable: true }),
  topics: array(ResponseTopicData),
  nodes: array(Node, { since: 2 }),
})
export type DescribeQuorumResponse = Infer<typeof DescribeQuorumResponse>
