// What ConsumerGroupHeartbeat is asked with and answers.

import type { RequestOf, ResponseInputOf } from '../../../../protocol/apis.ts'
import type { Reply } from '../../runtime/reply.ts'
import { NOTHING } from '../../runtime/state-machine.ts'
import type { GroupOutcome } from '../model/group-machine.ts'
import type { Refusal } from '../model/refusal.ts'

export interface HeartbeatRequest extends RequestOf<'ConsumerGroupHeartbeat'> {
  readonly clientId: string
  readonly clientHost: string
}

/** Without the throttle time, which is the same for all APIs. */
export type HeartbeatAnswer = Omit<ResponseInputOf<'ConsumerGroupHeartbeat'>, 'throttleTimeMs'>
export type HeartbeatReply = Reply<HeartbeatAnswer>

export function heartbeatError(errorCode: number, errorMessage: string | null = null): HeartbeatAnswer {
  return { errorCode, errorMessage, memberId: null, memberEpoch: 0, heartbeatIntervalMs: 0, assignment: null }
}

export function refuseHeartbeat(reply: HeartbeatReply, { errorCode, errorMessage }: Refusal): GroupOutcome {
  reply.send(heartbeatError(errorCode, errorMessage))
  return NOTHING
}
