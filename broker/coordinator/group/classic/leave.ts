// LeaveGroup: members go, several at once since v3. An administrator may name a static member by its instance alone,
// without its member id.

import type { RequestOf, ResponseInputOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { Reply } from '../../runtime/reply.ts'
import { NOTHING } from '../../runtime/state-machine.ts'
import { leaveByLeaveGroup } from '../consumer/leave.ts'
import type { GroupMachine, GroupOutcome } from '../group-machine.ts'
import type { ClassicGroup } from './classic-group.ts'
import { memberError } from './members.ts'
import { completeJoinIfAllJoined, endSession, rebalanceOrCompleteJoin, removeMember } from './rebalance.ts'

export type LeaveAnswer = ResponseInputOf<'LeaveGroup'>
export type LeaveReply = Reply<LeaveAnswer>
type Leaving = RequestOf<'LeaveGroup'>['members'][number]

export function leaveGroup(
  machine: GroupMachine,
  groupId: string,
  leaving: readonly Leaving[],
  reply: LeaveReply,
): GroupOutcome {
  const consumers = machine.consumer(groupId)
  if (consumers !== undefined) return leaveByLeaveGroup(machine, consumers, leaving, reply)
  const group = machine.classic(groupId)
  const members = leaving.map((member) => {
    const errorCode = group === undefined ? ErrorCode.UNKNOWN_MEMBER_ID : leave(machine, group, member)
    return { memberId: member.memberId, groupInstanceId: member.groupInstanceId, errorCode }
  })
  reply.send({ errorCode: ErrorCode.NONE, members })
  if (group === undefined || members.every(({ errorCode }) => errorCode !== ErrorCode.NONE)) return NOTHING
  if (group.state === 'PreparingRebalance') return completeJoinIfAllJoined(machine, group)
  if (group.state === 'Empty') return NOTHING
  const reasons = leaving.map(({ reason }) => reason ?? 'no reason given')
  return rebalanceOrCompleteJoin(machine, group, `${members.length} members leave: ${[...new Set(reasons)].join(', ')}`)
}

function leave(machine: GroupMachine, group: ClassicGroup, { memberId, groupInstanceId }: Leaving): number {
  if (group.pendingJoin.has(memberId)) {
    group.remove(memberId)
    endSession(machine, group, memberId)
    return ErrorCode.NONE
  }
  let leavingId = memberId
  if (memberId === '') {
    const current = groupInstanceId === null ? undefined : group.staticMembers.get(groupInstanceId)
    if (current === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    leavingId = current
  }
  const errorCode = memberError(group, leavingId, groupInstanceId)
  const member = group.members.get(leavingId)
  if (errorCode !== ErrorCode.NONE || member === undefined) return errorCode
  removeMember(machine, group, member)
  return ErrorCode.NONE
}
