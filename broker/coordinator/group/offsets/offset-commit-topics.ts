// The topics of an OffsetCommit: v10 names them by id, earlier versions by name. What does not exist is answered
// without asking the group; the rest goes to it by name.

import type { RequestOf, ResponseInputOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../../protocol/wire.ts'
import type { CommitTopic } from '../model/commit-request.ts'
import type { TopicLookup } from '../model/topic-lookup.ts'
import type { CommitAnswer } from './offset-commit.ts'

type RequestTopics = RequestOf<'OffsetCommit'>['topics']

/** Where each partition's error code comes from: a code known already, or its place among the known topics. */
type Source = { readonly errorCode: number } | { readonly topic: number; readonly partition: number }

export interface SplitCommit {
  readonly known: readonly CommitTopic[]
  /** For each topic and partition of the request. */
  readonly sources: readonly (readonly Source[])[]
}

export function splitCommit(topics: RequestTopics, lookup: TopicLookup, apiVersion: number): SplitCommit {
  const known: CommitTopic[] = []
  const sources = topics.map((topic) => {
    const name = apiVersion >= 10 ? lookup.nameOf(topic.topicId) : topic.name
    const topicId = apiVersion >= 10 ? topic.topicId : lookup.idOf(topic.name)
    if (name === undefined || topicId === undefined) {
      const errorCode = apiVersion >= 10 ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      return topic.partitions.map(() => ({ errorCode }))
    }
    const count = lookup.partitionCount(name)
    const isThere = (index: number): boolean => index >= 0 && index < count
    const partitions = topic.partitions.filter(({ partitionIndex }) => isThere(partitionIndex))
    if (partitions.length > 0) known.push({ name, topicId, partitions })
    let position = 0
    return topic.partitions.map(({ partitionIndex }): Source => {
      if (!isThere(partitionIndex)) return { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
      return { topic: known.length - 1, partition: position++ }
    })
  })
  return { known, sources }
}

export function assembleCommit(
  topics: RequestTopics,
  { sources }: SplitCommit,
  codes: CommitAnswer,
): ResponseInputOf<'OffsetCommit'>['topics'] {
  return topics.map(({ name, topicId, partitions }, index) => ({
    name,
    topicId: topicId ?? ZERO_UUID,
    partitions: partitions.map(({ partitionIndex }, position) => {
      const source = sources[index]?.[position]
      if (source === undefined) throw new Error(`assertion: no answer for ${name}-${partitionIndex}`)
      if ('errorCode' in source) return { partitionIndex, errorCode: source.errorCode }
      const errorCode = codes[source.topic]?.[source.partition]
      if (errorCode === undefined) throw new Error(`assertion: no error code for ${name}-${partitionIndex}`)
      return { partitionIndex, errorCode }
    }),
  }))
}
