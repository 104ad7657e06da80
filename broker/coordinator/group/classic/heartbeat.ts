// Heartbeat: a member is alive, and learns whether it must join again.

import type { RequestOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { heartbeatConsumerGroup } from '../consumer/classic-protocol.ts'
import type { GroupMachine } from '../group-machine.ts'
import { memberError } from './members.ts'
import { extendSession } from './rebalance.ts'

/** The error code to answer. */
export function heartbeat(machine: GroupMachine, request: RequestOf<'Heartbeat'>): number {
  const consumers = machine.consumer(request.groupId)
  if (consumers !== undefined) return heartbeatConsumerGroup(machine, consumers, request)
  const group = machine.classic(request.groupId)
  if (group === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
  const errorCode = memberError(group, request.memberId, request.groupInstanceId)
  if (errorCode !== ErrorCode.NONE) return errorCode
  if (request.generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION
  if (group.state === 'Empty') return ErrorCode.UNKNOWN_MEMBER_ID
  extendSession(machine, group, request.memberId)
  return group.state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
}
