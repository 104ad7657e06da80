// InitProducerId (22), v0–5 (v6 is unstable: KIP-939). KIP-98, KIP-360 (a producer that goes on after an error, v3),
// KIP-588 (PRODUCER_FENCED, v4), KIP-890 (v5).
//
// Gives out an id for an idempotent producer; for a transactional one, its coordinator does, with an epoch.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { handler } from '../handler.ts'

const NO_PRODUCER = { producerId: -1n, producerEpoch: -1 }
const FENCED_SINCE = 4

export const initProducerId = handler('InitProducerId', async (services, request, { apiVersion }) => {
  const { transactionalId, transactionTimeoutMs, producerId, producerEpoch } = request
  // Either both of the id and the epoch to be continued are given, or neither.
  if ((producerId === -1n) !== (producerEpoch === -1)) return { errorCode: ErrorCode.INVALID_REQUEST, ...NO_PRODUCER }
  if (transactionalId !== null) {
    const current = producerId === -1n ? null : { producerId, producerEpoch }
    const init = { transactionalId, timeoutMs: transactionTimeoutMs, current }
    const answer = await services.transactions.initProducerId(init)
    const isOld = apiVersion < FENCED_SINCE && answer.errorCode === ErrorCode.PRODUCER_FENCED
    return isOld ? { ...answer, errorCode: ErrorCode.INVALID_PRODUCER_EPOCH } : answer
  }
  const next = await services.producerIds.next()
  if (typeof next === 'number') {
    // Kafka hides the controller's reason: the coordinator is loading, try again.
    return { errorCode: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, ...NO_PRODUCER }
  }
  return { errorCode: ErrorCode.NONE, producerId: next, producerEpoch: 0 }
})
