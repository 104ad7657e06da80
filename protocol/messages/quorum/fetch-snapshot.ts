// FetchSnapshot (59): reads a snapshot of the metadata log piece by piece (KIP-630).

import {
  array,
  type Infer,
  int16,
  int32,
  int64,
  records,
  request,
  response,
  string,
  struct,
  uint16,
  uuid,
  versions,
} from '../../schema.ts'

export const RequestPartitionSnapshot = {
  partition: int32(),
  currentLeaderEpoch: int32(),
  snapshotId: struct({ endOffset: int64(), epoch: int32() }),
  position: int64(),
  replicaDirectoryId: uuid({ since: 1, tag: 0 }),
}

export const RequestTopicSnapshot = {
  name: string(),
  partitions: array(RequestPartitionSnapshot),
}

export const FetchSnapshotRequest = request('FetchSnapshot', 59, versions(0, 1, { flexible: 0 }), {
  replicaId: int32({ default: -1 }),
  maxBytes: int32({ default: 2147483647 }),
  topics: array(RequestTopicSnapshot),
  clusterId: string({ nullable: true, tag: 0, default: null }),
})
export type FetchSnapshotRequest = Infer<typeof FetchSnapshotRequest>

export const LeaderIdAndEpoch = {
  leaderId: int32(),
  leaderEpoch: int32(),
}

export const ResponsePartitionSnapshot = {
  index: int32(),
  errorCode: int16(),
  snapshotId: struct({ endOffset: int64(), epoch: int32() }),
  size: int64(),
  position: int64(),
  unalignedRecords: records(),
  currentLeader: struct(LeaderIdAndEpoch, { tag: 0 }),
}

export const ResponseTopicSnapshot = {
  name: string(),
  partitions: array(ResponsePartitionSnapshot),
}

export const NodeEndpoint = {
  nodeId: int32(),
  host: string(),
  port: uint16(),
}

export const FetchSnapshotResponse = response('FetchSnapshot', 59, versions(0, 1, { flexible: 0 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  topics: array(ResponseTopicSnapshot),
  nodeEndpoints: array(NodeEndpoint, { since: 1, tag: 0 }),
})
export type FetchSnapshotResponse = Infer<typeof FetchSnapshotResponse>
