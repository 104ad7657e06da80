// OffsetFetch over its versions: one group (v1–7) or several (v8+), topics by name (v1–9) or by id (v10), and where an
// error of a group goes: to every partition (v1, whose clients reset their offsets otherwise: KAFKA-19246), to the
// answer (v2–7), to the group (v8+).

import type { RequestOf, ResponseInputOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../../protocol/wire.ts'
import type { TopicLookup } from '../model/topic-lookup.ts'
import { type FetchedTopic, type FetchTopic, noOffset } from './offset-fetch.ts'

type Request = RequestOf<'OffsetFetch'>
type Response = ResponseInputOf<'OffsetFetch'>

export interface GroupFetch {
  readonly groupId: string
  /** By name; null: all. */
  readonly topics: readonly FetchTopic[] | null
  readonly requireStable: boolean
  /** Null and -1: nobody in particular. */
  readonly memberId: string | null
  readonly memberEpoch: number
}

export interface FetchedGroup {
  readonly errorCode: number
  readonly topics: readonly FetchedTopic[]
}

type FetchGroup = (group: GroupFetch) => Promise<FetchedGroup>

export function fetchGroups(
  apiVersion: number,
  request: Request,
  lookup: TopicLookup,
  fetch: FetchGroup,
): Promise<Response> {
  if (apiVersion < 8) return fetchSingle(apiVersion, request, fetch)
  return fetchSeveral(apiVersion, request, lookup, fetch)
}

async function fetchSingle(apiVersion: number, request: Request, fetch: FetchGroup): Promise<Response> {
  const { groupId, requireStable } = request
  const topics = request.topics?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null
  const { errorCode, topics: fetched } = await fetch({
    groupId,
    topics,
    requireStable,
    memberId: null,
    memberEpoch: -1,
  })
  if (errorCode === ErrorCode.NONE) return { errorCode, topics: fetched }
  if (apiVersion >= 2) return { errorCode, topics: [] }
  const failed = topics?.map(({ name, partitionIndexes }) => {
    return { name, partitions: partitionIndexes.map((partition) => noOffset(partition, errorCode)) }
  })
  return { topics: failed ?? [] }
}

async function fetchSeveral(
  apiVersion: number,
  request: Request,
  lookup: TopicLookup,
  fetch: FetchGroup,
): Promise<Response> {
  const groups = await Promise.all(
    request.groups.map(async ({ groupId, topics, memberId, memberEpoch }) => {
      const named = topics === null ? null : nameTopics(apiVersion, topics, lookup)
      const { errorCode, topics: fetched } = await fetch({
        groupId,
        topics: named?.known ?? null,
        requireStable: request.requireStable,
        memberId,
        memberEpoch,
      })
      if (errorCode !== ErrorCode.NONE) return { groupId, errorCode, topics: [] }
      const answered = apiVersion >= 10 && named === null ? withIds(fetched, lookup) : fetched
      return { groupId, errorCode, topics: [...answered, ...(named?.unknown ?? [])] }
    }),
  )
  return { groups }
}

function nameTopics(
  apiVersion: number,
  topics: readonly FetchTopic[],
  lookup: TopicLookup,
): { known: FetchTopic[]; unknown: FetchedTopic[] } {
  const known: FetchTopic[] = []
  const unknown: FetchedTopic[] = []
  for (const topic of topics) {
    const name = apiVersion >= 10 ? lookup.nameOf(topic.topicId) : topic.name
    if (name !== undefined) {
      known.push({ ...topic, name })
      continue
    }
    const partitions = topic.partitionIndexes.map((partition) => noOffset(partition, ErrorCode.UNKNOWN_TOPIC_ID))
    unknown.push({ name: '', topicId: topic.topicId, partitions })
  }
  return { known, unknown }
}

/** All offsets of a group, by id: a topic that has been deleted has none, and is left out. */
function withIds(topics: readonly FetchedTopic[], lookup: TopicLookup): FetchedTopic[] {
  return topics.flatMap((topic) => {
    const topicId = lookup.idOf(topic.name)
    return topicId === undefined ? [] : [{ ...topic, topicId }]
  })
}
