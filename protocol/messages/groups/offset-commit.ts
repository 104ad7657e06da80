// OffsetCommit (8): commits offsets of a group.

import { array, type Infer, int16, int32, int64, request, response, string, uuid, versions } from '../../schema.ts'

export const OffsetCommitRequestTopic = {
  name: string({ until: 9 }),
  topicId: uuid({ since: 10 }),
  partitions: array({
    partitionIndex: int32(),
    committedOffset: int64(),
    committedLeaderEpoch: int32({ since: 6, default: -1 }),
    committedMetadata: string({ nullable: true }),
  }),
}

export const OffsetCommitRequest = request('OffsetCommit', 8, versions(2, 10, { flexible: 8 }), {
  groupId: string(),
  generationIdOrMemberEpoch: int32({ default: -1 }),
  memberId: string(),
  retentionTimeMs: int64({ until: 4, default: -1n }),
  groupInstanceId: string({ since: 7, nullable: true, default: null }),
  topics: array(OffsetCommitRequestTopic),
})
export type OffsetCommitRequest = Infer<typeof OffsetCommitRequest>

export const OffsetCommitResponseTopic = {
  name: string({ until: 9 }),
  topicId: uuid({ since: 10 }),
  partitions: array({ partitionIndex: int32(), errorCode: int16() }),
}

export const OffsetCommitResponse = response('OffsetCommit', 8, versions(2, 10, { flexible: 8 }), {
  throttleTimeMs: int32({ since: 3 }),
  topics: array(OffsetCommitResponseTopic),
})
export type OffsetCommitResponse = Infer<typeof OffsetCommitResponse>
