// DescribeShareGroupOffsets (90): where share groups begin to deliver from, and their lag.

import { array, type Infer, int16, int32, int64, request, response, string, uuid, versions } from '../../schema.ts'

export const DescribeShareGroupOffsetsRequestTopic = {
  topicName: string(),
  partitions: array(int32()),
}

export const DescribeShareGroupOffsetsRequestGroup = {
  groupId: string(),
  topics: array(DescribeShareGroupOffsetsRequestTopic, { nullable: true }),
}

export const DescribeShareGroupOffsetsRequest = request(
  'DescribeShareGroupOffsets',
  90,
  versions(0, 1, { flexible: 0 }),
  {
    groups: array(DescribeShareGroupOffsetsRequestGroup),
  },
)
export type DescribeShareGroupOffsetsRequest = Infer<typeof DescribeShareGroupOffsetsRequest>

export const DescribeShareGroupOffsetsResponseTopic = {
  topicName: string(),
  topicId: uuid(),
  partitions: array({
    partitionIndex: int32(),
    startOffset: int64(),
    leaderEpoch: int32(),
    lag: int64({ since: 1, default: -1n }),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
  }),
}

export const DescribeShareGroupOffsetsResponseGroup = {
  groupId: string(),
  topics: array(DescribeShareGroupOffsetsResponseTopic),
  errorCode: int16(),
  errorMessage: string({ nullable: true, default: null }),
}

export const DescribeShareGroupOffsetsResponse = response(
  'DescribeShareGroupOffsets',
  90,
  versions(0, 1, { flexible: 0 }),
  {
    throttleTimeMs: int32(),
    groups: array(DescribeShareGroupOffsetsResponseGroup),
  },
)
export type DescribeShareGroupOffsetsResponse = Infer<typeof DescribeShareGroupOffsetsResponse>
