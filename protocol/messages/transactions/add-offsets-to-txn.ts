// AddOffsetsToTxn (25): adds the offsets of a group to a transaction.

import { type Infer, int16, int32, int64, request, response, string, versions } from '../../schema.ts'

export const AddOffsetsToTxnRequest = request('AddOffsetsToTxn', 25, versions(0, 4, { flexible: 3 }), {
  transactionalId: string(),
  producerId: int64(),
  producerEpoch: int16(),
  groupId: string(),
})
export type AddOffsetsToTxnRequest = Infer<typeof AddOffsetsToTxnRequest>

export const AddOffsetsToTxnResponse = response('AddOffsetsToTxn', 25, versions(0, 4, { flexible: 3 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
})
export type AddOffsetsToTxnResponse = Infer<typeof AddOffsetsToTxnResponse>
