// CreateTopics (19), v2–7. KIP-4, KIP-464 (defaults), KIP-525 (configs in the answer, v5), KIP-516 (topic id, v7).
//
// Decided by the controller (controller/topics.ts). The broker refuses names that belong to Kafka itself.

import type { ResponseInputOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'
import type { Fault } from '../../controller/decision.ts'
import { METADATA_TOPIC } from '../../metadata/internal-topics.ts'
import { handler } from '../handler.ts'
import { askController } from './controller-request.ts'

type Result = ResponseInputOf<'CreateTopics'>['topics'][number]

/** Before it a client does not know THROTTLING_QUOTA_EXCEEDED (KIP-599). */
const STRICT_SINCE = 6
const PROHIBITED = `Creation of internal topic ${METADATA_TOPIC} is prohibited.`

function refused(name: string, errorCode: number, errorMessage: string | null): Result {
  return { name, topicId: ZERO_UUID, errorCode, errorMessage, numPartitions: -1, replicationFactor: -1, configs: [] }
}

export const createTopics = handler('CreateTopics', async (services, request, { apiVersion, quotaClient }) => {
  const mutations = services.quotas.mutations?.forRequest(quotaClient, apiVersion >= STRICT_SINCE)
  const allowed = request.topics.filter(({ name }) => name !== METADATA_TOPIC)
  const prohibited =
    allowed.length === request.topics.length ? [] : [refused(METADATA_TOPIC, ErrorCode.INVALID_REQUEST, PROHIBITED)]
  const unanswered = ({ errorCode, errorMessage }: Fault) => {
    return { throttleTimeMs: 0, topics: allowed.map(({ name }) => refused(name, errorCode, errorMessage)) }
  }
  const asked = { ...request, topics: allowed }
  const { throttleTimeMs, topics } = await askController(services, 'CreateTopics', asked, unanswered, mutations)
  return { throttleTimeMs, topics: [...topics, ...prohibited] }
})
