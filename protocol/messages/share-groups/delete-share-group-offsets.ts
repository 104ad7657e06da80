// DeleteShareGroupOffsets (92): forgets the topics of a share group.

import { array, type Infer, int16, int32, request, response, string, uuid, versions } from '../../schema.ts'

export const DeleteShareGroupOffsetsRequest = request('DeleteShareGroupOffsets', 92, versions(0, 0, { flexible: 0 }), {
  groupId: string(),
  topics: array({ topicName: string() }),
})
export type DeleteShareGroupOffsetsRequest = Infer<typeof DeleteShareGroupOffsetsRequest>

export const DeleteShareGroupOffsetsResponse = response(
  'DeleteShareGroupOffsets',
  92,
  versions(0, 0, { flexible: 0 }),
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
    responses: array({
      topicName: string(),
      topicId: uuid(),
      errorCode: int16(),
      errorMessage: string({ nullable: true, default: null }),
    }),
  },
)
export type DeleteShareGroupOffsetsResponse = Infer<typeof DeleteShareGroupOffsetsResponse>
