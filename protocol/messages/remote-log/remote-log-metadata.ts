// Segments in tiered storage, as kept in `__remote_log_metadata` (KIP-405).

import {
  array,
  bool,
  bytes,
  type Infer,
  int8,
  int32,
  int64,
  record,
  string,
  struct,
  uuid,
  versions,
} from '../../schema.ts'

export const RemoteLogSegmentIdEntry = {
  topicIdPartition: struct({
    name: string(),
    id: uuid(),
    partition: int32(),
  }),
  id: uuid(),
}

export const RemoteLogSegmentMetadataRecord = record(
  'RemoteLogSegmentMetadataRecord',
  0,
  versions(0, 0, { flexible: 0 }),
  {
    remoteLogSegmentId: struct(RemoteLogSegmentIdEntry),
    startOffset: int64(),
    endOffset: int64(),
    brokerId: int32(),
    maxTimestampMs: int64(),
    eventTimestampMs: int64(),
    segmentLeaderEpochs: array({ leaderEpoch: int32(), offset: int64() }),
    segmentSizeInBytes: int32(),
    customMetadata: bytes({ nullable: true, default: null }),
    remoteLogSegmentState: int8(),
    txnIndexEmpty: bool({ tag: 0 }),
  },
)
export type RemoteLogSegmentMetadataRecord = Infer<typeof RemoteLogSegmentMetadataRecord>

export const RemoteLogSegmentMetadataUpdateRecord = record(
  'RemoteLogSegmentMetadataUpdateRecord',
  1,
  versions(0, 0, { flexible: 0 }),
  {
    remoteLogSegmentId: struct(RemoteLogSegmentIdEntry),
    brokerId: int32(),
    eventTimestampMs: int64(),
    customMetadata: bytes({ nullable: true, default: null }),
    remoteLogSegmentState: int8(),
  },
)
export type RemoteLogSegmentMetadataUpdateRecord = Infer<typeof RemoteLogSegmentMetadataUpdateRecord>

export const RemotePartitionDeleteMetadataRecord = record(
  'RemotePartitionDeleteMetadataRecord',
  2,
  versions(0, 0, { flexible: 0 }),
  {
    topicIdPartition: struct({
      name: string(),
      id: uuid(),
      partition: int32(),
    }),
    brokerId: int32(),
    eventTimestampMs: int64(),
    remotePartitionDeleteState: int8(),
  },
)
export type RemotePartitionDeleteMetadataRecord = Infer<typeof RemotePartitionDeleteMetadataRecord>

export const RemoteLogSegmentMetadataSnapshotRecord = record(
  'RemoteLogSegmentMetadataSnapshotRecord',
  3,
  versions(0, 0, { flexible: 0 }),
  {
    segmentId: uuid(),
    startOffset: int64(),
    endOffset: int64(),
    brokerId: int32(),
    maxTimestampMs: int64(),
    eventTimestampMs: int64(),
    segmentLeaderEpochs: array({ leaderEpoch: int32(), offset: int64() }),
    segmentSizeInBytes: int32(),
    customMetadata: bytes({ nullable: true, default: null }),
    remoteLogSegmentState: int8(),
    txnIndexEmpty: bool({ tag: 0 }),
  },
)
export type RemoteLogSegmentMetadataSnapshotRecord = Infer<typeof RemoteLogSegmentMetadataSnapshotRecord>
