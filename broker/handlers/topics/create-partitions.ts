// CreatePartitions (37), v0–3. KIP-195. Decided by the controller (controller/topics.ts).

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { handler } from '../handler.ts'
import { askController } from './controller-request.ts'

/** Before it a client does not know THROTTLING_QUOTA_EXCEEDED (KIP-599). */
const STRICT_SINCE = 3

export const createPartitions = handler('CreatePartitions', async (services, request, { apiVersion, quotaClient }) => {
  const mutations = services.quotas.mutations?.forRequest(quotaClient, apiVersion >= STRICT_SINCE)
  const response = await askController(services, 'CreatePartitions', request, mutations)
  const timedOut = { errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage: null }
  const throttleTimeMs = response?.throttleTimeMs ?? 0
  return { throttleTimeMs, results: response?.results ?? request.topics.map(({ name }) => ({ name, ...timedOut })) }
})
