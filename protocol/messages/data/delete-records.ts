// DeleteRecords (21): moves the start of partitions forward.

import { array, type Infer, int16, int32, int64, request, response, string, versions } from '../../schema.ts'

export const DeleteRecordsTopic = {
  name: string(),
  partitions: array({ partitionIndex: int32(), offset: int64() }),
}

export const DeleteRecordsRequest = request('DeleteRecords', 21, versions(0, 2, { flexible: 2 }), {
  topics: array(DeleteRecordsTopic),
  timeoutMs: int32(),
})
export type DeleteRecordsRequest = Infer<typeof DeleteRecordsRequest>

export const DeleteRecordsTopicResult = {
  name: string(),
  partitions: array({
    partitionIndex: int32(),
    lowWatermark: int64(),
    errorCode: int16(),
  }),
}

export const DeleteRecordsResponse = response('DeleteRecords', 21, versions(0, 2, { flexible: 2 }), {
  throttleTimeMs: int32(),
  topics: array(DeleteRecordsTopicResult),
})
export type DeleteRecordsResponse = Infer<typeof DeleteRecordsResponse>
