// DeleteTopics (20), v1–6. KIP-4, KIP-516 (by id, v6). Decided by the controller (controller/topics.ts).

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'
import type { Fault } from '../../controller/decision.ts'
import { handler } from '../handler.ts'
import { askController } from './controller-request.ts'

/** Before it a client does not know TOPIC_DELETION_DISABLED. */
const DISABLED_SINCE = 3

/** Before it a client does not know THROTTLING_QUOTA_EXCEEDED (KIP-599). */
const STRICT_SINCE = 5

export const deleteTopics = handler('DeleteTopics', async (services, request, { apiVersion, quotaClient }) => {
  const mutations = services.quotas.mutations?.forRequest(quotaClient, apiVersion >= STRICT_SINCE)
  const unanswered = (fault: Fault) => {
    const asked = [...request.topics, ...request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }))]
    return { throttleTimeMs: 0, responses: asked.map((topic) => ({ ...topic, ...fault })) }
  }
  const response = await askController(services, 'DeleteTopics', request, unanswered, mutations)
  if (apiVersion >= DISABLED_SINCE) return response
  const { throttleTimeMs, responses } = response
  return {
    throttleTimeMs,
    responses: responses.map((one) =>
      one.errorCode === ErrorCode.TOPIC_DELETION_DISABLED ? { ...one, errorCode: ErrorCode.INVALID_REQUEST } : one,
    ),
  }
})
