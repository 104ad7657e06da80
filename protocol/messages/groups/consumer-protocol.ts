// What members of classic consumer groups tell each other through the group coordinator, opaque to it: the
// subscription in JoinGroup and the assignment in SyncGroup. A version number precedes each; readers take a version
// beyond the last for the last.

import { array, bytes, type Infer, int32, record, string, versions } from '../../schema.ts'

export const TopicPartition = {
  topic: string(),
  partitions: array(int32()),
}

export const ConsumerProtocolSubscription = record('ConsumerProtocolSubscription', -1, versions(0, 3), {
  topics: array(string()),
  userData: bytes({ nullable: true, default: null }),
  ownedPartitions: array(TopicPartition, { since: 1 }),
  generationId: int32({ since: 2, default: -1 }),
  rackId: string({ since: 3, nullable: true, default: null }),
})
export type ConsumerProtocolSubscription = Infer<typeof ConsumerProtocolSubscription>

export const ConsumerProtocolAssignment = record('ConsumerProtocolAssignment', -1, versions(0, 3), {
  assignedPartitions: array({ topic: string(), partitions: array(int32()) }),
  userData: bytes({ nullable: true, default: null }),
})
export type ConsumerProtocolAssignment = Infer<typeof ConsumerProtocolAssignment>
