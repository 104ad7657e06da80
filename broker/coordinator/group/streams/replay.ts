// How the records of `__consumer_offsets` change streams groups.

import type { GroupMachine } from '../model/group-machine.ts'
import type { StreamsRecord } from '../model/group-records.ts'
import { replayedGroup } from '../modern/replayed-group.ts'
import { StreamsGroup } from './streams-group.ts'
import { MEMBER_STATE, type MemberState, newMember } from './streams-member.ts'
import { type EpochTasks, type HeldTasks, NONE_HELD, type TaskSets, toTasks } from './tasks.ts'
import { Topology } from './topology.ts'

type RecordOf<Type extends StreamsRecord['type']> = Extract<StreamsRecord, { type: Type }>

export function replayStreams(machine: GroupMachine, record: StreamsRecord): void {
  const { groupId } = record.key
  const group = replayedGroup(machine.groups, StreamsGroup, groupId, record.value !== null)
  if (group === undefined) return
  applyRecord(group, record)
  if (record.type === 'StreamsGroupMetadata' && record.value === null) machine.groups.delete(groupId)
}

function applyRecord(group: StreamsGroup, record: StreamsRecord): void {
  switch (record.type) {
    case 'StreamsGroupMetadata':
      applyGroupEpoch(group, record)
      break
    case 'StreamsGroupMemberMetadata':
      applyMember(group, record)
      break
    case 'StreamsGroupTargetAssignmentMetadata':
      group.setAssignmentEpoch(record.value)
      break
    case 'StreamsGroupTargetAssignmentMember':
      group.setTarget(record.key.memberId, record.value && toTarget(record.value))
      break
    case 'StreamsGroupCurrentMemberAssignment':
      applyCurrentAssignment(group, record)
      break
    case 'StreamsGroupTopology':
      group.setTopology(record.value === null ? null : new Topology(record.value))
  }
}

type StoredTarget = NonNullable<RecordOf<'StreamsGroupTargetAssignmentMember'>['value']>

function toTarget({ activeTasks, standbyTasks, warmupTasks }: StoredTarget): TaskSets {
  return { active: toTasks(activeTasks), standby: toTasks(standbyTasks), warmup: toTasks(warmupTasks) }
}

function applyGroupEpoch(group: StreamsGroup, { value }: RecordOf<'StreamsGroupMetadata'>): void {
  if (value === null) return
  group.groupEpoch = value.epoch
  group.metadataHash = value.metadataHash
  group.validatedTopologyEpoch = value.validatedTopologyEpoch
  group.assignmentConfigs = new Map((value.lastAssignmentConfigs ?? []).map((config) => [config.key, config.value]))
  group.storedDescriptionTopologyEpoch = value.storedDescriptionTopologyEpoch
  group.failedDescriptionTopologyEpoch = value.failedDescriptionTopologyEpoch
}

function applyMember(group: StreamsGroup, { key, value }: RecordOf<'StreamsGroupMemberMetadata'>): void {
  if (value === null) {
    group.remove(key.memberId)
    return
  }
  const { instanceId, rackId, clientId, clientHost, rebalanceTimeoutMs, topologyEpoch, processId, userEndpoint } = value
  group.update({
    ...(group.members.get(key.memberId) ?? newMember(key.memberId)),
    instanceId,
    rackId,
    clientId,
    clientHost,
    rebalanceTimeoutMs,
    topologyEpoch,
    processId,
    userEndpoint,
    clientTags: new Map(value.clientTags.map((tag) => [tag.key, tag.value])),
  })
}

function applyCurrentAssignment(
  group: StreamsGroup,
  { key, value }: RecordOf<'StreamsGroupCurrentMemberAssignment'>,
): void {
  const member = group.members.get(key.memberId)
  if (value === null) {
    if (member === undefined) return
    const gone = { memberEpoch: -1, previousMemberEpoch: -1, assigned: NONE_HELD, pendingRevocation: NONE_HELD }
    group.update({ ...member, ...gone })
    return
  }
  const { memberEpoch, previousMemberEpoch, state } = value
  const held = (active: HeldTaskIds, standby: HeldTaskIds, warmup: HeldTaskIds): HeldTasks => ({
    active: toEpochTasks(active, memberEpoch),
    standby: toTasks(standby),
    warmup: toTasks(warmup),
  })
  group.update({
    ...(member ?? newMember(key.memberId)),
    memberEpoch,
    previousMemberEpoch,
    state: toMemberState(state),
    assigned: held(value.activeTasks, value.standbyTasks, value.warmupTasks),
    pendingRevocation: held(
      value.activeTasksPendingRevocation,
      value.standbyTasksPendingRevocation,
      value.warmupTasksPendingRevocation,
    ),
  })
}

type HeldTaskIds = NonNullable<RecordOf<'StreamsGroupCurrentMemberAssignment'>['value']>['activeTasks']

/** Records before KIP-1251 have no epochs: what a member has counts as got at its own epoch. */
function toEpochTasks(ids: HeldTaskIds, memberEpoch: number): EpochTasks {
  return new Map(
    ids.map(({ subtopologyId, partitions, assignmentEpochs }) => {
      const epochs = assignmentEpochs?.length === partitions.length ? assignmentEpochs : null
      return [subtopologyId, new Map(partitions.map((one, index) => [one, epochs?.[index] ?? memberEpoch]))]
    }),
  )
}

function toMemberState(state: number): MemberState {
  return Object.values(MEMBER_STATE).find((known) => known === state) ?? MEMBER_STATE.unknown
}
