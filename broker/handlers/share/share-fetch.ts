// ShareFetch (78), v1–2. KIP-932; KIP-1206 (record limit, v2); KIP-1222 (renewal, v2).
//
// Acknowledgements that came along are taken first: what they release may be fetched again by the same request. The
// answer waits until they are durable. Partitions that were acknowledged are in the answer also when nothing is fetched
// from them.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { FINAL_EPOCH, INITIAL_EPOCH } from '../../replication/session-epochs.ts'
import type { Services } from '../../services.ts'
import { ShareFetch, ShareFetchTarget } from '../../share/share-fetch.ts'
import type { ShareSession } from '../../share/share-sessions.ts'
import { findPartition } from '../data/find-partition.ts'
import { type Call, deferredHandler, NOT_THROTTLED } from '../handler.ts'
import { type AcknowledgedPartition, acknowledgeAll, isMemberId, RENEWAL_SINCE } from './acknowledgements.ts'
import { byTopic, NO_LEADER, nameLeaders } from './answer.ts'
import { hasShareGroups } from './enabled.ts'

type Request = Parameters<Parameters<typeof deferredHandler<'ShareFetch'>>[1]>[1]

/** 0: whole batches. */
const RECORD_LIMIT = 1
const NO_TARGETS: readonly ShareFetchTarget[] = []

export const shareFetch = deferredHandler('ShareFetch', (services, request, call) => {
  const { groupId, memberId } = request
  const refuse = (errorCode: number, errorMessage: string | null = null) => {
    call.answer({
      throttleTimeMs: NOT_THROTTLED,
      errorCode,
      errorMessage,
      acquisitionLockTimeoutMs: 0,
      responses: [],
      nodeEndpoints: [],
    })
  }
  if (!hasShareGroups(services)) return refuse(ErrorCode.UNSUPPORTED_VERSION)
  if (groupId === null) return refuse(ErrorCode.INVALID_REQUEST)
  if (!isMemberId(memberId)) return refuse(ErrorCode.INVALID_REQUEST)
  if (request.isRenewAck && fetchesToo(request)) return refuse(ErrorCode.INVALID_REQUEST)
  const session = resolve(services, request, groupId, memberId, call.connectionId)
  if (session === ErrorCode.SHARE_SESSION_LIMIT_REACHED) {
    // Nobody is helped by trying again at once.
    services.host.timers.after(Math.max(0, request.maxWaitMs), () => refuse(session))
    return
  }
  if (typeof session === 'number') return refuse(session)
  if (request.shareAcquireMode < 0 || request.shareAcquireMode > RECORD_LIMIT)
    return refuse(ErrorCode.UNKNOWN_SERVER_ERROR)
  serve(services, request, call, session)
})

/** A renewal fetches nothing. */
function fetchesToo({ maxBytes, minBytes, maxRecords, maxWaitMs }: Request): boolean {
  return maxBytes !== 0 || minBytes !== 0 || maxRecords !== 0 || maxWaitMs !== 0
}

function resolve(
  { shares }: Services,
  { shareSessionEpoch: epoch, topics, forgottenTopicsData }: Request,
  groupId: string,
  memberId: string,
  connectionId: number,
): ShareSession | number {
  if (epoch === INITIAL_EPOCH && hasAcknowledgements(topics)) return ErrorCode.INVALID_REQUEST
  const session =
    epoch === INITIAL_EPOCH
      ? (shares.sessions.open(groupId, memberId, connectionId) ?? ErrorCode.SHARE_SESSION_LIMIT_REACHED)
      : shares.sessions.resolve(groupId, memberId, epoch)
  if (typeof session === 'number' || epoch === FINAL_EPOCH) return session
  for (const { topicId, partitions } of topics) {
    for (const { partitionIndex } of partitions) session.add(topicId, partitionIndex)
  }
  // A session that begins has nothing to forget.
  for (const { topicId, partitions } of epoch === INITIAL_EPOCH ? [] : forgottenTopicsData) {
    for (const index of partitions) session.forget(topicId, index)
  }
  return session
}

function hasAcknowledgements(topics: Request['topics']): boolean {
  return topics.some(({ partitions }) => partitions.some((one) => one.acknowledgementBatches.length > 0))
}

