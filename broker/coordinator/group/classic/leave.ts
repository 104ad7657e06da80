// LeaveGroup, of a classic group: members go, several at once since v3. An administrator may name a static member by
// its instance alone, without its member id.

import type { RequestOf, ResponseInputOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { Reply } from '../../runtime/reply.ts'
import { NOTHING } from '../../runtime/state-machine.ts'
import type { GroupMachine, GroupOutcome } from '../model/group-machine.ts'
import type { ClassicGroup } from './classic-group.ts'
import { completeJoinIfAllJoined, endSession, rebalanceOrCompleteJoin, removeMember } from './rebalance.ts'

export type LeaveAnswer = ResponseInputOf<'LeaveGroup'>
export type LeaveReply = Reply<LeaveAnswer>
export type Leaving = RequestOf<'LeaveGroup'>['members'][number]

export function leaveClassic(
  machine: GroupMachine,
  group: ClassicGroup,
  leaving: readonly Leaving[],
  reply: LeaveReply,
): GroupOutcome {
  const members = leaving.map((member) => {
    const errorCode = leave(machine, group, member)
    return { memberId: member.memberId, groupInstanceId: member.groupInstanceId, errorCode }
  })
  reply.send({ errorCode: ErrorCode.NONE, members })
  if (members.every(({ errorCode }) => errorCode !== ErrorCode.NONE)) return NOTHING
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
  const errorCode = group.memberError(leavingId, groupInstanceId)
  const member = group.members.get(leavingId)
  if (errorCode !== ErrorCode.NONE || member === undefined) return errorCode
  removeMember(machine, group, member)
  return ErrorCode.NONE
}
