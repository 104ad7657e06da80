// DeleteShareGroupState (86): group coordinator to share coordinator: forget these share partitions.

import { array, type Infer, int16, int32, request, response, string, uuid, versions } from '../../schema.ts'

export const DeleteStateData = {
  topicId: uuid(),
  partitions: array({ partition: int32() }),
}

export const DeleteShareGroupStateRequest = request('DeleteShareGroupState', 86, versions(0, 0, { flexible: 0 }), {
  groupId: string(),
  topics: array(DeleteStateData),
})
export type DeleteShareGroupStateRequest = Infer<typeof DeleteShareGroupStateRequest>

export const DeleteStateResult = {
  topicId: uuid(),
  partitions: array({
    partition: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
  }),
}

export const DeleteShareGroupStateResponse = response('DeleteShareGroupState', 86, versions(0, 0, { flexible: 0 }), {
  results: array(DeleteStateResult),
})
export type DeleteShareGroupStateResponse = Infer<typeof DeleteShareGroupStateResponse>