function serve(services: Services, request: Request, call: Call<'ShareFetch'>, session: ShareSession): void {
  const { shares, replicas, host } = services
  const isFinal = request.shareSessionEpoch === FINAL_EPOCH
  let acknowledged: readonly AcknowledgedPartition[] | null = null
  let fetched: readonly ShareFetchTarget[] | null = null
  let reading: ShareFetch | null = null
  const answer = () => {
    if (acknowledged === null || fetched === null) return
    reading?.release()
    if (isFinal) shares.sessions.close(session)
    tell(services, request, call, session, fetched, acknowledged)
  }
  const options = { mayRenew: call.apiVersion >= RENEWAL_SINCE, isRenewal: request.isRenewAck }
  acknowledgeAll(services, shares, session, request.topics, options, (answers) => {
    acknowledged = answers
    answer()
  })
  if (isFinal || request.isRenewAck) {
    fetched = NO_TARGETS
    answer()
    return
  }
  // Acknowledgements alone: their answer is not kept waiting for records, nor is anything acquired.
  const isNothing = request.maxRecords <= 0 || request.maxBytes <= 0
  const targets = session.partitions().flatMap(({ topicId, index }) => {
    const partition = findPartition(services, '', topicId, index)
    if (typeof partition === 'number') return [new ShareFetchTarget(topicId, index, partition)]
    if (!partition.isLeader) return [new ShareFetchTarget(topicId, index, ErrorCode.NOT_LEADER_OR_FOLLOWER)]
    return isNothing ? [] : [new ShareFetchTarget(topicId, index, shares.get(session.groupId, partition))]
  })
  const quota = services.quotas.fetch
  const quotaSize = quota === null ? Number.POSITIVE_INFINITY : quota.maxAtOnce(call.quotaClient)
  const limits = {
    memberId: session.memberId,
    maxWaitMs: request.maxWaitMs,
    minSize: request.minBytes,
    maxSize: Math.min(request.maxBytes, services.config.get('fetch.max.bytes'), quotaSize),
    maxRecords: request.maxRecords,
    batchSize: request.batchSize,
    isRecordLimit: request.shareAcquireMode === RECORD_LIMIT,
  }
  const now = () => host.clock.monotonic()
  const fetch = new ShareFetch(targets, limits, replicas.deadlines, services.answerMemory, now, () => {
    fetched = targets
    answer()
  })
  reading = fetch
  call.onDisconnect(() => fetch.cancel())
  // Acknowledgements are synced from the end of this turn on: their sync is not to wait for what is read here.
  if (acknowledged !== null) fetch.start()
  else host.timers.endOfTurn(() => fetch.start())
}

function tell(
  services: Services,
  request: Request,
  call: Call<'ShareFetch'>,
  session: ShareSession,
  targets: readonly ShareFetchTarget[],
  acknowledged: readonly AcknowledgedPartition[],
): void {
  const isFull = request.shareSessionEpoch === INITIAL_EPOCH
  const acknowledgements = new Map(acknowledged.map((one) => [`${one.topicId}:${one.partitionIndex}`, one]))
  const told = []
  for (const { topicId, index: partitionIndex, errorCode, records, acquired } of targets) {
    const key = `${topicId}:${partitionIndex}`
    const acknowledgement = acknowledgements.get(key)
    acknowledgements.delete(key)
    const isNews = acquired.length > 0 || errorCode !== ErrorCode.NONE || acknowledgement !== undefined
    if (isNews || isFull)
      told.push(toldPartition(topicId, partitionIndex, errorCode, acknowledgement, records, acquired))
  }
  for (const one of acknowledgements.values()) {
    told.push(toldPartition(one.topicId, one.partitionIndex, ErrorCode.NONE, one, [], []))
  }
  const nodeEndpoints = nameLeaders(services, call.listener, told)
  let size = 0
  for (const { records } of targets) for (const { length } of records) size += length
  call.answer({
    // Beyond its quota the client is given the records all the same, and then kept waiting: they are acquired.
    throttleTimeMs: services.quotas.fetch?.record(call.quotaClient, size) ?? NOT_THROTTLED,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    acquisitionLockTimeoutMs: services.shares.settingsOf(session.groupId).lockDurationMs,
    responses: byTopic(told),
    nodeEndpoints,
  })
}

function toldPartition(
  topicId: string,
  partitionIndex: number,
  errorCode: number,
  acknowledgement: AcknowledgedPartition | undefined,
  records: ShareFetchTarget['records'],
  acquired: ShareFetchTarget['acquired'],
) {
  return {
    topicId,
    partitionIndex,
    errorCode,
    errorMessage: null,
    acknowledgeErrorCode: acknowledgement?.errorCode ?? ErrorCode.NONE,
    acknowledgeErrorMessage: acknowledgement?.errorMessage ?? null,
    currentLeader: NO_LEADER,
    records,
    acquiredRecords: acquired.map(({ firstOffset, lastOffset, deliveryCount }) => {
      return { firstOffset: BigInt(firstOffset), lastOffset: BigInt(lastOffset), deliveryCount }
    }),
  }
}
