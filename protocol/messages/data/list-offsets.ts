// ListOffsets (2): finds offsets by timestamp, and the ends of a partition.

import { array, type Infer, int8, int16, int32, int64, request, response, string, versions } from '../../schema.ts'

export const ListOffsetsTopic = {
  name: string(),
  partitions: array({
    partitionIndex: int32(),
    currentLeaderEpoch: int32({ since: 4, default: -1 }),
    timestamp: int64(),
  }),
}

export const ListOffsetsRequest = request('ListOffsets', 2, versions(1, 11, { flexible: 6 }), {
  replicaId: int32(),
  isolationLevel: int8({ since: 2 }),
  topics: array(ListOffsetsTopic),
  timeoutMs: int32({ since: 10 }),
})
export type ListOffsetsRequest = Infer<typeof ListOffsetsRequest>

export const ListOffsetsTopicResponse = {
  name: string(),
  partitions: array({
    partitionIndex: int32(),
    errorCode: int16(),
    timestamp: int64({ default: -1n }),
    offset: int64({ default: -1n }),
    leaderEpoch: int32({ since: 4, default: -1 }),
  }),
}

export const ListOffsetsResponse = response('ListOffsets', 2, versions(1, 11, { flexible: 6 }), {
  throttleTimeMs: int32({ since: 2 }),
  topics: array(ListOffsetsTopicResponse),
})
export type ListOffsetsResponse = Infer<typeof ListOffsetsResponse>
