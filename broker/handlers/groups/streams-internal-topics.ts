// Repartition and changelog topics, made when a member of a streams group first needs them. Until they are there the
// group gives out no tasks; what keeps them from being made is told with the next heartbeats, and tried again when that
// has been told for a while. Source: AutoTopicCreationManager of Apache Kafka.

import { ErrorCode, errorName } from '../../../protocol/error-codes.ts'
import type { Fault } from '../../controller/decision.ts'
import type { TopicInfo } from '../../coordinator/group/streams/topology.ts'
import type { Services } from '../../services.ts'
import { askController, TIMED_OUT } from '../topics/controller-request.ts'

interface Failure {
  readonly message: string
  /** Monotonic ms. */
  readonly until: number
}

interface Creations {
  /** Names that the controller was asked for and has not answered. */
  readonly inFlight: Set<string>
  /** By name. */
  readonly failures: Map<string, Failure>
}

const TIMEOUT_MS = 30_000
const DEFAULT = -1
/** A client that names ever new topics must not fill the memory. */
const MAX_FAILURES = 1_000

const creationsOf = new WeakMap<Services, Creations>()

/** Returns at once: what is wrong with any of them, by name. */
export function createInternalTopics(
  services: Services,
  topics: readonly TopicInfo[],
  retryMs: number,
): ReadonlyMap<string, string> {
  const creations = creationsOf.get(services) ?? { inFlight: new Set(), failures: new Map() }
  creationsOf.set(services, creations)
  const { inFlight, failures } = creations
  const now = services.host.clock.monotonic()
  for (const [name, { until }] of failures) if (until <= now) failures.delete(name)
  const known = topics.flatMap(({ name }) => {
    const failure = failures.get(name)
    return failure === undefined ? [] : [[name, failure.message] as const]
  })
  const wanted = topics.filter(({ name }) => !inFlight.has(name) && !failures.has(name))
  if (wanted.length > 0) create(services, creations, wanted, retryMs)
  return new Map(known)
}

function create(services: Services, creations: Creations, topics: readonly TopicInfo[], retryMs: number): void {
  const { inFlight, failures } = creations
  const { logger, clock } = services.host
  const fail = (name: string, message: string): void => {
    logger.warn('internal topic was not created', { name, reason: message })
    if (failures.size < MAX_FAILURES) failures.set(name, { message, until: clock.monotonic() + retryMs })
  }
  for (const { name } of topics) inFlight.add(name)
  const creatable = topics.map(({ name, partitions, replicationFactor, topicConfigs }) => ({
    name,
    numPartitions: partitions,
    replicationFactor: replicationFactor === 0 ? DEFAULT : replicationFactor,
    assignments: [],
    configs: topicConfigs.map(({ key, value }) => ({ name: key, value })),
  }))
  const request = { topics: creatable, timeoutMs: TIMEOUT_MS, validateOnly: false }
  const unanswered = (fault: Fault) => {
    // Without an answer they may be there by the next heartbeat.
    if (fault !== TIMED_OUT) for (const { name } of topics) fail(name, fault.errorMessage ?? errorName(fault.errorCode))
    return { throttleTimeMs: 0, topics: [] }
  }
  askController(services, 'CreateTopics', request, unanswered)
    .then((response) => {
      for (const { name, errorCode, errorMessage } of response.topics) {
        if (errorCode === ErrorCode.NONE || errorCode === ErrorCode.TOPIC_ALREADY_EXISTS) continue
        fail(name, errorMessage ?? errorName(errorCode))
      }
    })
    .catch((error: unknown) => {
      for (const { name } of topics) fail(name, String(error))
    })
    .finally(() => {
      for (const { name } of topics) inFlight.delete(name)
    })
}
