// KIP-848 consumer groups in `__consumer_offsets`: group, members, targets and current assignments are records of
// their own.

import { array, bytes, type Infer, int8, int32, int64, record, string, struct, uuid, versions } from '../../schema.ts'

export const ConsumerGroupMetadataKey = record('ConsumerGroupMetadataKey', 3, versions(0, 0), {
  groupId: string(),
})
export type ConsumerGroupMetadataKey = Infer<typeof ConsumerGroupMetadataKey>

export const ConsumerGroupMetadataValue = record('ConsumerGroupMetadataValue', 3, versions(0, 0, { flexible: 0 }), {
  epoch: int32(),
  metadataHash: int64({ tag: 0 }),
})
export type ConsumerGroupMetadataValue = Infer<typeof ConsumerGroupMetadataValue>

export const ConsumerGroupPartitionMetadataKey = record('ConsumerGroupPartitionMetadataKey', 4, versions(0, 0), {
  groupId: string(),
})
export type ConsumerGroupPartitionMetadataKey = Infer<typeof ConsumerGroupPartitionMetadataKey>

export const TopicMetadata = {
  topicId: uuid(),
  topicName: string(),
  numPartitions: int32(),
  partitionMetadata: array({ partition: int32(), racks: array(string()) }),
}

export const ConsumerGroupPartitionMetadataValue = record(
  'ConsumerGroupPartitionMetadataValue',
  4,
  versions(0, 0, { flexible: 0 }),
  {
    topics: array(TopicMetadata),
  },
)
export type ConsumerGroupPartitionMetadataValue = Infer<typeof ConsumerGroupPartitionMetadataValue>

export const ConsumerGroupMemberMetadataKey = record('ConsumerGroupMemberMetadataKey', 5, versions(0, 0), {
  groupId: string(),
  memberId: string(),
})
export type ConsumerGroupMemberMetadataKey = Infer<typeof ConsumerGroupMemberMetadataKey>

export const ClassicMemberMetadata = {
  sessionTimeoutMs: int32(),
  supportedProtocols: array({ name: string(), metadata: bytes() }),
}

export const ConsumerGroupMemberMetadataValue = record(
  'ConsumerGroupMemberMetadataValue',
  5,
  versions(0, 0, { flexible: 0 }),
  {
    instanceId: string({ nullable: true }),
    rackId: string({ nullable: true }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array(string()),
    subscribedTopicRegex: string({ nullable: true }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    serverAssignor: string({ nullable: true }),
    classicMemberMetadata: struct(ClassicMemberMetadata, { nullable: true, tag: 0 }),
  },
)
export type ConsumerGroupMemberMetadataValue = Infer<typeof ConsumerGroupMemberMetadataValue>

export const ConsumerGroupTargetAssignmentMetadataKey = record(
  'ConsumerGroupTargetAssignmentMetadataKey',
  6,
  versions(0, 0),
  {
    groupId: string(),
  },
)
export type ConsumerGroupTargetAssignmentMetadataKey = Infer<typeof ConsumerGroupTargetAssignmentMetadataKey>

export const ConsumerGroupTargetAssignmentMetadataValue = record(
  'ConsumerGroupTargetAssignmentMetadataValue',
  6,
  versions(0, 0, { flexible: 0 }),
  {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64({ tag: 0 }),
  },
)
export type ConsumerGroupTargetAssignmentMetadataValue = Infer<typeof ConsumerGroupTargetAssignmentMetadataValue>

export const ConsumerGroupTargetAssignmentMemberKey = record(
  'ConsumerGroupTargetAssignmentMemberKey',
  7,
  versions(0, 0),
  {
    groupId: string(),
    memberId: string(),
  },
)
export type ConsumerGroupTargetAssignmentMemberKey = Infer<typeof ConsumerGroupTargetAssignmentMemberKey>

export const ConsumerGroupTargetAssignmentMemberValue = record(
  'ConsumerGroupTargetAssignmentMemberValue',
  7,
  versions(0, 0, { flexible: 0 }),
  {
    topicPartitions: array({ topicId: uuid(), partitions: array(int32()) }),
  },
)
export type ConsumerGroupTargetAssignmentMemberValue = Infer<typeof ConsumerGroupTargetAssignmentMemberValue>

export const ConsumerGroupCurrentMemberAssignmentKey = record(
  'ConsumerGroupCurrentMemberAssignmentKey',
  8,
  versions(0, 0),
  {
    groupId: string(),
    memberId: string(),
  },
)
export type ConsumerGroupCurrentMemberAssignmentKey = Infer<typeof ConsumerGroupCurrentMemberAssignmentKey>

export const TopicPartitions = {
  topicId: uuid(),
  partitions: array(int32()),
  assignmentEpochs: array(int32(), { nullable: true, tag: 0 }),
}

export const ConsumerGroupCurrentMemberAssignmentValue = record(
  'ConsumerGroupCurrentMemberAssignmentValue',
  8,
  versions(0, 0, { flexible: 0 }),
  {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array(TopicPartitions),
    partitionsPendingRevocation: array(TopicPartitions),
  },
)
export type ConsumerGroupCurrentMemberAssignmentValue = Infer<typeof ConsumerGroupCurrentMemberAssignmentValue>

export const ConsumerGroupRegularExpressionKey = record('ConsumerGroupRegularExpressionKey', 16, versions(0, 0), {
  groupId: string(),
  regularExpression: string(),
})
export type ConsumerGroupRegularExpressionKey = Infer<typeof ConsumerGroupRegularExpressionKey>

export const ConsumerGroupRegularExpressionValue = record(
  'ConsumerGroupRegularExpressionValue',
  16,
  versions(0, 0, { flexible: 0 }),
  {
    topics: array(string()),
    version: int64(),
    timestamp: int64(),
  },
)
export type ConsumerGroupRegularExpressionValue = Infer<typeof ConsumerGroupRegularExpressionValue>
