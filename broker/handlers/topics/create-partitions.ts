// CreatePartitions (37), v0–3. KIP-195. Decided by the controller (controller/topics.ts).

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { handler } from '../handler.ts'
import { askController } from './controller-request.ts'

export const createPartitions = handler('CreatePartitions', async (services, request) => {
  const response = await askController(services, 'CreatePartitions', request)
  const timedOut = { errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage: null }
  return { throttleTimeMs: 0, results: response?.results ?? request.topics.map(({ name }) => ({ name, ...timedOut })) }
})
