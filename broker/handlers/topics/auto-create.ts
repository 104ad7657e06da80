// Topics created because someone asked for them by name. Source: AutoTopicCreationManager.

import { ErrorCode, errorName } from '../../../protocol/error-codes.ts'
import { isInternalTopic } from '../../metadata/internal-topics.ts'
import type { QuotaClient } from '../../quotas/client-quota.ts'
import type { Services } from '../../services.ts'
import { askController } from './controller-request.ts'

const TIMEOUT_MS = 30_000
const DEFAULT = -1

/** Per controller channel, the names that are being created: every client of a new topic asks at once. */
const inFlight = new WeakMap<Services, Set<string>>()

/** Returns at once. Internal topics are left to their coordinators, which know their settings. */
export function autoCreateTopics(services: Services, names: readonly string[], client: QuotaClient): void {
  let creating = inFlight.get(services)
  if (creating === undefined) {
    creating = new Set()
    inFlight.set(services, creating)
  }
  const wanted = names.filter((name) => !creating.has(name) && !isInternalTopic(name))
  if (wanted.length === 0) return
  for (const name of wanted) creating.add(name)
  const topics = wanted.map((name) => ({
    name,
    numPartitions: DEFAULT,
    replicationFactor: DEFAULT,
    assignments: [],
    configs: [],
  }))
  // Its partitions count against the client that has named it, who is not told: it will ask again.
  const mutations = services.quotas.mutations?.forRequest(client, true)
  const request = { topics, timeoutMs: TIMEOUT_MS, validateOnly: false }
  askController(services, 'CreateTopics', request, () => ({ throttleTimeMs: 0, topics: [] }), mutations)
    .then((response) => {
      for (const { name, errorCode, errorMessage } of response.topics) {
        if (errorCode === ErrorCode.NONE || errorCode === ErrorCode.TOPIC_ALREADY_EXISTS) continue
        services.host.logger.warn('topic was not created', { name, error: errorName(errorCode), reason: errorMessage })
      }
    })
    .catch((error: unknown) => services.host.logger.error('topics were not created', { error: String(error) }))
    .finally(() => {
      for (const name of wanted) creating.delete(name)
    })
}
