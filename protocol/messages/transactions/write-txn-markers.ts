// WriteTxnMarkers (27): coordinator to leaders: write commit or abort markers.

import {
  array,
  bool,
  type Infer,
  int8,
  int16,
  int32,
  int64,
  request,
  response,
  string,
  versions,
} from '../../schema.ts'

export const WritableTxnMarker = {
  producerId: int64(),
  producerEpoch: int16(),
  transactionResult: bool(),
  topics: array({ name: string(), partitionIndexes: array(int32()) }),
  coordinatorEpoch: int32(),
  transactionVersion: int8({ since: 2 }),
}

export const WriteTxnMarkersRequest = request('WriteTxnMarkers', 27, versions(1, 2, { flexible: 1 }), {
  markers: array(WritableTxnMarker),
})
export type WriteTxnMarkersRequest = Infer<typeof WriteTxnMarkersRequest>

export const WritableTxnMarkerTopicResult = {
  name: string(),
  partitions: array({ partitionIndex: int32(), errorCode: int16() }),
}

export const WritableTxnMarkerResult = {
  producerId: int64(),
  topics: array(WritableTxnMarkerTopicResult),
}

export const WriteTxnMarkersResponse = response('WriteTxnMarkers', 27, versions(1, 2, { flexible: 1 }), {
  markers: array(WritableTxnMarkerResult),
})
export type WriteTxnMarkersResponse = Infer<typeof WriteTxnMarkersResponse>
