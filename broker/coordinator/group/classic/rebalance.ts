// How a classic group gets from one generation to the next: who is waited for and how long, who leads, who is dropped.
//
// Timers, by key: `session GROUP MEMBER` until a member (or an id given out and not used yet) counts as gone, `join
// GROUP` until the rebalance goes on without those who have not joined, `sync GROUP` until those who did not fetch
// their assignment are dropped. Source: GroupMetadataManager of Apache Kafka.

import type { ResponseInputOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { GroupMetadataValue } from '../../../../protocol/messages/group-state/classic-groups.ts'
import { NOTHING } from '../../runtime/state-machine.ts'
import type { GroupMachine, GroupOutcome } from '../model/group-machine.ts'
import type { GroupMetadataRecord } from '../model/group-records.ts'
import { memberTimer } from '../model/member-timers.ts'
import { type ClassicGroup, classicGroup } from './classic-group.ts'
import { type ClassicMember, EMPTY_BYTES } from './classic-member.ts'

/** Their rebalance timeouts may be 0, and what comes round again and again must leave time for others. */
const MIN_WAIT_FOR_STATIC_MS = 1000

const joinTimer = (group: ClassicGroup): string => `join ${group.groupId}`
const syncTimer = (group: ClassicGroup): string => `sync ${group.groupId}`
const sessionTimer = (group: ClassicGroup, memberId: string): string => memberTimer('session', group.groupId, memberId)

export function groupRecord(
  group: ClassicGroup,
  assignmentOf: (member: ClassicMember) => Uint8Array = (member) => member.assignment,
): GroupMetadataRecord {
  const { groupId, protocolName } = group
  const members = [...group.members.values()].map((member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    rebalanceTimeout: member.rebalanceTimeoutMs,
    sessionTimeout: member.sessionTimeoutMs,
    subscription: protocolName === null ? EMPTY_BYTES : member.metadata(protocolName),
    assignment: assignmentOf(member),
  }))
  const value: GroupMetadataValue = {
    protocolType: group.protocolType ?? '',
    generation: group.generationId,
    protocol: protocolName,
    leader: group.leaderId,
    currentStateTimestamp: BigInt(group.stateTimestamp),
    members,
  }
  return { kind: 'group', groupId, value }
}

/** Arms or extends the session of a member. */
export function extendSession(
  machine: GroupMachine,
  group: ClassicGroup,
  memberId: string,
  timeoutMs = group.members.get(memberId)?.sessionTimeoutMs ?? 0,
): void {
  machine.timers.schedule(sessionTimer(group, memberId), timeoutMs, () => onSessionExpired(machine, group, memberId))
}

export function endSession(machine: GroupMachine, group: ClassicGroup, memberId: string): void {
  machine.timers.cancel(sessionTimer(group, memberId))
}

/** The group is deleted: nothing of it may wake up again. */
export function forgetClassicTimers(machine: GroupMachine, group: ClassicGroup): void {
  machine.timers.cancel(joinTimer(group))
  machine.timers.cancel(syncTimer(group))
  for (const memberId of [...group.members.keys(), ...group.pendingJoin]) endSession(machine, group, memberId)
}

/** After a load: every member gets a whole session to show up in. */
export function resumeClassicGroup(machine: GroupMachine, group: ClassicGroup): GroupOutcome {
  for (const memberId of group.members.keys()) extendSession(machine, group, memberId)
  // The limit may have become smaller; a rebalance keeps those who come first.
  if (group.members.size > machine.config.groupMaxSize) return prepareRebalance(machine, group, 'over its maximum size')
  return NOTHING
}

/** A member has committed, which proves that it is alive. */
export function onClassicCommit(machine: GroupMachine, group: ClassicGroup, memberId: string): void {
  if (!group.members.has(memberId)) return
  if (group.state === 'Stable' || group.state === 'PreparingRebalance') extendSession(machine, group, memberId)
}

