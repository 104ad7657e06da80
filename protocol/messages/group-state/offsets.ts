// Committed offsets in `__consumer_offsets`. Key type 0 is that of brokers before 0.9, read only.

import { type Infer, int32, int64, record, string, uuid, versions } from '../../schema.ts'

export const OffsetCommitKey = record('OffsetCommitKey', 1, versions(0, 0), {
  group: string(),
  topic: string(),
  partition: int32(),
})
export type OffsetCommitKey = Infer<typeof OffsetCommitKey>

export const OffsetCommitValue = record('OffsetCommitValue', 1, versions(0, 4, { flexible: 4 }), {
  offset: int64(),
  leaderEpoch: int32({ since: 3, default: -1 }),
  metadata: string(),
  commitTimestamp: int64(),
  expireTimestamp: int64({ since: 1, until: 1, default: -1n }),
  topicId: uuid({ since: 4, tag: 0 }),
})
export type OffsetCommitValue = Infer<typeof OffsetCommitValue>

export const LegacyOffsetCommitKey = record('LegacyOffsetCommitKey', 0, versions(0, 0), {
  group: string(),
  topic: string(),
  partition: int32(),
})
export type LegacyOffsetCommitKey = Infer<typeof LegacyOffsetCommitKey>

export const LegacyOffsetCommitValue = record('LegacyOffsetCommitValue', 0, versions(0, 0), {
  offset: int64(),
  metadata: string(),
  commitTimestamp: int64(),
})
export type LegacyOffsetCommitValue = Infer<typeof LegacyOffsetCommitValue>
