// Records of the metadata log about topics and partitions. In a PartitionChangeRecord, what is absent has not changed.

import { array, type Infer, int8, int32, record, string, uuid, versions } from '../../schema.ts'

export const TopicRecord = record('TopicRecord', 2, versions(0, 0, { flexible: 0 }), {
  name: string(),
  topicId: uuid(),
})
export type TopicRecord = Infer<typeof TopicRecord>

export const RemoveTopicRecord = record('RemoveTopicRecord', 9, versions(0, 0, { flexible: 0 }), {
  topicId: uuid(),
})
export type RemoveTopicRecord = Infer<typeof RemoveTopicRecord>

export const PartitionRecord = record('PartitionRecord', 3, versions(0, 2, { flexible: 0 }), {
  partitionId: int32({ default: -1 }),
  topicId: uuid(),
  replicas: array(int32()),
  isr: array(int32()),
  removingReplicas: array(int32()),
  addingReplicas: array(int32()),
  leader: int32({ default: -1 }),
  leaderEpoch: int32({ default: -1 }),
  partitionEpoch: int32({ default: -1 }),
  directories: array(uuid(), { since: 1 }),
  leaderRecoveryState: int8({ tag: 0 }),
  eligibleLeaderReplicas: array(int32(), { since: 2, nullable: true, tag: 1, default: null }),
  lastKnownElr: array(int32(), { since: 2, nullable: true, tag: 2, default: null }),
})
export type PartitionRecord = Infer<typeof PartitionRecord>

export const PartitionChangeRecord = record('PartitionChangeRecord', 5, versions(0, 2, { flexible: 0 }), {
  partitionId: int32({ default: -1 }),
  topicId: uuid(),
  isr: array(int32(), { nullable: true, tag: 0, default: null }),
  leader: int32({ tag: 1, default: -2 }),
  replicas: array(int32(), { nullable: true, tag: 2, default: null }),
  removingReplicas: array(int32(), { nullable: true, tag: 3, default: null }),
  addingReplicas: array(int32(), { nullable: true, tag: 4, default: null }),
  leaderRecoveryState: int8({ tag: 5, default: -1 }),
  eligibleLeaderReplicas: array(int32(), { since: 2, nullable: true, tag: 6, default: null }),
  lastKnownElr: array(int32(), { since: 2, nullable: true, tag: 7, default: null }),
  directories: array(uuid(), { since: 1, nullable: true, tag: 8, default: null }),
})
export type PartitionChangeRecord = Infer<typeof PartitionChangeRecord>

export const ClearElrRecord = record('ClearElrRecord', 28, versions(0, 0, { flexible: 0 }), {
  topicName: string(),
})
export type ClearElrRecord = Infer<typeof ClearElrRecord>
