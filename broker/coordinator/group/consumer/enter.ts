// Who speaks, and in which group: checks of ids and epochs. A static member may take the place of the one that ran
// under its instance id before, when that has said that it is away, or when one of the two speaks the classic
// protocol.

import { randomUuid } from '../../../../host/random-uuid.ts'
import { ClassicGroup } from '../classic/classic-group.ts'
import type { GroupMachine } from '../model/group-machine.ts'
import { forgetMember } from '../model/member-timers.ts'
import { groupNotFound, type Refusal } from '../model/refusal.ts'
import type { TopicPartitions } from '../modern/assignment.ts'
import type { Draft } from '../modern/draft.ts'
import {
  fencedEpoch,
  fencedInstance,
  fullError,
  notAMember,
  unknownInstance,
  unreleasedInstance,
} from '../modern/entry.ts'
import { LEAVE_STATIC_EPOCH } from '../modern/modern-group.ts'
import { ConsumerGroup, consumerGroup } from './consumer-group.ts'
import { type ConsumerMember, type EpochAssignment, newMember } from './consumer-member.ts'
import { currentAssignmentRecord, memberRecord, removalRecords, targetRecord } from './consumer-records.ts'
import { upgrade } from './upgrade.ts'

export function findGroup(machine: GroupMachine, groupId: string): ConsumerGroup | Refusal {
  return consumerGroup(machine, groupId) ?? groupNotFound(machine, groupId, 'consumer', 'Consumer group')
}

/** The group that a member may join: a new one, or a classic one that becomes one of consumers. */
export function enterGroup(machine: GroupMachine, groupId: string, draft: Draft): ConsumerGroup | Refusal {
  const group = machine.groups.get(groupId)
  if (group === undefined) return new ConsumerGroup(groupId)
  if (!(group instanceof ClassicGroup)) return findGroup(machine, groupId)
  if (group.state !== 'Empty') return upgrade(machine, group, draft)
  draft.records.push(...group.tombstones())
  draft.whenApplied.push(() => machine.forgetTimers(group))
  return new ConsumerGroup(groupId)
}

export interface EntryRequest {
  /** Empty: it has none yet. */
  readonly memberId: string
  readonly memberEpoch: number
  readonly instanceId: string | null
  readonly owned: readonly TopicPartitions[] | null
  readonly isClassic: boolean
  /** A classic member that has no id yet. */
  readonly isUnknown?: boolean
}

export interface Entered {
  /** As the group knows it, or one that nobody knows yet. */
  readonly before: ConsumerMember
  readonly replaces: ConsumerMember | null
}

export function enterMember(
  machine: GroupMachine,
  group: ConsumerGroup,
  request: EntryRequest,
  draft: Draft,
): Entered | Refusal {
  const { instanceId } = request
  const memberId = request.memberId === '' ? randomUuid(machine.host.random) : request.memberId
  const limit = machine.config.get('group.consumer.max.size')
  const full = fullError(group, limit, request.memberId, instanceId)
  if (full !== null) return full
  return instanceId === null
    ? enterDynamic(group, request, memberId)
    : enterStatic(machine, group, { ...request, instanceId }, memberId, draft)
}

function enterDynamic(group: ConsumerGroup, request: EntryRequest, memberId: string): Entered | Refusal {
  const isJoining = request.isClassic || request.memberEpoch === 0
  const before = group.members.get(memberId) ?? (isJoining ? newMember(memberId) : null)
  if (before === null) return notAMember(group.groupId, memberId)
  return epochError(before, request) ?? { before, replaces: null }
}

function enterStatic(
  machine: GroupMachine,
  group: ConsumerGroup,
  request: EntryRequest & { readonly instanceId: string },
  memberId: string,
  draft: Draft,
): Entered | Refusal {
  const { instanceId, isClassic } = request
  const current = group.staticMember(instanceId)
  const isJoining = isClassic ? request.isUnknown === true : request.memberEpoch === 0
  if (!isJoining) {
    const wrong = current === undefined ? unknownInstance(instanceId) : fencedInstance(current, memberId, instanceId)
    if (wrong !== null || current === undefined) return wrong ?? unknownInstance(instanceId)
    return epochError(current, request) ?? { before: current, replaces: null }
  }
  if (current === undefined) {
    return { before: group.members.get(memberId) ?? newMember(memberId), replaces: null }
  }
  if (!isClassic && current.classic === null && current.memberEpoch !== LEAVE_STATIC_EPOCH) {
    return unreleasedInstance(current, memberId, instanceId)
  }
  const before = { ...current, memberId, memberEpoch: 0, previousMemberEpoch: 0 }
  const { groupId } = group
  draft.records.push(
    ...removalRecords(groupId, current.memberId),
    memberRecord(groupId, before),
    targetRecord(groupId, memberId, group.targetOf(current.memberId)),
    currentAssignmentRecord(groupId, before),
  )
  draft.whenApplied.push(() => {
    if (current.memberId !== memberId) forgetMember(machine, groupId, current.memberId)
  })
  return { before, replaces: current }
}

/** The last answer may have been lost: the epoch before passes, while the member claims no more than it has. */
function epochError(member: ConsumerMember, { memberEpoch, owned, isClassic }: EntryRequest): Refusal | null {
  if (isClassic || memberEpoch === 0 || memberEpoch === member.memberEpoch) return null
  const isBehind = memberEpoch < member.memberEpoch
  if (isBehind && memberEpoch === member.previousMemberEpoch && isWithin(owned, member.assigned)) return null
  return fencedEpoch('consumer', member, memberEpoch)
}

function isWithin(owned: readonly TopicPartitions[] | null, assigned: EpochAssignment): boolean {
  if (owned === null) return false
  return owned.every(({ topicId, partitions }) => {
    const epochs = assigned.get(topicId)
    return epochs !== undefined && partitions.every((partition) => epochs.has(partition))
  })
}
