// The records of `__consumer_offsets`, by which group coordinators rebuild their state.

import { CoordinatorRecords } from '../coordinator-records.ts'
import { GroupMetadataKey, GroupMetadataValue } from './classic-groups.ts'
import {
  ConsumerGroupCurrentMemberAssignmentKey,
  ConsumerGroupCurrentMemberAssignmentValue,
  ConsumerGroupMemberMetadataKey,
  ConsumerGroupMemberMetadataValue,
  ConsumerGroupMetadataKey,
  ConsumerGroupMetadataValue,
  ConsumerGroupPartitionMetadataKey,
  ConsumerGroupPartitionMetadataValue,
  ConsumerGroupRegularExpressionKey,
  ConsumerGroupRegularExpressionValue,
  ConsumerGroupTargetAssignmentMemberKey,
  ConsumerGroupTargetAssignmentMemberValue,
  ConsumerGroupTargetAssignmentMetadataKey,
  ConsumerGroupTargetAssignmentMetadataValue,
} from './consumer-groups.ts'
import { LegacyOffsetCommitKey, LegacyOffsetCommitValue, OffsetCommitKey, OffsetCommitValue } from './offsets.ts'
import {
  ShareGroupCurrentMemberAssignmentKey,
  ShareGroupCurrentMemberAssignmentValue,
  ShareGroupMemberMetadataKey,
  ShareGroupMemberMetadataValue,
  ShareGroupMetadataKey,
  ShareGroupMetadataValue,
  ShareGroupStatePartitionMetadataKey,
  ShareGroupStatePartitionMetadataValue,
  ShareGroupTargetAssignmentMemberKey,
  ShareGroupTargetAssignmentMemberValue,
  ShareGroupTargetAssignmentMetadataKey,
  ShareGroupTargetAssignmentMetadataValue,
} from './share-groups.ts'
import {
  StreamsGroupCurrentMemberAssignmentKey,
  StreamsGroupCurrentMemberAssignmentValue,
  StreamsGroupMemberMetadataKey,
  StreamsGroupMemberMetadataValue,
  StreamsGroupMetadataKey,
  StreamsGroupMetadataValue,
  StreamsGroupTargetAssignmentMemberKey,
  StreamsGroupTargetAssignmentMemberValue,
  StreamsGroupTargetAssignmentMetadataKey,
  StreamsGroupTargetAssignmentMetadataValue,
  StreamsGroupTopologyKey,
  StreamsGroupTopologyValue,
} from './streams-groups.ts'

/** In the order of their type ids. */
export const groupRecords = new CoordinatorRecords({
  LegacyOffsetCommit: [LegacyOffsetCommitKey, LegacyOffsetCommitValue],
  OffsetCommit: [OffsetCommitKey, OffsetCommitValue],
  GroupMetadata: [GroupMetadataKey, GroupMetadataValue],
  ConsumerGroupMetadata: [ConsumerGroupMetadataKey, ConsumerGroupMetadataValue],
  ConsumerGroupPartitionMetadata: [ConsumerGroupPartitionMetadataKey, ConsumerGroupPartitionMetadataValue],
  ConsumerGroupMemberMetadata: [ConsumerGroupMemberMetadataKey, ConsumerGroupMemberMetadataValue],
  ConsumerGroupTargetAssignmentMetadata: [
    ConsumerGroupTargetAssignmentMetadataKey,
    ConsumerGroupTargetAssignmentMetadataValue,
  ],
  ConsumerGroupTargetAssignmentMember: [
    ConsumerGroupTargetAssignmentMemberKey,
    ConsumerGroupTargetAssignmentMemberValue,
  ],
  ConsumerGroupCurrentMemberAssignment: [
    ConsumerGroupCurrentMemberAssignmentKey,
    ConsumerGroupCurrentMemberAssignmentValue,
  ],
  ShareGroupMemberMetadata: [ShareGroupMemberMetadataKey, ShareGroupMemberMetadataValue],
  ShareGroupMetadata: [ShareGroupMetadataKey, ShareGroupMetadataValue],
  ShareGroupTargetAssignmentMetadata: [ShareGroupTargetAssignmentMetadataKey, ShareGroupTargetAssignmentMetadataValue],
  ShareGroupTargetAssignmentMember: [ShareGroupTargetAssignmentMemberKey, ShareGroupTargetAssignmentMemberValue],
  ShareGroupCurrentMemberAssignment: [ShareGroupCurrentMemberAssignmentKey, ShareGroupCurrentMemberAssignmentValue],
  ShareGroupStatePartitionMetadata: [ShareGroupStatePartitionMetadataKey, ShareGroupStatePartitionMetadataValue],
  ConsumerGroupRegularExpression: [ConsumerGroupRegularExpressionKey, ConsumerGroupRegularExpressionValue],
  StreamsGroupMetadata: [StreamsGroupMetadataKey, StreamsGroupMetadataValue],
  StreamsGroupMemberMetadata: [StreamsGroupMemberMetadataKey, StreamsGroupMemberMetadataValue],
  StreamsGroupTargetAssignmentMetadata: [
    StreamsGroupTargetAssignmentMetadataKey,
    StreamsGroupTargetAssignmentMetadataValue,
  ],
  StreamsGroupTargetAssignmentMember: [StreamsGroupTargetAssignmentMemberKey, StreamsGroupTargetAssignmentMemberValue],
  StreamsGroupCurrentMemberAssignment: [
    StreamsGroupCurrentMemberAssignmentKey,
    StreamsGroupCurrentMemberAssignmentValue,
  ],
  StreamsGroupTopology: [StreamsGroupTopologyKey, StreamsGroupTopologyValue],
})
export type GroupRecord = (typeof groupRecords)['record']
export type GroupRecordInput = (typeof groupRecords)['input']
