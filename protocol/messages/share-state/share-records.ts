// The records of `__share_group_state`, by which share coordinators rebuild their state.

import { CoordinatorRecords } from '../coordinator-records.ts'
import { ShareSnapshotKey, ShareSnapshotValue, ShareUpdateKey, ShareUpdateValue } from './share-partitions.ts'

/** In the order of their type ids. */
export const shareRecords = new CoordinatorRecords({
  ShareSnapshot: [ShareSnapshotKey, ShareSnapshotValue],
  ShareUpdate: [ShareUpdateKey, ShareUpdateValue],
})
export type ShareRecord = (typeof shareRecords)['record']
export type ShareRecordInput = (typeof shareRecords)['input']
