// EndTxn (26), v0–5. KIP-98, KIP-588 (PRODUCER_FENCED, v2), KIP-890 (v5: the answer tells the next id and epoch).

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { clientVersionOfEnd } from '../../coordinator/transaction/transaction-coordinator.ts'
import { handler } from '../handler.ts'

const FENCED_SINCE = 2

export const endTxn = handler('EndTxn', async ({ transactions }, request, { apiVersion }) => {
  const answer = await transactions.endTransaction({ ...request, clientVersion: clientVersionOfEnd(apiVersion) })
  const isOld = apiVersion < FENCED_SINCE && answer.errorCode === ErrorCode.PRODUCER_FENCED
  return isOld ? { ...answer, errorCode: ErrorCode.INVALID_PRODUCER_EPOCH } : answer
})
