// ReadShareGroupState (84): leader to share coordinator: the delivery state of share partitions.

import {
  array,
  type Infer,
  int8,
  int16,
  int32,
  int64,
  request,
  response,
  string,
  uuid,
  versions,
} from '../../schema.ts'

export const ReadStateData = {
  topicId: uuid(),
  partitions: array({ partition: int32(), leaderEpoch: int32() }),
}

export const ReadShareGroupStateRequest = request('ReadShareGroupState', 84, versions(0, 0, { flexible: 0 }), {
  groupId: string(),
  topics: array(ReadStateData),
})
export type ReadShareGroupStateRequest = Infer<typeof ReadShareGroupStateRequest>

export const PartitionResult = {
  partition: int32(),
  errorCode: int16(),
  errorMessage: string({ nullable: true, default: null }),
  stateEpoch: int32(),
  startOffset: int64(),
  stateBatches: array({
    firstOffset: int64(),
    lastOffset: int64(),
    deliveryState: int8(),
    deliveryCount: int16(),
  }),
}

export const ReadStateResult = {
  topicId: uuid(),
  partitions: array(PartitionResult),
}

export const ReadShareGroupStateResponse = response('ReadShareGroupState', 84, versions(0, 0, { flexible: 0 }), {
  results: array(ReadStateResult),
})
export type ReadShareGroupStateResponse = Infer<typeof ReadShareGroupStateResponse>