/** A change of membership: begins a rebalance, or moves the one that is under way. */
export function rebalanceOrCompleteJoin(machine: GroupMachine, group: ClassicGroup, reason: string): GroupOutcome {
  return group.canRebalance ? prepareRebalance(machine, group, reason) : completeJoinIfAllJoined(machine, group)
}

/** The initial rebalance is left alone: it ends with its delay. */
export function completeJoinIfAllJoined(machine: GroupMachine, group: ClassicGroup): GroupOutcome {
  if (group.state !== 'PreparingRebalance' || !group.hasAllMembersJoined) return NOTHING
  return group.previousState === 'Empty' ? NOTHING : completeJoin(machine, group)
}

export function prepareRebalance(machine: GroupMachine, group: ClassicGroup, reason: string): GroupOutcome {
  if (group.state === 'CompletingRebalance') resetAssignments(machine, group, ErrorCode.REBALANCE_IN_PROGRESS)
  group.pendingSync.clear()
  machine.timers.cancel(syncTimer(group))
  const isInitial = group.state === 'Empty'
  group.transitionTo('PreparingRebalance', machine.now())
  machine.host.logger.info('group: rebalance', { group: group.groupId, generation: group.generationId, reason })
  if (isInitial) {
    const delayMs = machine.config.groupInitialRebalanceDelayMs
    scheduleInitialJoin(machine, group, delayMs, Math.max(group.rebalanceTimeoutMs - delayMs, 0))
    return NOTHING
  }
  if (group.hasAllMembersJoined) return completeJoin(machine, group)
  scheduleJoin(machine, group)
  return NOTHING
}

function scheduleJoin(machine: GroupMachine, group: ClassicGroup, atLeastMs = 0): void {
  const delayMs = Math.max(group.rebalanceTimeoutMs, atLeastMs)
  machine.timers.schedule(joinTimer(group), delayMs, () => completeJoin(machine, group))
}

/**
 * Consumers of a new group start within moments of each other: whoever comes puts the end off, up to the rebalance
 * timeout.
 */
function scheduleInitialJoin(machine: GroupMachine, group: ClassicGroup, delayMs: number, remainingMs: number): void {
  machine.timers.schedule(joinTimer(group), delayMs, () => {
    if (!group.newMemberAdded || remainingMs === 0) return completeJoin(machine, group)
    group.newMemberAdded = false
    const nextDelayMs = Math.min(machine.config.groupInitialRebalanceDelayMs, remainingMs)
    scheduleInitialJoin(machine, group, nextDelayMs, Math.max(remainingMs - delayMs, 0))
    return NOTHING
  })
}

/** The next generation begins with those who have joined, and with the static members, who may be restarting. */
function completeJoin(machine: GroupMachine, group: ClassicGroup): GroupOutcome {
  machine.timers.cancel(joinTimer(group))
  group.newMemberAdded = false
  for (const member of [...group.members.values()]) {
    if (member.join === null && !member.isStatic) removeMember(machine, group, member)
  }
  if (!group.electJoinedLeader() && group.members.size > 0) {
    // Only static members are left, none of which is there: wait for them, or for their sessions to end.
    scheduleJoin(machine, group, MIN_WAIT_FOR_STATIC_MS)
    return NOTHING
  }
  group.startGeneration(machine.now())
  if (group.members.size === 0) {
    machine.host.logger.info('group: empty', { group: group.groupId, generation: group.generationId })
    return { records: [groupRecord(group)] }
  }
  for (const member of group.members.values()) {
    member.join?.send(joinAnswer(group, member))
    group.park(member, null)
    member.isNew = false
    extendSession(machine, group, member.memberId)
    group.pendingSync.add(member.memberId)
  }
  const { generationId } = group
  machine.timers.schedule(syncTimer(group), group.rebalanceTimeoutMs, () => onSyncExpired(machine, group, generationId))
  return NOTHING
}

