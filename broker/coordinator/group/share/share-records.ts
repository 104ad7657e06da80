// The records of share groups in `__consumer_offsets`, with the fields that Kafka 4.4 writes.

import { modernRecord, type ShareGroupRecord } from '../model/group-records.ts'
import { type Assignment, toTopicPartitions } from '../modern/assignment.ts'
import type { ShareMember } from './share-member.ts'
import type { StateTopics } from './state-topics.ts'

/** MemberState.STABLE: there is no other. */
const STABLE = 0

export function groupEpochRecord(groupId: string, epoch: number, metadataHash: bigint): ShareGroupRecord {
  return modernRecord('ShareGroupMetadata', { groupId }, { epoch, metadataHash })
}

export function memberRecord(groupId: string, member: ShareMember): ShareGroupRecord {
  const { memberId, rackId, clientId, clientHost, subscribedTopicNames } = member
  const value = { rackId, clientId, clientHost, subscribedTopicNames: [...subscribedTopicNames].sort() }
  return modernRecord('ShareGroupMemberMetadata', { groupId, memberId }, value)
}

export function targetRecord(groupId: string, memberId: string, target: Assignment): ShareGroupRecord {
  const value = { topicPartitions: toTopicPartitions(target) }
  return modernRecord('ShareGroupTargetAssignmentMember', { groupId, memberId }, value)
}

export function targetEpochRecord(groupId: string, assignmentEpoch: number, now: number): ShareGroupRecord {
  const value = { assignmentEpoch, assignmentTimestamp: BigInt(now) }
  return modernRecord('ShareGroupTargetAssignmentMetadata', { groupId }, value)
}

export function currentAssignmentRecord(groupId: string, member: ShareMember): ShareGroupRecord {
  const { memberId, memberEpoch, previousMemberEpoch, assigned } = member
  const value = { memberEpoch, previousMemberEpoch, state: STABLE, assignedPartitions: toTopicPartitions(assigned) }
  return modernRecord('ShareGroupCurrentMemberAssignment', { groupId, memberId }, value)
}

/** Which partitions the group has delivery state of. */
export function stateRecord(groupId: string, topics: StateTopics): ShareGroupRecord {
  const toInfo = (of: StateTopics['initialized']) =>
    [...of].map(([topicId, { name, partitions }]) => {
      return { topicId, topicName: name, partitions: [...partitions].sort((a, b) => a - b) }
    })
  return modernRecord(
    'ShareGroupStatePartitionMetadata',
    { groupId },
    {
      initializingTopics: toInfo(topics.initializing),
      initializedTopics: toInfo(topics.initialized),
      deletingTopics: [...topics.deleting].map(([topicId, topicName]) => ({ topicId, topicName })),
    },
  )
}

/** A member is gone: everything of it, in the order that Kafka's replay wants. */
export function removalRecords(groupId: string, memberId: string): ShareGroupRecord[] {
  const key = { groupId, memberId }
  return [
    modernRecord('ShareGroupCurrentMemberAssignment', key, null),
    modernRecord('ShareGroupTargetAssignmentMember', key, null),
    modernRecord('ShareGroupMemberMetadata', key, null),
  ]
}

export function groupTombstones(groupId: string): ShareGroupRecord[] {
  return [
    modernRecord('ShareGroupTargetAssignmentMetadata', { groupId }, null),
    modernRecord('ShareGroupStatePartitionMetadata', { groupId }, null),
    modernRecord('ShareGroupMetadata', { groupId }, null),
  ]
}
