// The records of streams groups, at the versions and with the fields that Kafka 4.4 writes.

import type { StreamsGroupTopologyValue } from '../../../../protocol/messages/group-state/streams-groups.ts'
import { modernRecord, type StreamsRecord } from '../model/group-records.ts'
import type { AssignmentConfigs } from './streams-config.ts'
import type { StreamsMember } from './streams-member.ts'
import { type EpochTasks, inOrder, type TaskSets, type Tasks, toTaskIds } from './tasks.ts'

export interface GroupEpoch {
  readonly groupEpoch: number
  readonly metadataHash: bigint
  /** Of the topology that all topics are there for; -1: some are not. */
  readonly validatedTopologyEpoch: number
  readonly assignmentConfigs: AssignmentConfigs
  /** Of what a plug-in of Apache Kafka keeps (KIP-1331), which is not known here: they stay as they are. */
  readonly storedDescriptionTopologyEpoch: number
  readonly failedDescriptionTopologyEpoch: number
}

export function groupEpochRecord(groupId: string, epoch: GroupEpoch): StreamsRecord {
  return modernRecord(
    'StreamsGroupMetadata',
    { groupId },
    {
      epoch: epoch.groupEpoch,
      metadataHash: epoch.metadataHash,
      validatedTopologyEpoch: epoch.validatedTopologyEpoch,
      lastAssignmentConfigs: [...epoch.assignmentConfigs].map(([key, value]) => ({ key, value })),
      storedDescriptionTopologyEpoch: epoch.storedDescriptionTopologyEpoch,
      failedDescriptionTopologyEpoch: epoch.failedDescriptionTopologyEpoch,
    },
  )
}

export function memberRecord(groupId: string, member: StreamsMember): StreamsRecord {
  const { memberId, instanceId, rackId, clientId, clientHost, rebalanceTimeoutMs, topologyEpoch, processId } = member
  return modernRecord(
    'StreamsGroupMemberMetadata',
    { groupId, memberId },
    {
      instanceId,
      rackId,
      clientId,
      clientHost,
      rebalanceTimeoutMs,
      topologyEpoch,
      processId,
      userEndpoint: member.userEndpoint,
      clientTags: inOrder(member.clientTags).map(([key, value]) => ({ key, value })),
    },
  )
}

export function topologyRecord(groupId: string, topology: StreamsGroupTopologyValue): StreamsRecord {
  return modernRecord('StreamsGroupTopology', { groupId }, topology)
}

export function targetRecord(groupId: string, memberId: string, { active, standby, warmup }: TaskSets): StreamsRecord {
  const value = { activeTasks: toTaskIds(active), standbyTasks: toTaskIds(standby), warmupTasks: toTaskIds(warmup) }
  return modernRecord('StreamsGroupTargetAssignmentMember', { groupId, memberId }, value)
}

export function targetEpochRecord(groupId: string, assignmentEpoch: number, now: number): StreamsRecord {
  const value = { assignmentEpoch, assignmentTimestamp: BigInt(now) }
  return modernRecord('StreamsGroupTargetAssignmentMetadata', { groupId }, value)
}

export function currentAssignmentRecord(groupId: string, member: StreamsMember): StreamsRecord {
  const { memberId, memberEpoch, previousMemberEpoch, state, assigned, pendingRevocation } = member
  return modernRecord(
    'StreamsGroupCurrentMemberAssignment',
    { groupId, memberId },
    {
      memberEpoch,
      previousMemberEpoch,
      state,
      activeTasks: withEpochs(assigned.active),
      standbyTasks: withoutEpochs(assigned.standby),
      warmupTasks: withoutEpochs(assigned.warmup),
      activeTasksPendingRevocation: withEpochs(pendingRevocation.active),
      standbyTasksPendingRevocation: withoutEpochs(pendingRevocation.standby),
      warmupTasksPendingRevocation: withoutEpochs(pendingRevocation.warmup),
    },
  )
}

export const groupEpochTombstone = (groupId: string): StreamsRecord =>
  modernRecord('StreamsGroupMetadata', { groupId }, null)

export const topologyTombstone = (groupId: string): StreamsRecord =>
  modernRecord('StreamsGroupTopology', { groupId }, null)

export const targetEpochTombstone = (groupId: string): StreamsRecord =>
  modernRecord('StreamsGroupTargetAssignmentMetadata', { groupId }, null)

export const memberTombstone = (groupId: string, memberId: string): StreamsRecord =>
  modernRecord('StreamsGroupMemberMetadata', { groupId, memberId }, null)

export const targetTombstone = (groupId: string, memberId: string): StreamsRecord =>
  modernRecord('StreamsGroupTargetAssignmentMember', { groupId, memberId }, null)

export const currentAssignmentTombstone = (groupId: string, memberId: string): StreamsRecord =>
  modernRecord('StreamsGroupCurrentMemberAssignment', { groupId, memberId }, null)

/** A member is gone: everything of it, in the order that Kafka's replay wants. */
export function removalRecords(groupId: string, memberId: string): StreamsRecord[] {
  return [
    currentAssignmentTombstone(groupId, memberId),
    targetTombstone(groupId, memberId),
    memberTombstone(groupId, memberId),
  ]
}

function withEpochs(tasks: EpochTasks) {
  return inOrder(tasks).map(([subtopologyId, epochs]) => {
    const ordered = [...epochs].sort(([a], [b]) => a - b)
    return {
      subtopologyId,
      partitions: ordered.map(([partition]) => partition),
      assignmentEpochs: ordered.map(([, epoch]) => epoch),
    }
  })
}

function withoutEpochs(tasks: Tasks) {
  return toTaskIds(tasks).map((ids) => ({ ...ids, assignmentEpochs: null }))
}
