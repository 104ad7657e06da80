// ReadShareGroupStateSummary (87): start offsets and epochs of share partitions without their delivery states.

import { array, type Infer, int16, int32, int64, request, response, string, uuid, versions } from '../../schema.ts'

export const ReadStateSummaryData = {
  topicId: uuid(),
  partitions: array({ partition: int32(), leaderEpoch: int32() }),
}

export const ReadShareGroupStateSummaryRequest = request(
  'ReadShareGroupStateSummary',
  87,
  versions(0, 1, { flexible: 0 }),
  {
    groupId: string(),
    topics: array(ReadStateSummaryData),
  },
)
export type ReadShareGroupStateSummaryRequest = Infer<typeof ReadShareGroupStateSummaryRequest>

export const PartitionResult = {
  partition: int32(),
  errorCode: int16(),
  errorMessage: string({ nullable: true, default: null }),
  stateEpoch: int32(),
  leaderEpoch: int32(),
  startOffset: int64(),
  deliveryCompleteCount: int32({ since: 1, default: -1 }),
}

export const ReadStateSummaryResult = {
  topicId: uuid(),
  partitions: array(PartitionResult),
}

export const ReadShareGroupStateSummaryResponse = response(
  'ReadShareGroupStateSummary',
  87,
  versions(0, 1, { flexible: 0 }),
  {
    results: array(ReadStateSummaryResult),
  },
)
export type ReadShareGroupStateSummaryResponse = Infer<typeof ReadShareGroupStateSummaryResponse>
