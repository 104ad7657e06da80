// What StreamsGroupHeartbeat is asked with and answers.

import type { RequestOf, ResponseInputOf } from '../../../../protocol/apis.ts'
import type { Reply } from '../../runtime/reply.ts'
import { NOTHING } from '../../runtime/state-machine.ts'
import type { GroupOutcome } from '../model/group-machine.ts'
import type { Refusal } from '../model/refusal.ts'
import type { TopicInfo } from './topology.ts'

export interface HeartbeatRequest extends RequestOf<'StreamsGroupHeartbeat'> {
  readonly apiVersion: number
  readonly clientId: string
  readonly clientHost: string
}

/** Without the throttle time, which is the same for all APIs. */
export type HeartbeatResponse = Omit<ResponseInputOf<'StreamsGroupHeartbeat'>, 'throttleTimeMs'>

export interface HeartbeatAnswer {
  readonly response: HeartbeatResponse
  /** Internal topics that are to be made. */
  readonly missingTopics: readonly TopicInfo[]
}

export type HeartbeatReply = Reply<HeartbeatAnswer>

export function heartbeatError(errorCode: number, errorMessage: string | null = null): HeartbeatAnswer {
  const response = {
    errorCode,
    errorMessage,
    memberId: '',
    memberEpoch: 0,
    heartbeatIntervalMs: 0,
    taskOffsetIntervalMs: 0,
    status: [],
    endpointInformationEpoch: 0,
  }
  return { response, missingTopics: [] }
}

export function refuseHeartbeat(reply: HeartbeatReply, { errorCode, errorMessage }: Refusal): GroupOutcome {
  reply.send(heartbeatError(errorCode, errorMessage))
  return NOTHING
}
