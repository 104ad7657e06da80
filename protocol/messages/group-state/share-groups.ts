// Share groups in `__consumer_offsets`.

import { array, type Infer, int8, int32, int64, record, string, uuid, versions } from '../../schema.ts'

export const ShareGroupMetadataKey = record('ShareGroupMetadataKey', 11, versions(0, 0), {
  groupId: string(),
})
export type ShareGroupMetadataKey = Infer<typeof ShareGroupMetadataKey>

export const ShareGroupMetadataValue = record('ShareGroupMetadataValue', 11, versions(0, 0, { flexible: 0 }), {
  epoch: int32(),
  metadataHash: int64(),
})
export type ShareGroupMetadataValue = Infer<typeof ShareGroupMetadataValue>

export const ShareGroupMemberMetadataKey = record('ShareGroupMemberMetadataKey', 10, versions(0, 0), {
  groupId: string(),
  memberId: string(),
})
export type ShareGroupMemberMetadataKey = Infer<typeof ShareGroupMemberMetadataKey>

export const ShareGroupMemberMetadataValue = record(
  'ShareGroupMemberMetadataValue',
  10,
  versions(0, 0, { flexible: 0 }),
  {
    rackId: string({ nullable: true }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array(string()),
  },
)
export type ShareGroupMemberMetadataValue = Infer<typeof ShareGroupMemberMetadataValue>

export const ShareGroupTargetAssignmentMetadataKey = record(
  'ShareGroupTargetAssignmentMetadataKey',
  12,
  versions(0, 0),
  {
    groupId: string(),
  },
)
export type ShareGroupTargetAssignmentMetadataKey = Infer<typeof ShareGroupTargetAssignmentMetadataKey>

export const ShareGroupTargetAssignmentMetadataValue = record(
  'ShareGroupTargetAssignmentMetadataValue',
  12,
  versions(0, 0, { flexible: 0 }),
  {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64({ tag: 0 }),
  },
)
export type ShareGroupTargetAssignmentMetadataValue = Infer<typeof ShareGroupTargetAssignmentMetadataValue>

export const ShareGroupTargetAssignmentMemberKey = record('ShareGroupTargetAssignmentMemberKey', 13, versions(0, 0), {
  groupId: string(),
  memberId: string(),
})
export type ShareGroupTargetAssignmentMemberKey = Infer<typeof ShareGroupTargetAssignmentMemberKey>

export const ShareGroupTargetAssignmentMemberValue = record(
  'ShareGroupTargetAssignmentMemberValue',
  13,
  versions(0, 0, { flexible: 0 }),
  {
    topicPartitions: array({ topicId: uuid(), partitions: array(int32()) }),
  },
)
export type ShareGroupTargetAssignmentMemberValue = Infer<typeof ShareGroupTargetAssignmentMemberValue>

export const ShareGroupCurrentMemberAssignmentKey = record('ShareGroupCurrentMemberAssignmentKey', 14, versions(0, 0), {
  groupId: string(),
  memberId: string(),
})
export type ShareGroupCurrentMemberAssignmentKey = Infer<typeof ShareGroupCurrentMemberAssignmentKey>

export const ShareGroupCurrentMemberAssignmentValue = record(
  'ShareGroupCurrentMemberAssignmentValue',
  14,
  versions(0, 0, { flexible: 0 }),
  {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array({ topicId: uuid(), partitions: array(int32()) }),
  },
)
export type ShareGroupCurrentMemberAssignmentValue = Infer<typeof ShareGroupCurrentMemberAssignmentValue>

export const ShareGroupStatePartitionMetadataKey = record('ShareGroupStatePartitionMetadataKey', 15, versions(0, 0), {
  groupId: string(),
})
export type ShareGroupStatePartitionMetadataKey = Infer<typeof ShareGroupStatePartitionMetadataKey>

export const TopicPartitionsInfo = {
  topicId: uuid(),
  topicName: string(),
  partitions: array(int32()),
}

export const ShareGroupStatePartitionMetadataValue = record(
  'ShareGroupStatePartitionMetadataValue',
  15,
  versions(0, 0, { flexible: 0 }),
  {
    initializingTopics: array(TopicPartitionsInfo),
    initializedTopics: array(TopicPartitionsInfo),
    deletingTopics: array({ topicId: uuid(), topicName: string() }),
  },
)
export type ShareGroupStatePartitionMetadataValue = Infer<typeof ShareGroupStatePartitionMetadataValue>
