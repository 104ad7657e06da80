// Members leave. A static member that says so is only away.

import type { RequestOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { LeaveReply } from '../classic/leave.ts'
import type { GroupMachine, GroupOutcome } from '../model/group-machine.ts'
import { answered } from '../modern/answered.ts'
import { withEpochZero } from '../modern/assignment.ts'
import { fencedInstance, notAMember, unknownInstance } from '../modern/entry.ts'
import { LEAVE_STATIC_EPOCH } from '../modern/modern-group.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { type ConsumerMember, NOTHING_ASSIGNED } from './consumer-member.ts'
import { currentAssignmentRecord } from './consumer-records.ts'
import { fenceMembers } from './fence.ts'
import { type HeartbeatReply, type HeartbeatRequest, heartbeatError, refuseHeartbeat } from './heartbeat-answer.ts'

/** ConsumerGroupHeartbeat with epoch -1 or -2. */
export function leaveConsumerGroup(
  machine: GroupMachine,
  group: ConsumerGroup,
  { memberId, memberEpoch, instanceId }: HeartbeatRequest,
  reply: HeartbeatReply,
): GroupOutcome {
  const member = instanceId === null ? group.members.get(memberId) : group.staticMember(instanceId)
  if (member === undefined) {
    const refusal = instanceId === null ? notAMember(group.groupId, memberId) : unknownInstance(instanceId)
    return refuseHeartbeat(reply, refusal)
  }
  const fenced = instanceId === null ? null : fencedInstance(member, memberId, instanceId)
  if (fenced !== null) return refuseHeartbeat(reply, fenced)
  const answer = { ...heartbeatError(ErrorCode.NONE), memberId: member.memberId, memberEpoch }
  const outcome =
    instanceId !== null && memberEpoch === LEAVE_STATIC_EPOCH
      ? goAway(group, member)
      : fenceMembers(machine, group, [member])
  return answered(outcome, reply, answer)
}

/** Its session goes on, and with it everything that it has. */
function goAway({ groupId }: ConsumerGroup, member: ConsumerMember): GroupOutcome {
  const away = {
    ...member,
    memberEpoch: LEAVE_STATIC_EPOCH,
    pendingRevocation: NOTHING_ASSIGNED,
    assigned: withEpochZero(member.assigned),
  }
  return { records: [currentAssignmentRecord(groupId, away)] }
}

/** LeaveGroup, by which classic members go, and administrators let members of both protocols go. */
export function leaveConsumers(
  machine: GroupMachine,
  group: ConsumerGroup,
  leaving: readonly RequestOf<'LeaveGroup'>['members'][number][],
  reply: LeaveReply,
): GroupOutcome {
  const valid = new Set<ConsumerMember>()
  const members = leaving.map(({ memberId, groupInstanceId }) => {
    const member = groupInstanceId === null ? group.members.get(memberId) : group.staticMember(groupInstanceId)
    let errorCode: number = member === undefined ? ErrorCode.UNKNOWN_MEMBER_ID : ErrorCode.NONE
    if (member !== undefined && groupInstanceId !== null && memberId !== '') {
      errorCode = fencedInstance(member, memberId, groupInstanceId)?.errorCode ?? ErrorCode.NONE
    }
    if (member !== undefined && errorCode === ErrorCode.NONE) valid.add(member)
    return { memberId, groupInstanceId, errorCode }
  })
  const outcome: GroupOutcome = valid.size === 0 ? { records: [] } : fenceMembers(machine, group, [...valid])
  return answered(outcome, reply, { errorCode: ErrorCode.NONE, members })
}
