// Metadata (3), v0–13. KIP-4, KIP-430 (operations, v8; the cluster's left for DescribeCluster in v11), KIP-516 (ids,
// v10; by id from v12).
//
// Null topics are all of them; so is an empty array at v0, where there is no null. A topic that is not there is created
// when the client allows it (always before v4) and auto.create.topics.enable does; like Apache Kafka's, the answer does
// not wait for that and says UNKNOWN_TOPIC_OR_PARTITION, and the client asks again.

import type { RequestOf, ResponseInputOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'
import { topicNameFault } from '../../controller/topic-names.ts'
import type { TopicImage } from '../../metadata/image.ts'
import { isInternalTopic } from '../../metadata/internal-topics.ts'
import type { Services } from '../../services.ts'
import { CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED, TOPIC_OPERATIONS } from '../authorized-operations.ts'
import { handler, type RequestContext } from '../handler.ts'
import { autoCreateTopics } from './auto-create.ts'
import { partitionView, topicHead } from './describe-topic.ts'

type TopicRow = ResponseInputOf<'Metadata'>['topics'][number]

const BY_ID_SINCE = 12
const LISTENER_ERROR_SINCE = 6

export const metadata = handler('Metadata', (services, request, context) => {
  const { image } = services.metadata
  const { apiVersion, listener } = context
  const wrong = requestError(request, apiVersion)
  if (wrong !== ErrorCode.NONE) {
    const topics = (request.topics ?? []).map(({ name, topicId }) => failed(name ?? '', topicId, wrong))
    return { throttleTimeMs: 0, brokers: [], topics, errorCode: wrong }
  }
  return {
    throttleTimeMs: 0,
    brokers: image.brokers.endpoints(listener),
    clusterId: services.clusterId,
    controllerId: services.controller.controllerId,
    topics: topicRows(services, request, context),
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? CLUSTER_OPERATIONS : OPERATIONS_NOT_ASKED,
    errorCode: ErrorCode.NONE,
  }
})

function requestError({ topics }: RequestOf<'Metadata'>, apiVersion: number): ErrorCode {
  const asked = topics ?? []
  const byId = asked.some(({ name, topicId }) => name === null || topicId !== ZERO_UUID)
  if (apiVersion < BY_ID_SINCE) return byId ? ErrorCode.INVALID_REQUEST : ErrorCode.NONE
  // Neither name nor id is where Kafka fails.
  const unnamed = asked.some(({ name, topicId }) => name === null && topicId === ZERO_UUID)
  return unnamed ? ErrorCode.UNKNOWN_SERVER_ERROR : ErrorCode.NONE
}

function topicRows(services: Services, request: RequestOf<'Metadata'>, context: RequestContext): TopicRow[] {
  const { topics } = services.metadata.image
  const { apiVersion } = context
  const asked = request.topics
  const view = (topic: TopicImage) => topicRow(services, topic, request, context)
  if (asked === null || (apiVersion === 0 && asked.length === 0)) return Array.from(topics.values(), view)
  const ids = new Set(asked.map(({ topicId }) => topicId).filter((id) => id !== ZERO_UUID))
  if (ids.size > 0) {
    return Array.from(ids, (id) => {
      const topic = topics.byId(id)
      return topic === undefined ? failed(null, id, ErrorCode.UNKNOWN_TOPIC_ID) : view(topic)
    })
  }
  const names = new Set(asked.map(({ name }) => name ?? ''))
  const missing: string[] = []
  const rows: TopicRow[] = []
  for (const name of names) {
    const topic = topics.byName(name)
    if (topic === undefined) missing.push(name)
    else rows.push(view(topic))
  }
  if (request.allowAutoTopicCreation && services.config.get('auto.create.topics.enable')) {
    autoCreateTopics(
      services,
      missing.filter((name) => topicNameFault(name) === null),
      context.quotaClient,
    )
  }
  for (const name of missing) {
    const isValid = topicNameFault(name) === null
    const errorCode = isValid ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.INVALID_TOPIC_EXCEPTION
    rows.push(failed(name, ZERO_UUID, errorCode))
  }
  return rows
}

function failed(name: string | null, topicId: string, errorCode: ErrorCode): TopicRow {
  return { errorCode, name, topicId, isInternal: name !== null && isInternalTopic(name), partitions: [] }
}

function topicRow(
  services: Services,
  topic: TopicImage,
  request: RequestOf<'Metadata'>,
  { apiVersion, listener }: RequestContext,
): TopicRow {
  const { image } = services.metadata
  const tellsListener = apiVersion >= LISTENER_ERROR_SINCE
  const partitions = topic.partitions.map((partition, index) => {
    const row = partitionView(image, partition, index, listener, tellsListener)
    return apiVersion > 0 || row.errorCode !== ErrorCode.NONE ? row : withoutUnreachable(services, row, listener)
  })
  const topicAuthorizedOperations = request.includeTopicAuthorizedOperations ? TOPIC_OPERATIONS : OPERATIONS_NOT_ASKED
  return { ...topicHead(topic), partitions, topicAuthorizedOperations }
}

/** Clients of v0 fail on replicas that the list of brokers does not have. */
function withoutUnreachable(services: Services, row: ReturnType<typeof partitionView>, listener: string) {
  const { brokers } = services.metadata.image
  const reachable = (id: number) => brokers.endpoint(id, listener) !== undefined
  const replicaNodes = row.replicaNodes.filter(reachable)
  const isrNodes = row.isrNodes.filter(reachable)
  const isWhole = replicaNodes.length === row.replicaNodes.length && isrNodes.length === row.isrNodes.length
  return { ...row, replicaNodes, isrNodes, errorCode: isWhole ? ErrorCode.NONE : ErrorCode.REPLICA_NOT_AVAILABLE }
}
