// The records of consumer groups, at the versions and with the fields that Kafka 4.4 writes.

import type { ConsumerRecord } from '../model/group-records.ts'
import { type Assignment, toTopicPartitions } from '../modern/assignment.ts'
import type { ConsumerMember, EpochAssignment } from './consumer-member.ts'
import type { ResolvedRegex } from './resolved-regex.ts'

type CurrentAssignment = Extract<ConsumerRecord, { type: 'ConsumerGroupCurrentMemberAssignment' }>
type EpochPartitions = NonNullable<CurrentAssignment['value']>['assignedPartitions']

const WRITTEN = { kind: 'consumer', version: 0 } as const
const DELETED = { kind: 'consumer', version: -1, value: null } as const

export function groupEpochRecord(groupId: string, epoch: number, metadataHash: bigint): ConsumerRecord {
  return { ...WRITTEN, type: 'ConsumerGroupMetadata', key: { groupId }, value: { epoch, metadataHash } }
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
  return { ...WRITTEN, type: 'ConsumerGroupMemberMetadata', key: { groupId, memberId }, value }
}

export function targetRecord(groupId: string, memberId: string, target: Assignment): ConsumerRecord {
  const value = { topicPartitions: toTopicPartitions(target) }
  return { ...WRITTEN, type: 'ConsumerGroupTargetAssignmentMember', key: { groupId, memberId }, value }
}

export function targetEpochRecord(groupId: string, assignmentEpoch: number, now: number): ConsumerRecord {
  const value = { assignmentEpoch, assignmentTimestamp: BigInt(now) }
  return { ...WRITTEN, type: 'ConsumerGroupTargetAssignmentMetadata', key: { groupId }, value }
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
  return { ...WRITTEN, type: 'ConsumerGroupCurrentMemberAssignment', key: { groupId, memberId }, value }
}

export function regexRecord(groupId: string, regex: string, resolved: ResolvedRegex): ConsumerRecord {
  const { topics, version, timestamp } = resolved
  const value = { topics: [...topics].sort(), version: BigInt(version), timestamp: BigInt(timestamp) }
  const key = { groupId, regularExpression: regex }
  return { ...WRITTEN, type: 'ConsumerGroupRegularExpression', key, value }
}

export function groupEpochTombstone(groupId: string): ConsumerRecord {
  return { ...DELETED, type: 'ConsumerGroupMetadata', key: { groupId } }
}

/** Of a record that Kafka wrote until 4.0 and writes no more. */
export function partitionMetadataTombstone(groupId: string): ConsumerRecord {
  return { ...DELETED, type: 'ConsumerGroupPartitionMetadata', key: { groupId } }
}

export function memberTombstone(groupId: string, memberId: string): ConsumerRecord {
  return { ...DELETED, type: 'ConsumerGroupMemberMetadata', key: { groupId, memberId } }
}

export function targetTombstone(groupId: string, memberId: string): ConsumerRecord {
  return { ...DELETED, type: 'ConsumerGroupTargetAssignmentMember', key: { groupId, memberId } }
}

export function targetEpochTombstone(groupId: string): ConsumerRecord {
  return { ...DELETED, type: 'ConsumerGroupTargetAssignmentMetadata', key: { groupId } }
}

export function currentAssignmentTombstone(groupId: string, memberId: string): ConsumerRecord {
  return { ...DELETED, type: 'ConsumerGroupCurrentMemberAssignment', key: { groupId, memberId } }
}

export function regexTombstone(groupId: string, regularExpression: string): ConsumerRecord {
  return { ...DELETED, type: 'ConsumerGroupRegularExpression', key: { groupId, regularExpression } }
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
