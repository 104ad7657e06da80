// WriteShareGroupState (85): leader to share coordinator: changed delivery states.

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

export const PartitionData = {
  partition: int32(),
  stateEpoch: int32(),
  leaderEpoch: int32(),
  startOffset: int64(),
  deliveryCompleteCount: int32({ since: 1, default: -1 }),
  stateBatches: array({
    firstOffset: int64(),
    lastOffset: int64(),
    deliveryState: int8(),
    deliveryCount: int16(),
  }),
}

export const WriteStateData = {
  topicId: uuid(),
  partitions: array(PartitionData),
}

export const WriteShareGroupStateRequest = request('WriteShareGroupState', 85, versions(0, 1, { flexible: 0 }), {
  groupId: string(),
  topics: array(WriteStateData),
})
export type WriteShareGroupStateRequest = Infer<typeof WriteShareGroupStateRequest>

export const WriteStateResult = {
  topicId: uuid(),
  partitions: array({
    partition: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
  }),
}

export const WriteShareGroupStateResponse = response('WriteShareGroupState', 85, versions(0, 1, { flexible: 0 }), {
  results: array(WriteStateResult),
})
export type WriteShareGroupStateResponse = Infer<typeof WriteShareGroupStateResponse>
