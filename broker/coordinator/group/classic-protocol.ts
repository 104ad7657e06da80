// The requests of the classic protocol, by the kind of the group that they meet: a classic group, or a consumer group,
// which may have members that speak it. Empty groups of some kinds give way to a classic one; their offsets stay.

import type { RequestOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { NOTHING } from '../runtime/state-machine.ts'
import { ClassicGroup } from './classic/classic-group.ts'
import type { JoinReply, SyncReply } from './classic/classic-member.ts'
import { heartbeatClassic } from './classic/heartbeat.ts'
import { type JoinRequest, joinClassic, joinNewClassic, refuseJoin } from './classic/join.ts'
import { type LeaveReply, type Leaving, leaveClassic } from './classic/leave.ts'
import { refuseSync, syncClassic } from './classic/sync.ts'
import { heartbeatConsumers, joinConsumers, syncConsumers } from './consumer/classic-members.ts'
import { ConsumerGroup } from './consumer/consumer-group.ts'
import { leaveConsumers } from './consumer/leave.ts'
import type { GroupMachine, GroupOutcome } from './model/group-machine.ts'
import { StreamsGroup } from './streams/streams-group.ts'

export function joinGroup(machine: GroupMachine, request: JoinRequest, reply: JoinReply): GroupOutcome {
  const group = machine.groups.get(request.groupId)
  if (group === undefined) return joinNewClassic(machine, [], request, reply)
  if (group instanceof ClassicGroup) return joinClassic(machine, group, request, reply)
  if (group instanceof ConsumerGroup && !group.isEmpty) return joinConsumers(machine, group, request, reply)
  const givesWay = group.isEmpty && (group instanceof ConsumerGroup || group instanceof StreamsGroup)
  if (!givesWay) return refuseJoin(reply, ErrorCode.INCONSISTENT_GROUP_PROTOCOL, '')
  return joinNewClassic(machine, group.tombstones(), request, reply)
}

export function syncGroup(machine: GroupMachine, request: RequestOf<'SyncGroup'>, reply: SyncReply): GroupOutcome {
  const group = machine.groups.get(request.groupId)
  if (group instanceof ClassicGroup) return syncClassic(machine, group, request, reply)
  if (group instanceof ConsumerGroup) return syncConsumers(machine, group, request, reply)
  return refuseSync(reply, ErrorCode.UNKNOWN_MEMBER_ID)
}

/** The error code to answer. */
export function heartbeat(machine: GroupMachine, request: RequestOf<'Heartbeat'>): number {
  const group = machine.groups.get(request.groupId)
  if (group instanceof ClassicGroup) return heartbeatClassic(machine, group, request)
  if (group instanceof ConsumerGroup) return heartbeatConsumers(machine, group, request)
  return ErrorCode.UNKNOWN_MEMBER_ID
}

export function leaveGroup(
  machine: GroupMachine,
  groupId: string,
  leaving: readonly Leaving[],
  reply: LeaveReply,
): GroupOutcome {
  const group = machine.groups.get(groupId)
  if (group instanceof ClassicGroup) return leaveClassic(machine, group, leaving, reply)
  if (group instanceof ConsumerGroup) return leaveConsumers(machine, group, leaving, reply)
  reply.send({
    errorCode: ErrorCode.NONE,
    members: leaving.map(({ memberId, groupInstanceId }) => {
      return { memberId, groupInstanceId, errorCode: ErrorCode.UNKNOWN_MEMBER_ID }
    }),
  })
  return NOTHING
}
