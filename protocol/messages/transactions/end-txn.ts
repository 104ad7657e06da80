// EndTxn (26): commits or aborts a transaction.

import { bool, type Infer, int16, int32, int64, request, response, string, versions } from '../../schema.ts'

export const EndTxnRequest = request('EndTxn', 26, versions(0, 5, { flexible: 3 }), {
  transactionalId: string(),
  producerId: int64(),
  producerEpoch: int16(),
  committed: bool(),
})
export type EndTxnRequest = Infer<typeof EndTxnRequest>

export const EndTxnResponse = response('EndTxn', 26, versions(0, 5, { flexible: 3 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  producerId: int64({ since: 5, default: -1n }),
  producerEpoch: int16({ since: 5, default: -1 }),
})
export type EndTxnResponse = Infer<typeof EndTxnResponse>
