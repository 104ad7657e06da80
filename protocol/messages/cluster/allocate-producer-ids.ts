// AllocateProducerIds (67): broker to controller: a fresh block of producer ids.

import { type Infer, int16, int32, int64, request, response, versions } from '../../schema.ts'

export const AllocateProducerIdsRequest = request('AllocateProducerIds', 67, versions(0, 0, { flexible: 0 }), {
  brokerId: int32(),
  brokerEpoch: int64({ default: -1n }),
})
export type AllocateProducerIdsRequest = Infer<typeof AllocateProducerIdsRequest>

export const AllocateProducerIdsResponse = response('AllocateProducerIds', 67, versions(0, 0, { flexible: 0 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  producerIdStart: int64(),
  producerIdLen: int32(),
})
export type AllocateProducerIdsResponse = Infer<typeof AllocateProducerIdsResponse>
