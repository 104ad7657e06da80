// OffsetDelete (47): deletes committed offsets of topics that the group no longer reads.

import { array, type Infer, int16, int32, request, response, string, versions } from '../../schema.ts'

export const OffsetDeleteRequestTopic = {
  name: string(),
  partitions: array({ partitionIndex: int32() }),
}

export const OffsetDeleteRequest = request('OffsetDelete', 47, versions(0, 0), {
  groupId: string(),
  topics: array(OffsetDeleteRequestTopic),
})
export type OffsetDeleteRequest = Infer<typeof OffsetDeleteRequest>

export const OffsetDeleteResponseTopic = {
  name: string(),
  partitions: array({ partitionIndex: int32(), errorCode: int16() }),
}

export const OffsetDeleteResponse = response('OffsetDelete', 47, versions(0, 0), {
  errorCode: int16(),
  throttleTimeMs: int32(),
  topics: array(OffsetDeleteResponseTopic),
})
export type OffsetDeleteResponse = Infer<typeof OffsetDeleteResponse>
