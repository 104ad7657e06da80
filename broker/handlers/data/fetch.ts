// Fetch (1), v4–18. KIP-74 (size limits), KIP-98 (read committed), KIP-227 (sessions), KIP-320 (leader epochs), KIP-516
// (topic ids, v13), KIP-951 (current leader, v16).
//
// Finds the request's partitions, with its session; DelayedFetch reads and waits; the targets it fills are the answer's
// partitions, and carry the log's own slices. Records are never null, which librdkafka cannot parse, and batches always
// whole.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { DelayedFetch, dropRecords } from '../../replication/delayed-fetch.ts'
import type { FetchContext } from '../../replication/fetch-sessions.ts'
import type { FetchTarget } from '../../replication/fetch-target.ts'
import type { Services } from '../../services.ts'
import { type Call, deferredHandler, NOT_THROTTLED } from '../handler.ts'
import { currentLeader, leaderEndpoints } from './current-leader.ts'
import { findPartition, leaderEpochError, NO_EPOCH } from './find-partition.ts'

const TOPIC_IDS_SINCE = 13
const LEADERS_SINCE = 16
const READ_COMMITTED = 1
const NOTHING: readonly never[] = []

export const fetch = deferredHandler('Fetch', (services, request, call) => {
  const context = services.fetchSessions.resolve(request, call.apiVersion >= TOPIC_IDS_SINCE)
  if (context.errorCode !== ErrorCode.NONE) {
    call.answer({ throttleTimeMs: NOT_THROTTLED, errorCode: context.errorCode, sessionId: 0, responses: [] })
    return
  }
  const { targets } = context
  for (let index = 0; index < targets.length; index++) find(services, targets[index]!)
  const { quotas } = services
  const quotaSize = quotas.fetch === null ? Number.POSITIVE_INFINITY : quotas.fetch.maxAtOnce(call.quotaClient)
  const maxSize = Math.min(request.maxBytes, services.config.get('fetch.max.bytes'), quotaSize)
  const limits = {
    minSize: Math.min(request.minBytes, maxSize),
    maxSize,
    maxWaitMs: request.maxWaitMs,
    readCommitted: request.isolationLevel === READ_COMMITTED,
  }
  const delayed = new DelayedFetch(targets, limits, services.replicas.deadlines, services.answerMemory, () => {
    if (quotas.isActive && answerThrottled(services, context, call)) return
    const told = context.tell()
    let hasError = false
    for (let index = 0; index < told.length; index++) {
      const target = told[index]!
      tellAborted(target, limits.readCommitted)
      if (target.partition !== null) target.partition.bytesOut += target.recordsSize
      if (target.errorCode !== ErrorCode.NONE) hasError = true
    }
    if (hasError) services.requestMetrics.failedFetches++
    call.answer({
      throttleTimeMs: NOT_THROTTLED,
      errorCode: ErrorCode.NONE,
      sessionId: context.sessionId,
      responses: byTopic(told),
      nodeEndpoints: call.apiVersion >= LEADERS_SINCE ? nameLeaders(told, services, call) : NOTHING,
    })
    context.end()
  })
  call.onDisconnect(() => {
    delayed.cancel()
    context.end()
  })
  delayed.start()
})

/**
 * Beyond a quota nothing is given, and nothing counted: the client asks again when it has kept still. A session is not
 * told of, for its client does not yet know what it would begin with.
 */
function answerThrottled(services: Services, context: FetchContext, call: Call<'Fetch'>): boolean {
  const quota = services.quotas.fetch
  let size = 0
  for (const { recordsSize } of context.targets) size += recordsSize
  const throttleTimeMs = Math.max(quota?.record(call.quotaClient, size) ?? 0, call.requestThrottleMs())
  if (throttleTimeMs === NOT_THROTTLED) return false
  quota?.takeBack(call.quotaClient, size)
  for (const target of context.targets) dropRecords(target)
  const sessionId = context.isFull ? 0 : context.sessionId
  if (context.isFull) services.fetchSessions.close(context)
  call.answer({ throttleTimeMs, errorCode: ErrorCode.NONE, sessionId, responses: [] })
  context.end()
  return true
}

/** The partition, and what is wrong with asking for it, before anything is read. */
function find(services: Services, target: FetchTarget): void {
  if (target.partition === null || target.partition.isClosed) {
    const found = findPartition(services, target.topic, target.topicId, target.partitionIndex)
    target.partition = typeof found === 'number' ? null : found
    target.errorCode = typeof found === 'number' ? found : ErrorCode.NONE
  }
  const { partition } = target
  if (partition !== null) target.errorCode = leaderEpochError(partition, Math.max(target.currentLeaderEpoch, NO_EPOCH))
  target.highWatermark = -1
  target.lastStableOffset = -1
  target.logStartOffset = -1
  target.abortedTransactions = null
  target.divergingEpoch = undefined
  target.currentLeader = undefined
  const { lastFetchedEpoch } = target
  if (partition === null || target.errorCode !== ErrorCode.NONE || lastFetchedEpoch < 0) return
  const { epoch, endOffset } = partition.log.endOffsetForEpoch(lastFetchedEpoch)
  // An epoch later than any of ours: there is no telling where the histories part.
  if (endOffset < 0) target.errorCode = ErrorCode.OFFSET_OUT_OF_RANGE
  else if (epoch < lastFetchedEpoch || endOffset < target.fetchOffset) target.divergingEpoch = { epoch, endOffset }
}

/** Partitions that follow each other in one topic share its entry. */
function byTopic(targets: readonly FetchTarget[]): readonly ToldTopic[] {
  if (targets.length === 0) return NOTHING
  let last = toldTopic(targets[0]!)
  const responses = [last]
  for (let index = 1; index < targets.length; index++) {
    const target = targets[index]!
    if (last.topic === target.topic && last.topicId === target.topicId) {
      last.partitions.push(target)
    } else {
      last = toldTopic(target)
      responses.push(last)
    }
  }
  return responses
}

interface ToldTopic {
  readonly topic: string
  readonly topicId: string
  readonly partitions: FetchTarget[]
}

const toldTopic = (first: FetchTarget): ToldTopic => ({
  topic: first.topic,
  topicId: first.topicId,
  partitions: [first],
})

/** Null where nobody asked, or where a partition that is here has an error; but empty for one that is not here. */
function tellAborted(target: FetchTarget, readCommitted: boolean): void {
  if (target.partition === null) target.abortedTransactions = []
  else if (!readCommitted || target.errorCode !== ErrorCode.NONE) target.abortedTransactions = null
  else target.abortedTransactions ??= []
}

/**
 * Fills in who leads what the client has looked for here, or looked for as of a former leadership; where those brokers
 * are is for the answer as a whole.
 */
function nameLeaders(targets: readonly FetchTarget[], services: Services, { listener }: Call<'Fetch'>) {
  let leaderIds: Set<number> | undefined
  for (let index = 0; index < targets.length; index++) {
    const target = targets[index]!
    const { errorCode } = target
    if (errorCode !== ErrorCode.NOT_LEADER_OR_FOLLOWER && errorCode !== ErrorCode.FENCED_LEADER_EPOCH) continue
    target.currentLeader = currentLeader(services, target.topic, target.topicId, target.partitionIndex)
    leaderIds ??= new Set()
    leaderIds.add(target.currentLeader.leaderId)
  }
  return leaderIds === undefined ? NOTHING : leaderEndpoints(services, listener, leaderIds)
}
