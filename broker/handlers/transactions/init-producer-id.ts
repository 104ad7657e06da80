// InitProducerId (22), v0–5 (v6 is unstable: KIP-939). KIP-98, KIP-360.
//
// Gives out an id for an idempotent producer. There is no transaction coordinator yet, so a transactional id is
// answered as by a broker that coordinates no transactions: with a final error, not one that a client would repeat for
// ever.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { handler } from '../handler.ts'

const NO_PRODUCER = { producerId: -1n, producerEpoch: -1 }

export const initProducerId = handler('InitProducerId', async (services, request) => {
  const { transactionalId, producerId, producerEpoch } = request
  if (transactionalId === '') return { errorCode: ErrorCode.INVALID_REQUEST, ...NO_PRODUCER }
  if (transactionalId !== null) return { errorCode: ErrorCode.UNSUPPORTED_VERSION, ...NO_PRODUCER }
  // Either both of the id and the epoch to be continued are given, or neither (KIP-360).
  if ((producerId === -1n) !== (producerEpoch === -1)) return { errorCode: ErrorCode.INVALID_REQUEST, ...NO_PRODUCER }
  const next = await services.producerIds.next()
  if (typeof next === 'number') {
    // Kafka hides the controller's reason: the coordinator is loading, try again.
    return { errorCode: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, ...NO_PRODUCER }
  }
  return { errorCode: ErrorCode.NONE, producerId: next, producerEpoch: 0 }
})