/** The leader learns who the members are and what they want; the others get an empty list. */
export function joinAnswer(group: ClassicGroup, member: ClassicMember): ResponseInputOf<'JoinGroup'> {
  const { memberId } = member
  return {
    errorCode: ErrorCode.NONE,
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leaderId ?? '',
    skipAssignment: false,
    memberId,
    members: memberId === group.leaderId ? membersForLeader(group) : [],
  }
}

export function membersForLeader(group: ClassicGroup): ResponseInputOf<'JoinGroup'>['members'] {
  const protocolName = group.protocolName ?? ''
  return [...group.members.values()].map((member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    metadata: member.metadata(protocolName),
  }))
}

/** Hands every member that waits its assignment, or an error. */
export function answerSyncs(machine: GroupMachine, group: ClassicGroup, errorCode: number): void {
  for (const member of group.members.values()) {
    if (member.sync === null) continue
    member.sync.send(syncAnswer(group, member, errorCode))
    member.sync = null
    // Its session could not expire while it waited.
    extendSession(machine, group, member.memberId)
  }
}

export function syncAnswer(
  group: ClassicGroup,
  member: ClassicMember,
  errorCode: number,
): ResponseInputOf<'SyncGroup'> {
  if (errorCode !== ErrorCode.NONE) return { errorCode, assignment: EMPTY_BYTES }
  const { protocolType, protocolName } = group
  return { errorCode, protocolType, protocolName, assignment: member.assignment }
}

export function resetAssignments(machine: GroupMachine, group: ClassicGroup, errorCode: number): void {
  for (const member of group.members.values()) member.assignment = EMPTY_BYTES
  answerSyncs(machine, group, errorCode)
}

/** The member has asked for its assignment. */
export function noteSync(machine: GroupMachine, group: ClassicGroup, memberId: string): void {
  group.pendingSync.delete(memberId)
  if (group.pendingSync.size === 0) machine.timers.cancel(syncTimer(group))
}

/** Takes a member out; what becomes of the group is the caller's to see to. */
export function removeMember(machine: GroupMachine, group: ClassicGroup, member: ClassicMember): void {
  // If its client is still there, it joins again, as somebody new.
  member.join?.send({
    errorCode: ErrorCode.UNKNOWN_MEMBER_ID,
    protocolName: null,
    leader: '',
    memberId: '',
    members: [],
  })
  member.sync?.send({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID, assignment: EMPTY_BYTES })
  group.park(member, null)
  member.sync = null
  group.remove(member.memberId)
  endSession(machine, group, member.memberId)
}

function onSessionExpired(machine: GroupMachine, group: ClassicGroup, memberId: string): GroupOutcome {
  if (classicGroup(machine, group.groupId) !== group) return NOTHING
  if (group.pendingJoin.delete(memberId)) return completeJoinIfNobodyIsMissing(machine, group)
  const member = group.members.get(memberId)
  if (member === undefined || member.isExcusedFromHeartbeat) return NOTHING
  removeMember(machine, group, member)
  if (group.state !== 'PreparingRebalance') return rebalanceOrCompleteJoin(machine, group, `${memberId} is gone`)
  return completeJoinIfNobodyIsMissing(machine, group)
}

/** Unlike completeJoinIfAllJoined this ends an initial rebalance too. */
function completeJoinIfNobodyIsMissing(machine: GroupMachine, group: ClassicGroup): GroupOutcome {
  return group.state === 'PreparingRebalance' && group.hasAllMembersJoined ? completeJoin(machine, group) : NOTHING
}

function onSyncExpired(machine: GroupMachine, group: ClassicGroup, generationId: number): GroupOutcome {
  if (classicGroup(machine, group.groupId) !== group || group.generationId !== generationId) return NOTHING
  if (group.state !== 'CompletingRebalance' && group.state !== 'Stable') return NOTHING
  if (group.pendingSync.size === 0) return NOTHING
  for (const memberId of [...group.pendingSync]) {
    const member = group.members.get(memberId)
    if (member !== undefined) removeMember(machine, group, member)
  }
  return prepareRebalance(machine, group, 'members did not fetch their assignment')
}
