// InitializeShareGroupState (83): group coordinator to share coordinator: keep state for these share partitions.

import { array, type Infer, int16, int32, int64, request, response, string, uuid, versions } from '../../schema.ts'

export const InitializeStateData = {
  topicId: uuid(),
  partitions: array({
    partition: int32(),
    stateEpoch: int32(),
    startOffset: int64(),
  }),
}

export const InitializeShareGroupStateRequest = request(
  'InitializeShareGroupState',
  83,
  versions(0, 0, { flexible: 0 }),
  {
    groupId: string(),
    topics: array(InitializeStateData),
  },
)
export type InitializeShareGroupStateRequest = Infer<typeof InitializeShareGroupStateRequest>

export const InitializeStateResult = {
  topicId: uuid(),
  partitions: array({
    partition: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
  }),
}

export const InitializeShareGroupStateResponse = response(
  'InitializeShareGroupState',
  83,
  versions(0, 0, { flexible: 0 }),
  {
    results: array(InitializeStateResult),
  },
)
export type InitializeShareGroupStateResponse = Infer<typeof InitializeShareGroupStateResponse>
