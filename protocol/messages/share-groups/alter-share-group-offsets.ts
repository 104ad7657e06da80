// AlterShareGroupOffsets (91): moves the start offsets of a share group.

import { array, type Infer, int16, int32, int64, request, response, string, uuid, versions } from '../../schema.ts'

export const AlterShareGroupOffsetsRequestTopic = {
  topicName: string(),
  partitions: array({ partitionIndex: int32(), startOffset: int64() }),
}

export const AlterShareGroupOffsetsRequest = request('AlterShareGroupOffsets', 91, versions(0, 0, { flexible: 0 }), {
  groupId: string(),
  topics: array(AlterShareGroupOffsetsRequestTopic),
})
export type AlterShareGroupOffsetsRequest = Infer<typeof AlterShareGroupOffsetsRequest>

export const AlterShareGroupOffsetsResponseTopic = {
  topicName: string(),
  topicId: uuid(),
  partitions: array({
    partitionIndex: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
  }),
}

export const AlterShareGroupOffsetsResponse = response('AlterShareGroupOffsets', 91, versions(0, 0, { flexible: 0 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  errorMessage: string({ nullable: true, default: null }),
  responses: array(AlterShareGroupOffsetsResponseTopic),
})
export type AlterShareGroupOffsetsResponse = Infer<typeof AlterShareGroupOffsetsResponse>
