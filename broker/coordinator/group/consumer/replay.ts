// How the records of `__consumer_offsets` change consumer groups.

import type { GroupMachine } from '../model/group-machine.ts'
import type { ConsumerRecord } from '../model/group-records.ts'
import { toAssignment } from '../modern/assignment.ts'
import { replayedGroup } from '../modern/replayed-group.ts'
import { ConsumerGroup } from './consumer-group.ts'
import { MEMBER_STATE, type MemberState, NOTHING_ASSIGNED, newMember } from './consumer-member.ts'
import { fromEpochPartitions } from './consumer-records.ts'

export function replayConsumer(machine: GroupMachine, record: ConsumerRecord): void {
  const { groupId } = record.key
  const group = replayedGroup(machine.groups, ConsumerGroup, groupId, record.value !== null)
  if (group === undefined) return
  applyRecord(group, record)
  if (record.type === 'ConsumerGroupMetadata' && record.value === null) machine.groups.delete(groupId)
}

/** Changes the group alone. */
export function applyRecord(group: ConsumerGroup, record: ConsumerRecord): void {
  switch (record.type) {
    case 'ConsumerGroupMetadata':
      if (record.value === null) return
      group.groupEpoch = record.value.epoch
      group.metadataHash = record.value.metadataHash
      break
    case 'ConsumerGroupPartitionMetadata':
      group.hasPartitionMetadata = record.value !== null
      break
    case 'ConsumerGroupMemberMetadata':
      applyMember(group, record)
      break
    case 'ConsumerGroupTargetAssignmentMetadata':
      group.setAssignmentEpoch(record.value)
      break
    case 'ConsumerGroupTargetAssignmentMember': {
      const { key, value } = record
      group.setTarget(key.memberId, value && toAssignment(value.topicPartitions))
      break
    }
    case 'ConsumerGroupCurrentMemberAssignment':
      applyCurrentAssignment(group, record)
      break
    case 'ConsumerGroupRegularExpression': {
      const { key, value } = record
      const { topics, version, timestamp } = value ?? { topics: [], version: 0n, timestamp: 0n }
      const resolved = { topics: new Set(topics), version: Number(version), timestamp: Number(timestamp) }
      group.resolve(key.regularExpression, value === null ? null : resolved)
    }
  }
}

function applyMember(group: ConsumerGroup, { key, value }: RecordOf<'ConsumerGroupMemberMetadata'>): void {
  if (value === null) {
    group.remove(key.memberId)
    return
  }
  const { instanceId, rackId, clientId, clientHost, rebalanceTimeoutMs, serverAssignor } = value
  group.update({
    ...(group.members.get(key.memberId) ?? newMember(key.memberId)),
    instanceId,
    rackId,
    clientId,
    clientHost,
    rebalanceTimeoutMs,
    serverAssignor,
    subscribedTopicNames: new Set(value.subscribedTopicNames),
    subscribedTopicRegex: value.subscribedTopicRegex,
    classic: value.classicMemberMetadata,
  })
}

function applyCurrentAssignment(
  group: ConsumerGroup,
  { key, value }: RecordOf<'ConsumerGroupCurrentMemberAssignment'>,
): void {
  const member = group.members.get(key.memberId)
  if (value === null) {
    if (member === undefined) return
    const gone = { memberEpoch: -1, previousMemberEpoch: -1, assigned: NOTHING_ASSIGNED }
    group.update({ ...member, ...gone, pendingRevocation: NOTHING_ASSIGNED })
    return
  }
  const { memberEpoch, previousMemberEpoch, state, assignedPartitions, partitionsPendingRevocation } = value
  group.update({
    ...(member ?? newMember(key.memberId)),
    memberEpoch,
    previousMemberEpoch,
    state: toMemberState(state),
    assigned: fromEpochPartitions(assignedPartitions, memberEpoch),
    pendingRevocation: fromEpochPartitions(partitionsPendingRevocation, memberEpoch),
  })
}

type RecordOf<Type extends ConsumerRecord['type']> = Extract<ConsumerRecord, { type: Type }>

function toMemberState(state: number): MemberState {
  return Object.values(MEMBER_STATE).find((known) => known === state) ?? MEMBER_STATE.unknown
}
