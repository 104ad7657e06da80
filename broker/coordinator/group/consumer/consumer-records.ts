// The records of consumer groups, at the versions and with the fields that Kafka 4.4 writes.

import { type ConsumerRecord, modernRecord } from '../model/group-records.ts'
import { type Assignment, toTopicPartitions } from '../modern/assignment.ts'
import type { ConsumerMember, EpochAssignment } from './consumer-member.ts'
import type { ResolvedRegex } from './resolved-regex.ts'

type CurrentAssignment = Extract<ConsumerRecord, { type: 'ConsumerGroupCurrentMemberAssignment' }>
type EpochPartitions = NonNullable<CurrentAssignment['value']>['assignedPartitions']

export function groupEpochRecord(groupId: string, epoch: number, metadataHash: bigint): ConsumerRecord {
  return modernRecord('ConsumerGroupMetadata', { groupId }, { epoch, metadataHash })
}

export function memberRecord(groupId: string, member: ConsumerMember): ConsumerRecord {
  const { memberId, instanceId, rackId, clientId, clientHost, subscribedTopicRegex } = member
  const value = {
    instanceId,
    rackId,
    clientId,
    clientHost,
    subscribedTopicNames: [...member.subscribedTopicNames].sort(),
    subscribedTopicRegex,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    serverAssignor: member.serverAssignor,
    classicMemberMetadata: member.classic,
  }
  return modernRecord('ConsumerGroupMemberMetadata', { groupId, memberId }, value)
}

export function targetRecord(groupId: string, memberId: string, target: Assignment): ConsumerRecord {
  const value = { topicPartitions: toTopicPartitions(target) }
  return modernRecord('ConsumerGroupTargetAssignmentMember', { groupId, memberId }, value)
}

export function targetEpochRecord(groupId: string, assignmentEpoch: number, now: number): ConsumerRecord {
  const value = { assignmentEpoch, assignmentTimestamp: BigInt(now) }
  return modernRecord('ConsumerGroupTargetAssignmentMetadata', { groupId }, value)
}

export function currentAssignmentRecord(groupId: string, member: ConsumerMember): ConsumerRecord {
  const { memberId, memberEpoch, previousMemberEpoch, state } = member
  const value = {
    memberEpoch,
    previousMemberEpoch,
    state,
    assignedPartitions: toEpochPartitions(member.assigned),
    partitionsPendingRevocation: toEpochPartitions(member.pendingRevocation),
  }
  return modernRecord('ConsumerGroupCurrentMemberAssignment', { groupId, memberId }, value)
}

export function regexRecord(groupId: string, regex: string, resolved: ResolvedRegex): ConsumerRecord {
  const { topics, version, timestamp } = resolved
  const value = { topics: [...topics].sort(), version: BigInt(version), timestamp: BigInt(timestamp) }
  const key = { groupId, regularExpression: regex }
  return modernRecord('ConsumerGroupRegularExpression', key, value)
}

export function groupEpochTombstone(groupId: string): ConsumerRecord {
  return modernRecord('ConsumerGroupMetadata', { groupId }, null)
}

/** Of a record that Kafka wrote until 4.0 and writes no more. */
export function partitionMetadataTombstone(groupId: string): ConsumerRecord {
  return modernRecord('ConsumerGroupPartitionMetadata', { groupId }, null)
}

export function memberTombstone(groupId: string, memberId: string): ConsumerRecord {
  return modernRecord('ConsumerGroupMemberMetadata', { groupId, memberId }, null)
}

export function targetTombstone(groupId: string, memberId: string): ConsumerRecord {
  return modernRecord('ConsumerGroupTargetAssignmentMember', { groupId, memberId }, null)
}

export function targetEpochTombstone(groupId: string): ConsumerRecord {
  return modernRecord('ConsumerGroupTargetAssignmentMetadata', { groupId }, null)
}

export function currentAssignmentTombstone(groupId: string, memberId: string): ConsumerRecord {
  return modernRecord('ConsumerGroupCurrentMemberAssignment', { groupId, memberId }, null)
}

export function regexTombstone(groupId: string, regularExpression: string): ConsumerRecord {
  return modernRecord('ConsumerGroupRegularExpression', { groupId, regularExpression }, null)
}

/** A member is gone: everything of it, in the order that Kafka's replay wants. */
export function removalRecords(groupId: string, memberId: string): ConsumerRecord[] {
  return [
    currentAssignmentTombstone(groupId, memberId),
    targetTombstone(groupId, memberId),
    memberTombstone(groupId, memberId),
  ]
}

function toEpochPartitions(assignment: EpochAssignment): EpochPartitions {
  return [...assignment].map(([topicId, epochs]) => {
    const sorted = [...epochs].sort(([a], [b]) => a - b)
    return {
      topicId,
      partitions: sorted.map(([partition]) => partition),
      assignmentEpochs: sorted.map(([, epoch]) => epoch),
    }
  })
}

/** Records before KIP-1251 have no epochs: what a member has counts as got at its own epoch. */
export function fromEpochPartitions(topics: EpochPartitions, memberEpoch: number): EpochAssignment {
  const ownEpoch = Math.max(memberEpoch, 0)
  const assignment = new Map<string, Map<number, number>>()
  for (const { topicId, partitions, assignmentEpochs } of topics) {
    const hasEpochs = assignmentEpochs !== null && assignmentEpochs.length === partitions.length
    const epochOf = (index: number): number => (hasEpochs ? assignmentEpochs[index]! : ownEpoch)
    assignment.set(topicId, new Map(partitions.map((partition, index) => [partition, epochOf(index)])))
  }
  return assignment
}
