// InitProducerId (22): gives out producer ids and epochs, and fences earlier holders of a transactional id.

import { bool, type Infer, int16, int32, int64, request, response, string, versions } from '../../schema.ts'

export const InitProducerIdRequest = request('InitProducerId', 22, versions(0, 6, { flexible: 2 }), {
  transactionalId: string({ nullable: true }),
  transactionTimeoutMs: int32(),
  producerId: int64({ since: 3, default: -1n }),
  producerEpoch: int16({ since: 3, default: -1 }),
  enable2Pc: bool({ since: 6 }),
  keepPreparedTxn: bool({ since: 6 }),
})
export type InitProducerIdRequest = Infer<typeof InitProducerIdRequest>

export const InitProducerIdResponse = response('InitProducerId', 22, versions(0, 6, { flexible: 2 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  producerId: int64({ default: -1n }),
  producerEpoch: int16(),
  ongoingTxnProducerId: int64({ since: 6, default: -1n }),
  ongoingTxnProducerEpoch: int16({ since: 6, default: -1 }),
})
export type InitProducerIdResponse = Infer<typeof InitProducerIdResponse>
