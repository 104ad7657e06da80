// OffsetFetch (9): reads committed offsets of groups.

import {
  array,
  bool,
  type Infer,
  int16,
  int32,
  int64,
  request,
  response,
  string,
  uuid,
  versions,
} from '../../schema.ts'

export const OffsetFetchRequestTopic = {
  name: string(),
  partitionIndexes: array(int32()),
}

export const OffsetFetchRequestTopics = {
  name: string({ until: 9 }),
  topicId: uuid({ since: 10 }),
  partitionIndexes: array(int32()),
}

export const OffsetFetchRequestGroup = {
  groupId: string(),
  memberId: string({ since: 9, nullable: true, default: null }),
  memberEpoch: int32({ since: 9, default: -1 }),
  topics: array(OffsetFetchRequestTopics, { nullable: true }),
}

export const OffsetFetchRequest = request('OffsetFetch', 9, versions(1, 10, { flexible: 6 }), {
  groupId: string({ until: 7 }),
  topics: array(OffsetFetchRequestTopic, { until: 7, nullable: 2 }),
  groups: array(OffsetFetchRequestGroup, { since: 8 }),
  requireStable: bool({ since: 7 }),
})
export type OffsetFetchRequest = Infer<typeof OffsetFetchRequest>

export const OffsetFetchResponseTopic = {
  name: string(),
  partitions: array({
    partitionIndex: int32(),
    committedOffset: int64(),
    committedLeaderEpoch: int32({ since: 5, default: -1 }),
    metadata: string({ nullable: true }),
    errorCode: int16(),
  }),
}

export const OffsetFetchResponseTopics = {
  name: string({ until: 9 }),
  topicId: uuid({ since: 10 }),
  partitions: array({
    partitionIndex: int32(),
    committedOffset: int64(),
    committedLeaderEpoch: int32({ default: -1 }),
    metadata: string({ nullable: true }),
    errorCode: int16(),
  }),
}

export const OffsetFetchResponseGroup = {
  groupId: string(),
  topics: array(OffsetFetchResponseTopics),
  errorCode: int16(),
}

export const OffsetFetchResponse = response('OffsetFetch', 9, versions(1, 10, { flexible: 6 }), {
  throttleTimeMs: int32({ since: 3 }),
  topics: array(OffsetFetchResponseTopic, { until: 7 }),
  errorCode: int16({ since: 2, until: 7 }),
  groups: array(OffsetFetchResponseGroup, { since: 8 }),
})
export type OffsetFetchResponse = Infer<typeof OffsetFetchResponse>
