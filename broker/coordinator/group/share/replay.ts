// How the records of `__consumer_offsets` change share groups.

import type { GroupMachine } from '../model/group-machine.ts'
import type { ShareGroupRecord } from '../model/group-records.ts'
import { NO_PARTITIONS, toAssignment } from '../modern/assignment.ts'
import { replayedGroup } from '../modern/replayed-group.ts'
import { ShareGroup } from './share-group.ts'
import { newShareMember } from './share-member.ts'
import { NO_STATE, type StateTopic } from './state-topics.ts'

export function replayShare(machine: GroupMachine, record: ShareGroupRecord): void {
  const { groupId } = record.key
  const group = replayedGroup(machine.groups, ShareGroup, groupId, record.value !== null)
  if (group === undefined) return
  applyRecord(group, record)
  if (record.type === 'ShareGroupMetadata' && record.value === null) machine.groups.delete(groupId)
}

function applyRecord(group: ShareGroup, record: ShareGroupRecord): void {
  switch (record.type) {
    case 'ShareGroupMetadata':
      if (record.value === null) return
      group.groupEpoch = record.value.epoch
      group.metadataHash = record.value.metadataHash
      break
    case 'ShareGroupMemberMetadata': {
      const { key, value } = record
      if (value === null) {
        group.remove(key.memberId)
        return
      }
      const { rackId, clientId, clientHost } = value
      const known = group.members.get(key.memberId) ?? newShareMember(key.memberId)
      group.update({
        ...known,
        rackId,
        clientId,
        clientHost,
        subscribedTopicNames: new Set(value.subscribedTopicNames),
      })
      break
    }
    case 'ShareGroupTargetAssignmentMetadata':
      group.setAssignmentEpoch(record.value)
      break
    case 'ShareGroupTargetAssignmentMember': {
      const { key, value } = record
      group.setTarget(key.memberId, value && toAssignment(value.topicPartitions))
      break
    }
    case 'ShareGroupCurrentMemberAssignment': {
      const { key, value } = record
      const member = group.members.get(key.memberId)
      if (value !== null) {
        const { memberEpoch, previousMemberEpoch, assignedPartitions } = value
        const known = member ?? newShareMember(key.memberId)
        group.update({ ...known, memberEpoch, previousMemberEpoch, assigned: toAssignment(assignedPartitions) })
      } else if (member !== undefined) {
        group.update({ ...member, memberEpoch: -1, previousMemberEpoch: -1, assigned: NO_PARTITIONS })
      }
      break
    }
    case 'ShareGroupStatePartitionMetadata': {
      const { value } = record
      const before = group.state.initialized
      group.state =
        value === null
          ? NO_STATE
          : {
              initializing: toStateTopics(value.initializingTopics),
              initialized: toStateTopics(value.initializedTopics),
              deleting: new Map(value.deletingTopics.map(({ topicId, topicName }) => [topicId, topicName])),
            }
      if (countOf(group.state.initialized) !== countOf(before)) group.hasNewState = true
    }
  }
}

function countOf(topics: ReadonlyMap<string, StateTopic>): number {
  let count = 0
  for (const { partitions } of topics.values()) count += partitions.size
  return count
}

function toStateTopics(
  topics: readonly { readonly topicId: string; readonly topicName: string; readonly partitions: readonly number[] }[],
): Map<string, StateTopic> {
  return new Map(
    topics.map(({ topicId, topicName, partitions }) => [topicId, { name: topicName, partitions: new Set(partitions) }]),
  )
}
