// Delivery state of share partitions in `__share_group_state`: now and then a snapshot, between them updates.

import { array, type Infer, int8, int16, int32, int64, record, string, uuid, versions } from '../../schema.ts'

export const ShareSnapshotKey = record('ShareSnapshotKey', 0, versions(0, 0), {
  groupId: string(),
  topicId: uuid(),
  partition: int32(),
})
export type ShareSnapshotKey = Infer<typeof ShareSnapshotKey>

export const ShareSnapshotValue = record('ShareSnapshotValue', 0, versions(0, 0, { flexible: 0 }), {
  snapshotEpoch: int32(),
  stateEpoch: int32(),
  leaderEpoch: int32(),
  startOffset: int64(),
  createTimestamp: int64(),
  writeTimestamp: int64(),
  stateBatches: array({
    firstOffset: int64(),
    lastOffset: int64(),
    deliveryState: int8(),
    deliveryCount: int16(),
  }),
  deliveryCompleteCount: int32({ tag: 0, default: -1 }),
})
export type ShareSnapshotValue = Infer<typeof ShareSnapshotValue>

export const ShareUpdateKey = record('ShareUpdateKey', 1, versions(0, 0), {
  groupId: string(),
  topicId: uuid(),
  partition: int32(),
})
export type ShareUpdateKey = Infer<typeof ShareUpdateKey>

export const ShareUpdateValue = record('ShareUpdateValue', 1, versions(0, 0, { flexible: 0 }), {
  snapshotEpoch: int32(),
  leaderEpoch: int32(),
  startOffset: int64(),
  stateBatches: array({
    firstOffset: int64(),
    lastOffset: int64(),
    deliveryState: int8(),
    deliveryCount: int16(),
  }),
  deliveryCompleteCount: int32({ tag: 0, default: -1 }),
})
export type ShareUpdateValue = Infer<typeof ShareUpdateValue>
