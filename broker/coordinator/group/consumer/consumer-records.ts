// The records of consumer groups, at the versions and with the fields that Kafka 4.4 writes.

import type { ConsumerGroupCurrentMemberAssignmentValue } from '../../../../protocol/messages/group-state/consumer-groups.ts'
import type { ConsumerRecord } from '../group-records.ts'
import { type Assignment, toTopicPartitions } from '../modern/assignment.ts'
import type { ConsumerMember, EpochAssignment } from './consumer-member.ts'
import type { ResolvedRegex } from './resolved-regex.ts'

type EpochPartitions = ConsumerGroupCurrentMemberAssignmentValue['assignedPartitions']

export function groupEpochRecord(groupId: string, epoch: number, metadataHash: bigint): ConsumerRecord {
  return record('ConsumerGroupMetadata', { groupId }, { epoch, metadataHash })
}

export function memberRecord(groupId: string, member: ConsumerMember): ConsumerRecord {
  const { memberId, instanceId, rackId, clientId, clientHost, subscribedTopicRegex } = member
  return record(
    'ConsumerGroupMemberMetadata',
    { groupId, memberId },
    {
      instanceId,
      rackId,
      clientId,
      clientHost,
      subscribedTopicNames: [...member.subscribedTopicNames].sort(),
      subscribedTopicRegex,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      serverAssignor: member.serverAssignor,
      classicMemberMetadata: member.classic,
    },
  )
}

export function targetRecord(groupId: string, memberId: string, target: Assignment): ConsumerRecord {
  const value = { topicPartitions: toTopicPartitions(target) }
  return record('ConsumerGroupTargetAssignmentMember', { groupId, memberId }, value)
}

export function targetEpochRecord(groupId: string, assignmentEpoch: number, now: number): ConsumerRecord {
  const value = { assignmentEpoch, assignmentTimestamp: BigInt(now) }
  return record('ConsumerGroupTargetAssignmentMetadata', { groupId }, value)
}

export function currentAssignmentRecord(groupId: string, member: ConsumerMember): ConsumerRecord {
  const { memberId, memberEpoch, previousMemberEpoch, state } = member
  return record(
    'ConsumerGroupCurrentMemberAssignment',
    { groupId, memberId },
    {
      memberEpoch,
      previousMemberEpoch,
      state,
      assignedPartitions: toEpochPartitions(member.assigned),
      partitionsPendingRevocation: toEpochPartitions(member.pendingRevocation),
    },
  )
}

export function regexRecord(groupId: string, regex: string, { topics, version, timestamp }: ResolvedRegex) {
  const value = { topics: [...topics].sort(), version: BigInt(version), timestamp: BigInt(timestamp) }
  return record('ConsumerGroupRegularExpression', { groupId, regularExpression: regex }, value)
}

export const groupEpochTombstone = (groupId: string): ConsumerRecord =>
  record('ConsumerGroupMetadata', { groupId }, null)

/** Of a record that Kafka wrote until 4.0 and writes no more. */
export const partitionMetadataTombstone = (groupId: string): ConsumerRecord =>
  record('ConsumerGroupPartitionMetadata', { groupId }, null)

export const memberTombstone = (groupId: string, memberId: string): ConsumerRecord =>
  record('ConsumerGroupMemberMetadata', { groupId, memberId }, null)

export const targetTombstone = (groupId: string, memberId: string): ConsumerRecord =>
  record('ConsumerGroupTargetAssignmentMember', { groupId, memberId }, null)

export const targetEpochTombstone = (groupId: string): ConsumerRecord =>
  record('ConsumerGroupTargetAssignmentMetadata', { groupId }, null)

export const currentAssignmentTombstone = (groupId: string, memberId: string): ConsumerRecord =>
  record('ConsumerGroupCurrentMemberAssignment', { groupId, memberId }, null)

export const regexTombstone = (groupId: string, regularExpression: string): ConsumerRecord =>
  record('ConsumerGroupRegularExpression', { groupId, regularExpression }, null)

/** A member is gone: everything of it, in the order that Kafka's replay wants. */
export function removalRecords(groupId: string, memberId: string): ConsumerRecord[] {
  return [
    currentAssignmentTombstone(groupId, memberId),
    targetTombstone(groupId, memberId),
    memberTombstone(groupId, memberId),
  ]
}

type RecordOf<Type extends ConsumerRecord['type']> = Extract<ConsumerRecord, { type: Type }>

function record<Type extends ConsumerRecord['type']>(
  type: Type,
  key: RecordOf<Type>['key'],
  value: RecordOf<Type>['value'],
): ConsumerRecord {
  // The compiler does not see that key and value belong to the type, which the signature has made sure of.
  return { kind: 'consumer', type, version: value === null ? -1 : 0, key, value } as ConsumerRecord
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
    assignment.set(
      topicId,
      new Map(partitions.map((partition, index) => [partition, hasEpochs ? assignmentEpochs[index]! : ownEpoch])),
    )
  }
  return assignment
}
