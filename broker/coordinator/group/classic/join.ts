// JoinGroup, to a classic group: a member asks to be in the next generation. Its answer is parked until that one
// begins.
//
// A dynamic member without an id first gets one (KIP-394, v4+: MEMBER_ID_REQUIRED), so that a client which gives up and
// comes back is not somebody new. A static member (KIP-345) takes over the place of its instance, and while the group
// is stable and its choice of protocol would stay the same, nobody else notices. Source:
// GroupMetadataManager.classicGroupJoin.

import type { RequestOf, ResponseInputOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { NOTHING } from '../../runtime/state-machine.ts'
import { NEW_MEMBER_JOIN_TIMEOUT_MS } from '../model/group-config.ts'
import type { GroupMachine, GroupOutcome } from '../model/group-machine.ts'
import type { GroupRecord } from '../model/group-records.ts'
import { type ClassicGroup, classicGroup } from './classic-group.ts'
import { ClassicMember, EMPTY_BYTES, type JoinReply, type MemberProtocol } from './classic-member.ts'
import { newMemberId } from './member-id.ts'
import {
  completeJoinIfAllJoined,
  endSession,
  extendSession,
  groupRecord,
  joinAnswer,
  membersForLeader,
  prepareRebalance,
  rebalanceOrCompleteJoin,
} from './rebalance.ts'

export interface JoinRequest extends Omit<RequestOf<'JoinGroup'>, 'protocols'> {
  /** Copies: the group keeps them. No name twice. */
  readonly protocols: readonly MemberProtocol[]
  readonly clientId: string
  readonly clientHost: string
  /** v4+: a member must have an id before it joins. */
  readonly requiresMemberId: boolean
  /** v9+: a static leader that comes back to a stable group can be told not to assign again. */
  readonly canSkipAssignment: boolean
}

/** Member ids given out and not used yet, each with a timer; a client that joins in a loop must not fill the memory. */
const MAX_PENDING_MEMBERS = 10_000

export function joinError(errorCode: number, memberId: string): ResponseInputOf<'JoinGroup'> {
  return { errorCode, memberId, protocolName: null, leader: '', members: [] }
}

export function refuseJoin(reply: JoinReply, errorCode: number, memberId: string): GroupOutcome {
  reply.send(joinError(errorCode, memberId))
  return NOTHING
}

/** A new group is in the log before anybody learns of it. `tombstones`: of an empty one of another kind. */
export function joinNewClassic(
  machine: GroupMachine,
  tombstones: readonly GroupRecord[],
  request: JoinRequest,
  reply: JoinReply,
): GroupOutcome {
  const { groupId, memberId, protocolType, protocols } = request
  if (memberId !== '') return refuseJoin(reply, ErrorCode.UNKNOWN_MEMBER_ID, memberId)
  if (protocolType === '' || protocols.length === 0) {
    return refuseJoin(reply, ErrorCode.INCONSISTENT_GROUP_PROTOCOL, '')
  }
  const value = {
    protocolType: '',
    generation: 0,
    protocol: null,
    leader: null,
    currentStateTimestamp: BigInt(machine.now()),
    members: [],
  }
  return {
    records: [...tombstones, { kind: 'group', groupId, value }],
    applied: () => {
      const group = classicGroup(machine, groupId)
      if (group === undefined) throw new Error(`assertion: ${groupId} is not there after it was created`)
      const outcome = joinClassic(machine, group, request, reply)
      // An initial rebalance waits at least for the end of this event.
      if (outcome.records.length > 0) throw new Error(`assertion: the first join of ${groupId} wrote records`)
    },
    refused: (errorCode) => reply.sendError(errorCode),
  }
}

export function joinClassic(
  machine: GroupMachine,
  group: ClassicGroup,
  request: JoinRequest,
  reply: JoinReply,
): GroupOutcome {
  const { memberId } = request
  if (!hasRoom(machine, group, memberId)) {
    // Somebody who was a member, but comes when the places are taken.
    group.remove(memberId)
    endSession(machine, group, memberId)
    refuseJoin(reply, ErrorCode.GROUP_MAX_SIZE_REACHED, '')
    return completeJoinIfAllJoined(machine, group)
  }
  if (!group.supportsProtocols(request.protocolType, request.protocols)) {
    return refuseJoin(reply, ErrorCode.INCONSISTENT_GROUP_PROTOCOL, memberId)
  }
  if (memberId === '') return joinAsNew(machine, group, request, reply)
  if (group.pendingJoin.has(memberId)) {
    // Ids that wait to be used belong to dynamic members only.
    if (request.groupInstanceId !== null) return refuseJoin(reply, ErrorCode.UNKNOWN_MEMBER_ID, memberId)
    return addMember(machine, group, memberId, request, reply)
  }
  return rejoin(machine, group, request, reply)
}

/** While members join, those that are waiting count, so that a limit which became smaller drops the last to come. */
function hasRoom({ config: { groupMaxSize } }: GroupMachine, group: ClassicGroup, memberId: string): boolean {
  const member = group.members.get(memberId)
  if (group.state === 'Empty') return true
  if (group.state === 'PreparingRebalance') {
    return (member !== undefined && member.join !== null) || group.awaitingJoinCount < groupMaxSize
  }
  return member !== undefined || group.members.size < groupMaxSize
}

function joinAsNew(machine: GroupMachine, group: ClassicGroup, request: JoinRequest, reply: JoinReply): GroupOutcome {
  const { groupInstanceId, clientId } = request
  const memberId = newMemberId(machine.host.random, groupInstanceId ?? clientId)
  if (groupInstanceId !== null) {
    const oldMemberId = group.staticMembers.get(groupInstanceId)
    const old = oldMemberId === undefined ? undefined : group.members.get(oldMemberId)
    if (old !== undefined) return replaceStaticMember(machine, group, old, memberId, request, reply)
    return addMember(machine, group, memberId, request, reply)
  }
  if (!request.requiresMemberId) return addMember(machine, group, memberId, request, reply)
  if (group.pendingJoin.size >= MAX_PENDING_MEMBERS) return refuseJoin(reply, ErrorCode.GROUP_MAX_SIZE_REACHED, '')
  group.pendingJoin.add(memberId)
  extendSession(machine, group, memberId, request.sessionTimeoutMs)
  return refuseJoin(reply, ErrorCode.MEMBER_ID_REQUIRED, memberId)
}

function addMember(
  machine: GroupMachine,
  group: ClassicGroup,
  memberId: string,
  request: JoinRequest,
  reply: JoinReply,
): GroupOutcome {
  const { groupInstanceId, clientId, clientHost, rebalanceTimeoutMs, sessionTimeoutMs, protocols } = request
  const member = new ClassicMember({
    memberId,
    groupInstanceId,
    clientId,
    clientHost,
    rebalanceTimeoutMs,
    sessionTimeoutMs,
    protocols,
  })
  member.isNew = true
  if (group.state === 'PreparingRebalance' && group.previousState === 'Empty') group.newMemberAdded = true
  group.add(member, request.protocolType, reply)
  extendSession(machine, group, memberId, NEW_MEMBER_JOIN_TIMEOUT_MS)
  return rebalanceOrCompleteJoin(machine, group, `${memberId} joins: ${request.reason ?? 'no reason given'}`)
}

function rejoin(machine: GroupMachine, group: ClassicGroup, request: JoinRequest, reply: JoinReply): GroupOutcome {
  const { memberId, groupInstanceId, protocols } = request
  const errorCode = group.memberError(memberId, groupInstanceId)
  const member = group.members.get(memberId)
  if (errorCode !== ErrorCode.NONE || member === undefined) return refuseJoin(reply, errorCode, memberId)
  if (group.state === 'Empty') return refuseJoin(reply, ErrorCode.UNKNOWN_MEMBER_ID, memberId)
  // Nothing new: it may have missed the answer. But a leader that joins a stable group again wants to assign again.
  const isRepeat = member.matches(protocols) && !(group.state === 'Stable' && group.leaderId === memberId)
  if (isRepeat && group.state !== 'PreparingRebalance') {
    reply.send(joinAnswer(group, member))
    return NOTHING
  }
  updateMember(group, member, request, reply)
  return rebalanceOrCompleteJoin(machine, group, `${memberId} joins again: ${request.reason ?? 'no reason given'}`)
}

function updateMember(group: ClassicGroup, member: ClassicMember, request: JoinRequest, reply: JoinReply): void {
  group.update(member, request.protocols)
  member.rebalanceTimeoutMs = request.rebalanceTimeoutMs
  member.sessionTimeoutMs = request.sessionTimeoutMs
  // Its connection broke while the first request was parked: nobody reads that answer any more.
  member.join?.send(joinError(ErrorCode.REBALANCE_IN_PROGRESS, member.memberId))
  group.park(member, reply)
}

function replaceStaticMember(
  machine: GroupMachine,
  group: ClassicGroup,
  old: ClassicMember,
  memberId: string,
  request: JoinRequest,
  reply: JoinReply,
): GroupOutcome {
  // Whoever runs under the same instance id is shut out at once.
  old.join?.send(joinError(ErrorCode.FENCED_INSTANCE_ID, old.memberId))
  old.sync?.send({ errorCode: ErrorCode.FENCED_INSTANCE_ID, assignment: EMPTY_BYTES })
  group.park(old, null)
  old.sync = null
  endSession(machine, group, old.memberId)
  const leaderBefore = group.leaderId
  const member = group.replaceStatic(old, memberId)
  group.update(member, request.protocols)
  member.rebalanceTimeoutMs = request.rebalanceTimeoutMs
  member.sessionTimeoutMs = request.sessionTimeoutMs
  extendSession(machine, group, memberId)
  if (group.state === 'Stable' && group.selectProtocol() === group.protocolName) {
    const answer = (): void => reply.send(replacedAnswer(group, member, request.canSkipAssignment, leaderBefore))
    return { records: [groupRecord(group)], applied: answer }
  }
  group.park(member, reply)
  const reason = `instance ${request.groupInstanceId} comes back as ${memberId}`
  // The leader may be assigning to the old member id right now.
  if (group.state !== 'PreparingRebalance') return prepareRebalance(machine, group, reason)
  return completeJoinIfAllJoined(machine, group)
}

/**
 * A static member has come back to a stable group. Before v9 even a leader is told that somebody else leads (itself,
 * under its old id), so that it does not assign; from v9 on it learns the members, to watch their topics, and is told
 * to skip.
 */
function replacedAnswer(
  group: ClassicGroup,
  member: ClassicMember,
  canSkipAssignment: boolean,
  leaderBefore: string | null,
): ResponseInputOf<'JoinGroup'> {
  const isLeader = group.leaderId === member.memberId
  return {
    ...joinAnswer(group, member),
    leader: (canSkipAssignment ? group.leaderId : leaderBefore) ?? '',
    skipAssignment: canSkipAssignment && isLeader,
    members: canSkipAssignment && isLeader ? membersForLeader(group) : [],
  }
}
