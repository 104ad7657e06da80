// The answer to a heartbeat of a share group, and what is to be done because of it.

import type { ResponseInputOf } from '../../../../protocol/apis.ts'
import type { Reply } from '../../runtime/reply.ts'
import { NOTHING } from '../../runtime/state-machine.ts'
import type { GroupOutcome } from '../model/group-machine.ts'
import type { Refusal } from '../model/refusal.ts'
import type { StatePartitions } from './state-topics.ts'

export type ShareHeartbeatAnswer = ResponseInputOf<'ShareGroupHeartbeat'>

export interface ShareHeartbeat {
  readonly answer: ShareHeartbeatAnswer
  readonly toInitialize: readonly StatePartitions[]
}

export function shareHeartbeatError(errorCode: number, errorMessage: string | null = null): ShareHeartbeat {
  return {
    answer: {
      throttleTimeMs: 0,
      errorCode,
      errorMessage,
      memberId: null,
      memberEpoch: 0,
      heartbeatIntervalMs: 0,
      assignment: null,
    },
    toInitialize: [],
  }
}

export function shareRefusal(reply: Reply<ShareHeartbeat>, { errorCode, errorMessage }: Refusal): GroupOutcome {
  reply.send(shareHeartbeatError(errorCode, errorMessage))
  return NOTHING
}
