// Fetch (1): reads record batches, for consumers and for following replicas; waits until there is enough.

import {
  array,
  type Infer,
  int8,
  int16,
  int32,
  int64,
  int64OrNumber,
  records,
  request,
  response,
  string,
  struct,
  uuid,
  versions,
} from '../../schema.ts'

export const FetchPartition = {
  partition: int32(),
  currentLeaderEpoch: int32({ since: 9, default: -1 }),
  fetchOffset: int64(),
  lastFetchedEpoch: int32({ since: 12, default: -1 }),
  logStartOffset: int64({ since: 5, default: -1n }),
  partitionMaxBytes: int32(),
  replicaDirectoryId: uuid({ since: 17, tag: 0 }),
  highWatermark: int64({ since: 18, tag: 1, default: 9223372036854775807n }),
}

export const FetchTopic = {
  topic: string({ until: 12 }),
  topicId: uuid({ since: 13 }),
  partitions: array(FetchPartition),
}

export const ForgottenTopic = {
  topic: string({ until: 12 }),
  topicId: uuid({ since: 13 }),
  partitions: array(int32()),
}

export const ReplicaState = {
  replicaId: int32({ default: -1 }),
  replicaEpoch: int64({ default: -1n }),
}

export const FetchRequest = request('Fetch', 1, versions(4, 18, { flexible: 12 }), {
  replicaId: int32({ until: 14, default: -1 }),
  maxWaitMs: int32(),
  minBytes: int32(),
  maxBytes: int32({ default: 2147483647 }),
  isolationLevel: int8(),
  sessionId: int32({ since: 7 }),
  sessionEpoch: int32({ since: 7, default: -1 }),
  topics: array(FetchTopic),
  forgottenTopicsData: array(ForgottenTopic, { since: 7 }),
  rackId: string({ since: 11 }),
  clusterId: string({ since: 12, nullable: true, tag: 0, default: null }),
  replicaState: struct(ReplicaState, { since: 15, tag: 1 }),
})
export type FetchRequest = Infer<typeof FetchRequest>

export const AbortedTransaction = {
  producerId: int64OrNumber(),
  firstOffset: int64OrNumber(),
}

export const EpochEndOffset = {
  epoch: int32({ default: -1 }),
  endOffset: int64OrNumber({ default: -1n }),
}

export const LeaderIdAndEpoch = {
  leaderId: int32({ default: -1 }),
  leaderEpoch: int32({ default: -1 }),
}

export const SnapshotId = {
  endOffset: int64OrNumber({ default: -1n }),
  epoch: int32({ default: -1 }),
}

export const PartitionData = {
  partitionIndex: int32(),
  errorCode: int16(),
  highWatermark: int64OrNumber(),
  lastStableOffset: int64OrNumber({ default: -1n }),
  logStartOffset: int64OrNumber({ since: 5, default: -1n }),
  abortedTransactions: array(AbortedTransaction, { nullable: true }),
  preferredReadReplica: int32({ since: 11, default: -1 }),
  records: records({ nullable: true }),
  divergingEpoch: struct(EpochEndOffset, { since: 12, tag: 0 }),
  currentLeader: struct(LeaderIdAndEpoch, { since: 12, tag: 1 }),
  snapshotId: struct(SnapshotId, { since: 12, tag: 2 }),
}

export const FetchableTopicResponse = {
  topic: string({ until: 12 }),
  topicId: uuid({ since: 13 }),
  partitions: array(PartitionData),
}

export const NodeEndpoint = {
  nodeId: int32(),
  host: string(),
  port: int32(),
  rack: string({ nullable: true, default: null }),
}

export const FetchResponse = response('Fetch', 1, versions(4, 18, { flexible: 12 }), {
  throttleTimeMs: int32(),
  errorCode: int16({ since: 7 }),
  sessionId: int32({ since: 7 }),
  responses: array(FetchableTopicResponse),
  nodeEndpoints: array(NodeEndpoint, { since: 16, tag: 0 }),
})
export type FetchResponse = Infer<typeof FetchResponse>
