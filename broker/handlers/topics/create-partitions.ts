// CreatePartitions (37), v0–3. KIP-195. Decided by the controller (controller/topics.ts).

import type { Fault } from '../../controller/decision.ts'
import { handler } from '../handler.ts'
import { askController } from './controller-request.ts'

/** Before it a client does not know THROTTLING_QUOTA_EXCEEDED (KIP-599). */
const STRICT_SINCE = 3

export const createPartitions = handler('CreatePartitions', (services, request, { apiVersion, quotaClient }) => {
  const mutations = services.quotas.mutations?.forRequest(quotaClient, apiVersion >= STRICT_SINCE)
  const unanswered = (fault: Fault) => {
    return { throttleTimeMs: 0, results: request.topics.map(({ name }) => ({ name, ...fault })) }
  }
  return askController(services, 'CreatePartitions', request, unanswered, mutations)
})
