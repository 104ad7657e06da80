// Heartbeat, in a classic group: a member is alive, and learns whether it must join again.

import type { RequestOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { GroupMachine } from '../model/group-machine.ts'
import type { ClassicGroup } from './classic-group.ts'
import { extendSession } from './rebalance.ts'

/** The error code to answer. */
export function heartbeatClassic(machine: GroupMachine, group: ClassicGroup, request: RequestOf<'Heartbeat'>): number {
  const errorCode = group.memberError(request.memberId, request.groupInstanceId)
  if (errorCode !== ErrorCode.NONE) return errorCode
  if (request.generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION
  if (group.state === 'Empty') return ErrorCode.UNKNOWN_MEMBER_ID
  extendSession(machine, group, request.memberId)
  return group.state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
}
