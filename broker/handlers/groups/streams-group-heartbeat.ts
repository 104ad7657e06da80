// StreamsGroupHeartbeat (88), v0–1. KIP-1071: members of streams groups join with their topology, learn their tasks,
// give up what they shall not have, and leave. v1: clients know all statuses. Answered when the log has what it says;
// internal topics that the topology lacks are asked for meanwhile.

import type { RequestOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { topicNameFault } from '../../controller/topic-names.ts'
import { heartbeatError } from '../../coordinator/group/streams/heartbeat-answer.ts'
import { STATUS } from '../../coordinator/group/streams/partition-counts.ts'
import { streamsGroupHeartbeat as heartbeat } from '../../coordinator/group/streams/requests.ts'
import { streamsConfig } from '../../coordinator/group/streams/streams-config.ts'
import { isInternalTopic } from '../../metadata/internal-topics.ts'
import { handler } from '../handler.ts'
import { isGroupProtocolEnabled } from './protocol-enabled.ts'
import { createInternalTopics } from './streams-internal-topics.ts'

/** Of topics that could not be made. */
const MAX_SHOWN = 3

export const streamsGroupHeartbeat = handler('StreamsGroupHeartbeat', async (services, request, context) => {
  if (!isGroupProtocolEnabled(services, 'streams', 'streams.version')) {
    return heartbeatError(ErrorCode.UNSUPPORTED_VERSION).response
  }
  const wrong = namesFault(request)
  if (wrong !== null) return heartbeatError(ErrorCode.STREAMS_INVALID_TOPOLOGY, wrong).response
  const { groups } = services
  const { response, missingTopics } = await heartbeat(groups, context, request)
  if (missingTopics.length === 0 || response.status === null) return response
  const retryMs = 2 * streamsConfig(groups.config, request.groupId).heartbeatIntervalMs
  const failures = createInternalTopics(services, missingTopics, retryMs)
  if (failures.size === 0) return response
  const shown = [...failures].slice(0, MAX_SHOWN).map(([name, message]) => `${name} (${message})`)
  const rest = failures.size > MAX_SHOWN ? ` and ${failures.size - MAX_SHOWN} more` : ''
  const reason = `; Creation failed: ${shown.join(', ')}${rest}.`
  const status = response.status.map((one) =>
    one.statusCode === STATUS.missingInternalTopics ? { ...one, statusDetail: one.statusDetail + reason } : one,
  )
  return { ...response, status }
})

/** Topics that no application may use, or that cannot be. */
function namesFault({ topology }: RequestOf<'StreamsGroupHeartbeat'>): string | null {
  const names = new Set<string>()
  for (const subtopology of topology?.subtopologies ?? []) {
    const { sourceTopics, repartitionSinkTopics, repartitionSourceTopics, stateChangelogTopics } = subtopology
    const internal = [...repartitionSourceTopics, ...stateChangelogTopics].map(({ name }) => name)
    for (const name of [...sourceTopics, ...repartitionSinkTopics, ...internal]) names.add(name)
  }
  const prohibited = [...names].filter(isInternalTopic)
  if (prohibited.length > 0) {
    return `Use of Kafka internal topics ${prohibited} in a Kafka Streams topology is prohibited.`
  }
  const wrong = [...names].filter((name) => topicNameFault(name) !== null)
  return wrong.length === 0 ? null : `Topic names ${wrong} are not valid topic names.`
}
