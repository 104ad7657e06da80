// Members leave. A static member that says so is only away.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { GroupMachine, GroupOutcome } from '../model/group-machine.ts'
import { isRefusal } from '../model/refusal.ts'
import { answered } from '../modern/answered.ts'
import { withEpochZero } from '../modern/assignment.ts'
import { fencedInstance, notAMember, unknownInstance } from '../modern/entry.ts'
import { LEAVE_STATIC_EPOCH } from '../modern/modern-group.ts'
import { findGroup } from './enter.ts'
import { fenceMember } from './fence.ts'
import { type HeartbeatReply, type HeartbeatRequest, heartbeatError, refuseHeartbeat } from './heartbeat-answer.ts'
import type { StreamsGroup } from './streams-group.ts'
import type { StreamsMember } from './streams-member.ts'
import { currentAssignmentRecord } from './streams-records.ts'
import { NONE_HELD } from './tasks.ts'

/** StreamsGroupHeartbeat with epoch -1 or -2. */
export function leaveStreamsGroup(
  machine: GroupMachine,
  { groupId, memberId, memberEpoch, instanceId, shutdownApplication }: HeartbeatRequest,
  reply: HeartbeatReply,
): GroupOutcome {
  const group = findGroup(machine, groupId)
  if (isRefusal(group)) return refuseHeartbeat(reply, group)
  if (shutdownApplication) group.shutdownRequestedBy ??= memberId
  const member = instanceId === null ? group.members.get(memberId) : group.staticMember(instanceId)
  if (member === undefined) {
    return refuseHeartbeat(reply, instanceId === null ? notAMember(groupId, memberId) : unknownInstance(instanceId))
  }
  const fenced = instanceId === null ? null : fencedInstance(member, memberId, instanceId)
  if (fenced !== null) return refuseHeartbeat(reply, fenced)
  const isAway = instanceId !== null && memberEpoch === LEAVE_STATIC_EPOCH
  const outcome = isAway ? goAway(group, member) : fenceMember(machine, group, member)
  const response = { ...heartbeatError(ErrorCode.NONE).response, memberId, memberEpoch, status: [] }
  return answered(outcome, reply, { response, missingTopics: [] })
}

/** Its session goes on, and with it everything that it has. */
function goAway({ groupId }: StreamsGroup, member: StreamsMember): GroupOutcome {
  const { assigned } = member
  const away = {
    ...member,
    memberEpoch: LEAVE_STATIC_EPOCH,
    pendingRevocation: NONE_HELD,
    assigned: { ...assigned, active: withEpochZero(assigned.active) },
  }
  return { records: [currentAssignmentRecord(groupId, away)] }
}
