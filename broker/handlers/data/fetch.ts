// Fetch (1), v4–18. KIP-74 (size limits), KIP-98 (read committed), KIP-227 (sessions), KIP-320 (leader epochs), KIP-516
// (topic ids, v13), KIP-951 (current leader, v16).
//
// Resolves the request's partitions, with its session; DelayedFetch reads and waits; the answer carries the log's own
// slices. Records are never null, which librdkafka cannot parse, and batches always whole.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { FetchRequest } from '../../../protocol/messages/data/fetch.ts'
import { DelayedFetch, type FetchPartition, type FetchTarget } from '../../replication/delayed-fetch.ts'
import type { Services } from '../../services.ts'
import { deferredHandler, type RequestContext } from '../handler.ts'
import { type CurrentLeader, currentLeader, leaderEndpoints } from './current-leader.ts'
import { findPartition, leaderEpochError } from './find-partition.ts'

const TOPIC_IDS_SINCE = 13
const LEADERS_SINCE = 16
const READ_COMMITTED = 1
type Leaders = ReadonlyMap<FetchTarget, CurrentLeader>
const NO_LEADERS: Leaders = new Map()
const NOBODY: readonly Uint8Array[] = []

export const fetch = deferredHandler('Fetch', (services, request, context, reply) => {
  const session = services.fetchSessions.resolve({
    sessionId: request.sessionId,
    sessionEpoch: request.sessionEpoch,
    usesTopicIds: context.apiVersion >= TOPIC_IDS_SINCE,
    partitions: flatten(request),
    forgotten: request.forgottenTopicsData.flatMap(({ topic, topicId, partitions }) =>
      partitions.map((index) => ({ topic, topicId, index })),
    ),
  })
  if (session.errorCode !== ErrorCode.NONE) {
    reply({ errorCode: session.errorCode, sessionId: 0, responses: [] })
    return
  }
  const targets = session.partitions.map((partition) => resolve(services, partition))
  const maxSize = Math.min(request.maxBytes, services.config.get('fetch.max.bytes'))
  const limits = {
    minSize: Math.min(request.minBytes, maxSize),
    maxSize,
    maxWaitMs: request.maxWaitMs,
    readCommitted: request.isolationLevel === READ_COMMITTED,
  }
  const delayed = new DelayedFetch(targets, limits, services.host, services.answerMemory, () => {
    const told = session.finish(targets)
    const leaders = context.apiVersion >= LEADERS_SINCE ? leadersOf(told.targets, services) : NO_LEADERS
    reply({
      errorCode: ErrorCode.NONE,
      sessionId: told.sessionId,
      responses: group(told.targets, leaders, limits.readCommitted),
      nodeEndpoints: endpointsOf(leaders, services, context),
    })
  })
  context.onDisconnect(() => delayed.cancel())
  delayed.start()
})

function flatten(request: FetchRequest): FetchPartition[] {
  const flat: FetchPartition[] = []
  for (const { topic, topicId, partitions } of request.topics) {
    for (const asked of partitions) {
      flat.push({
        topic,
        topicId,
        index: asked.partition,
        currentLeaderEpoch: asked.currentLeaderEpoch,
        fetchOffset: Number(asked.fetchOffset),
        lastFetchedEpoch: asked.lastFetchedEpoch,
        maxSize: asked.partitionMaxBytes,
      })
    }
  }
  return flat
}

function resolve(services: Services, request: FetchPartition): FetchTarget {
  const found = findPartition(services, request.topic, request.topicId, request.index)
  const partition = typeof found === 'number' ? null : found
  const target: FetchTarget = {
    request,
    partition,
    errorCode: typeof found === 'number' ? found : leaderEpochError(found, request.currentLeaderEpoch),
    records: NOBODY,
    recordsSize: 0,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    abortedTransactions: null,
    divergingEpoch: null,
  }
  if (partition === null || target.errorCode !== ErrorCode.NONE || request.lastFetchedEpoch < 0) return target
  const { epoch, endOffset } = partition.log.endOffsetForEpoch(request.lastFetchedEpoch)
  // An epoch later than any of ours: there is no telling where the histories part.
  if (endOffset < 0) target.errorCode = ErrorCode.OFFSET_OUT_OF_RANGE
  else if (epoch < request.lastFetchedEpoch || endOffset < request.fetchOffset)
    target.divergingEpoch = { epoch, endOffset }
  return target
}

/** Partitions that follow each other in one topic share its entry. */
function group(targets: readonly FetchTarget[], leaders: Leaders, readCommitted: boolean) {
  const responses: { topic: string; topicId: string; partitions: ReturnType<typeof describe>[] }[] = []
  for (const target of targets) {
    const { topic, topicId } = target.request
    const last = responses.at(-1)
    if (last !== undefined && last.topic === topic && last.topicId === topicId) {
      last.partitions.push(describe(target, leaders.get(target), readCommitted))
    } else {
      responses.push({ topic, topicId, partitions: [describe(target, leaders.get(target), readCommitted)] })
    }
  }
  return responses
}

function describe(target: FetchTarget, leader: CurrentLeader | undefined, readCommitted: boolean) {
  const { request, errorCode, divergingEpoch } = target
  return {
    partitionIndex: request.index,
    errorCode,
    highWatermark: BigInt(target.highWatermark),
    lastStableOffset: BigInt(target.lastStableOffset),
    logStartOffset: BigInt(target.logStartOffset),
    abortedTransactions: abortedTransactions(target, readCommitted),
    records: target.records,
    ...(divergingEpoch !== null && {
      divergingEpoch: { epoch: divergingEpoch.epoch, endOffset: BigInt(divergingEpoch.endOffset) },
    }),
    ...(leader !== undefined && { currentLeader: leader }),
  }
}

/** Null where nobody asked, or where a partition that is here has an error; but empty for one that is not here. */
function abortedTransactions({ partition, errorCode, abortedTransactions }: FetchTarget, readCommitted: boolean) {
  if (partition === null) return []
  if (!readCommitted || errorCode !== ErrorCode.NONE) return null
  return (abortedTransactions ?? []).map(({ producerId, firstOffset }) => ({
    producerId,
    firstOffset: BigInt(firstOffset),
  }))
}

/** Who leads what the client has looked for here, or looked for as of a former leadership. */
function leadersOf(targets: readonly FetchTarget[], services: Services): Leaders {
  let leaders: Map<FetchTarget, CurrentLeader> | undefined
  for (const target of targets) {
    const { errorCode, request } = target
    if (errorCode !== ErrorCode.NOT_LEADER_OR_FOLLOWER && errorCode !== ErrorCode.FENCED_LEADER_EPOCH) continue
    leaders ??= new Map()
    leaders.set(target, currentLeader(services, request.topic, request.topicId, request.index))
  }
  return leaders ?? NO_LEADERS
}

function endpointsOf(leaders: Leaders, services: Services, { listener }: RequestContext) {
  if (leaders.size === 0) return []
  return leaderEndpoints(services, listener, new Set(Array.from(leaders.values(), ({ leaderId }) => leaderId)))
}
