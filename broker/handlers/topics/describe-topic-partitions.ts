// DescribeTopicPartitions (75), v0. KIP-966: topics in order of name, page by page, with their eligible leader
// replicas.

import type { ResponseInputOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'
import { topicNameFault } from '../../controller/topic-names.ts'
import { isInternalTopic } from '../../metadata/internal-topics.ts'
import { TOPIC_OPERATIONS } from '../authorized-operations.ts'
import { handler } from '../handler.ts'
import { partitionView, topicHead } from './describe-topic.ts'

type Response = ResponseInputOf<'DescribeTopicPartitions'>
type TopicRow = Response['topics'][number]

export const describeTopicPartitions = handler(
  'DescribeTopicPartitions',
  (services, request, { listener }): Response => {
    const { image } = services.metadata
    const { cursor } = request
    const isAll = request.topics.length === 0
    const asked = isAll ? Array.from(image.topics.values(), ({ name }) => name) : request.topics.map(({ name }) => name)
    const from = cursor?.topicName ?? ''
    const isCursorLost = cursor !== null && !isAll && !asked.includes(cursor.topicName)
    if (cursor !== null && (isCursorLost || cursor.partitionIndex < 0)) {
      return {
        throttleTimeMs: 0,
        topics: asked.map((name) => failed(name, ErrorCode.INVALID_REQUEST)),
        nextCursor: null,
      }
    }
    const names = [...new Set(asked)].filter((name) => name >= from).sort()
    let left = Math.max(
      1,
      Math.min(request.responsePartitionLimit, services.config.get('max.request.partition.size.limit')),
    )
    const topics: TopicRow[] = []
    let nextCursor: Response['nextCursor'] = null
    for (const name of names) {
      const topic = image.topics.byName(name)
      if (topic === undefined) {
        topics.push(missing(name))
        continue
      }
      if (left === 0) {
        nextCursor = { topicName: name, partitionIndex: 0 }
        break
      }
      const first = cursor !== null && cursor.topicName === name ? Math.max(0, cursor.partitionIndex) : 0
      const end = Math.min(topic.partitions.length, first + left)
      const partitions = topic.partitions.slice(first, end).map((partition, index) => ({
        ...partitionView(image, partition, first + index, listener, true),
        eligibleLeaderReplicas: partition.eligibleLeaderReplicas,
        lastKnownElr: partition.lastKnownElr,
      }))
      topics.push({ ...topicHead(topic), partitions, topicAuthorizedOperations: TOPIC_OPERATIONS })
      left -= Math.max(0, end - first)
      if (end < topic.partitions.length) {
        nextCursor = { topicName: name, partitionIndex: end }
        break
      }
    }
    return { throttleTimeMs: 0, topics, nextCursor }
  },
)

function missing(name: string): TopicRow {
  const isValid = topicNameFault(name) === null
  const errorCode = isValid ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.INVALID_TOPIC_EXCEPTION
  return { ...failed(name, errorCode), topicAuthorizedOperations: TOPIC_OPERATIONS }
}

function failed(name: string, errorCode: ErrorCode): TopicRow {
  return { errorCode, name, topicId: ZERO_UUID, isInternal: isInternalTopic(name), partitions: [] }
}
