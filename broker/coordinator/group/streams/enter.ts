// Who speaks, and in which group: checks of ids and epochs. A static member may take the place of the one that ran
// under its instance id before, when that has said that it is away.

import type { GroupMachine } from '../model/group-machine.ts'
import { forgetMember } from '../model/member-timers.ts'
import { groupNotFound, type Refusal } from '../model/refusal.ts'
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
import type { HeartbeatRequest } from './heartbeat-answer.ts'
import { StreamsGroup, streamsGroup } from './streams-group.ts'
import { newMember, type StreamsMember } from './streams-member.ts'
import { currentAssignmentRecord, memberRecord, removalRecords, targetRecord } from './streams-records.ts'
import { isWithin, type TaskIds, toTasks } from './tasks.ts'

export function findGroup(machine: GroupMachine, groupId: string): StreamsGroup | Refusal {
  return streamsGroup(machine, groupId) ?? groupNotFound(machine, groupId, 'streams', 'Streams group')
}

/** The group that a member may join: the one there is, or a new one, for which an empty classic one gives way. */
export function enterGroup(machine: GroupMachine, groupId: string, draft: Draft): StreamsGroup | Refusal {
  const group = machine.groups.get(groupId)
  if (group === undefined) return new StreamsGroup(groupId)
  if (group.type !== 'classic' || !group.isEmpty) return findGroup(machine, groupId)
  draft.records.push(...group.tombstones())
  draft.whenApplied.push(() => machine.forgetTimers(group))
  return new StreamsGroup(groupId)
}

export interface Entered {
  /** As the group knows it, or one that nobody knows yet. */
  readonly before: StreamsMember
  readonly replaces: StreamsMember | null
}

export function enterMember(
  machine: GroupMachine,
  group: StreamsGroup,
  request: HeartbeatRequest,
  draft: Draft,
): Entered | Refusal {
  const { memberId, memberEpoch, instanceId } = request
  const isJoining = memberEpoch === 0
  const limit = machine.config.get('group.streams.max.size')
  const full = isJoining ? fullError(group, limit, memberId, instanceId) : null
  if (full !== null) return full
  if (instanceId !== null) return enterStatic(machine, group, { ...request, instanceId }, draft)
  const before = group.members.get(memberId) ?? (isJoining ? newMember(memberId) : null)
  if (before === null) return notAMember(group.groupId, memberId)
  return epochError(before, request) ?? { before, replaces: null }
}

function enterStatic(
  machine: GroupMachine,
  group: StreamsGroup,
  request: HeartbeatRequest & { readonly instanceId: string },
  draft: Draft,
): Entered | Refusal {
  const { memberId, memberEpoch, instanceId } = request
  const { groupId } = group
  const current = group.staticMember(instanceId)
  if (memberEpoch !== 0) {
    if (current === undefined) return unknownInstance(instanceId)
    return (
      fencedInstance(current, memberId, instanceId) ??
      epochError(current, request) ?? { before: current, replaces: null }
    )
  }
  if (current === undefined) return { before: group.members.get(memberId) ?? newMember(memberId), replaces: null }
  if (current.memberEpoch !== LEAVE_STATIC_EPOCH) {
    return unreleasedInstance(current, memberId, instanceId)
  }
  const before = { ...current, memberId, memberEpoch: 0, previousMemberEpoch: 0 }
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

/** The answer to the last heartbeat may be lost: its epoch passes while the member claims no more than it has. */
function epochError(member: StreamsMember, request: HeartbeatRequest): Refusal | null {
  const { memberEpoch } = request
  if (memberEpoch === 0 || memberEpoch === member.memberEpoch) return null
  const isBehind = memberEpoch < member.memberEpoch
  if (isBehind && memberEpoch === member.previousMemberEpoch && claimsNoMore(member, request)) return null
  return fencedEpoch('streams', member, memberEpoch)
}

function claimsNoMore({ assigned }: StreamsMember, request: HeartbeatRequest): boolean {
  const { activeTasks, standbyTasks, warmupTasks } = request
  const isHeld = (ids: readonly TaskIds[] | null, held: Parameters<typeof isWithin>[1]): boolean =>
    ids !== null && isWithin(toTasks(ids), held)
  return (
    isHeld(activeTasks, assigned.active) &&
    isHeld(standbyTasks, assigned.standby) &&
    isHeld(warmupTasks, assigned.warmup)
  )
}
