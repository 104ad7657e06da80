// OffsetForLeaderEpoch (23): tells where a leader epoch ends, so that consumers and followers notice a truncated log.

import { array, type Infer, int16, int32, int64, request, response, string, versions } from '../../schema.ts'

export const OffsetForLeaderTopic = {
  topic: string(),
  partitions: array({
    partition: int32(),
    currentLeaderEpoch: int32({ default: -1 }),
    leaderEpoch: int32(),
  }),
}

export const OffsetForLeaderEpochRequest = request('OffsetForLeaderEpoch', 23, versions(2, 4, { flexible: 4 }), {
  replicaId: int32({ since: 3, default: -2 }),
  topics: array(OffsetForLeaderTopic),
})
export type OffsetForLeaderEpochRequest = Infer<typeof OffsetForLeaderEpochRequest>

export const OffsetForLeaderTopicResult = {
  topic: string(),
  partitions: array({
    errorCode: int16(),
    partition: int32(),
    leaderEpoch: int32({ default: -1 }),
    endOffset: int64({ default: -1n }),
  }),
}

export const OffsetForLeaderEpochResponse = response('OffsetForLeaderEpoch', 23, versions(2, 4, { flexible: 4 }), {
  throttleTimeMs: int32(),
  topics: array(OffsetForLeaderTopicResult),
})
export type OffsetForLeaderEpochResponse = Infer<typeof OffsetForLeaderEpochResponse>
