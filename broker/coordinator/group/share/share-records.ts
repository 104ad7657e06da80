// The records of share groups in `__consumer_offsets`, with the fields that Kafka 4.4 writes.

import type { ShareGroupRecord } from '../model/group-records.ts'
import { type Assignment, toTopicPartitions } from '../modern/assignment.ts'
import type { ShareMember } from './share-member.ts'
import type { StateTopics } from './state-topics.ts'

/** MemberState.STABLE: there is no other. */
const STABLE = 0

export function groupEpochRecord(groupId: string, epoch: number, metadataHash: bigint): ShareGroupRecord {
  return record('ShareGroupMetadata', { groupId }, { epoch, metadataHash })
}

export function memberRecord(groupId: string, member: ShareMember): ShareGroupRecord {
  const { memberId, rackId, clientId, clientHost, subscribedTopicNames } = member
  const value = { rackId, clientId, clientHost, subscribedTopicNames: [...subscribedTopicNames].sort() }
  return record('ShareGroupMemberMetadata', { groupId, memberId }, value)
}

export function targetRecord(groupId: string, memberId: string, target: Assignment): ShareGroupRecord {
  const value = { topicPartitions: toTopicPartitions(target) }
  return record('ShareGroupTargetAssignmentMember', { groupId, memberId }, value)
}

export function targetEpochRecord(groupId: string, assignmentEpoch: number, now: number): ShareGroupRecord {
  const value = { assignmentEpoch, assignmentTimestamp: BigInt(now) }
  return record('ShareGroupTargetAssignmentMetadata', { groupId }, value)
}

export function currentAssignmentRecord(groupId: string, member: ShareMember): ShareGroupRecord {
  const { memberId, memberEpoch, previousMemberEpoch, assigned } = member
  const value = { memberEpoch, previousMemberEpoch, state: STABLE, assignedPartitions: toTopicPartitions(assigned) }
  return record('ShareGroupCurrentMemberAssignment', { groupId, memberId }, value)
}

/** Which partitions the group has delivery state of. */
export function stateRecord(groupId: string, topics: StateTopics): ShareGroupRecord {
  const toInfo = (of: StateTopics['initialized']) =>
    [...of].map(([topicId, { name, partitions }]) => {
      return { topicId, topicName: name, partitions: [...partitions].sort((a, b) => a - b) }
    })
  return record(
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
    record('ShareGroupCurrentMemberAssignment', key, null),
    record('ShareGroupTargetAssignmentMember', key, null),
    record('ShareGroupMemberMetadata', key, null),
  ]
}

export function groupTombstones(groupId: string): ShareGroupRecord[] {
  return [
    record('ShareGroupTargetAssignmentMetadata', { groupId }, null),
    record('ShareGroupStatePartitionMetadata', { groupId }, null),
    record('ShareGroupMetadata', { groupId }, null),
  ]
}

type RecordOf<Type extends ShareGroupRecord['type']> = Extract<ShareGroupRecord, { type: Type }>

function record<Type extends ShareGroupRecord['type']>(
  type: Type,
  key: RecordOf<Type>['key'],
  value: RecordOf<Type>['value'],
): ShareGroupRecord {
  // The compiler does not see that key and value belong to the type, which the signature has made sure of.
  return { kind: 'share', type, version: value === null ? -1 : 0, key, value } as ShareGroupRecord
}
