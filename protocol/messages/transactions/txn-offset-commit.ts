// TxnOffsetCommit (28): commits offsets of a group as part of a transaction.

import { array, type Infer, int16, int32, int64, request, response, string, uuid, versions } from '../../schema.ts'

export const TxnOffsetCommitRequestTopic = {
  name: string({ until: 5 }),
  topicId: uuid({ since: 6 }),
  partitions: array({
    partitionIndex: int32(),
    committedOffset: int64(),
    committedLeaderEpoch: int32({ since: 2, default: -1 }),
    committedMetadata: string({ nullable: true }),
  }),
}

export const TxnOffsetCommitRequest = request('TxnOffsetCommit', 28, versions(0, 6, { flexible: 3 }), {
  transactionalId: string(),
  groupId: string(),
  producerId: int64(),
  producerEpoch: int16(),
  generationIdOrMemberEpoch: int32({ since: 3, default: -1 }),
  memberId: string({ since: 3 }),
  groupInstanceId: string({ since: 3, nullable: true, default: null }),
  topics: array(TxnOffsetCommitRequestTopic),
})
export type TxnOffsetCommitRequest = Infer<typeof TxnOffsetCommitRequest>

export const TxnOffsetCommitResponseTopic = {
  name: string({ until: 5 }),
  topicId: uuid({ since: 6 }),
  partitions: array({ partitionIndex: int32(), errorCode: int16() }),
}

export const TxnOffsetCommitResponse = response('TxnOffsetCommit', 28, versions(0, 6, { flexible: 3 }), {
  throttleTimeMs: int32(),
  topics: array(TxnOffsetCommitResponseTopic),
})
export type TxnOffsetCommitResponse = Infer<typeof TxnOffsetCommitResponse>
