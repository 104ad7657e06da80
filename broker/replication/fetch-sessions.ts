// Incremental fetch sessions (KIP-227): a client names its partitions once; later requests carry what changed, later
// answers what is new. Kafka: FetchSession, FetchManager.
//
//   id 0, epoch  0   full fetch; a session is opened if there is room
//   id 0, epoch -1   full fetch, no session
//   id n, epoch  0   closes n, then as for id 0
//   id n, epoch -1   closes n, full fetch, no session
//   id n, epoch  k   the k-th incremental fetch of session n

import type { Clock, Random } from '../../host/host.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { FetchPartition, FetchTarget } from './delayed-fetch.ts'

const INITIAL_EPOCH = 0
const FINAL_EPOCH = -1
const MAX_EPOCH = 2_147_483_647
/** A session unused for this long may give its slot to another (Kafka: min.incremental.fetch.session.eviction.ms). */
const EVICTION_MS = 120_000

interface CachedPartition {
  request: FetchPartition
  /** As last told to the client; -1: never, or an error must be told again. */
  highWatermark: number
  logStartOffset: number
  /** It has been here: should its topic go, the client knows the id well, and is told that the partition is gone. */
  wasFound: boolean
}

interface FetchSession {
  readonly id: number
  readonly usesTopicIds: boolean
  readonly partitions: Map<string, CachedPartition>
  /** Expected in the next request. */
  epoch: number
  lastUsed: number
}

type PartitionName = Pick<FetchPartition, 'topic' | 'topicId' | 'index'>

export interface FetchSessionRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly usesTopicIds: boolean
  readonly partitions: readonly FetchPartition[]
  readonly forgotten: readonly PartitionName[]
}

/** The partitions that a request means, and how its answer is to be cut down. */
export interface FetchContext {
  readonly errorCode: number
  readonly partitions: readonly FetchPartition[]
  /** Which of the answered targets go into the answer, and the session id that goes with them. */
  finish(targets: readonly FetchTarget[]): { readonly sessionId: number; readonly targets: readonly FetchTarget[] }
}

function sessionless(partitions: readonly FetchPartition[]): FetchContext {
  return { errorCode: ErrorCode.NONE, partitions, finish: (targets) => ({ sessionId: 0, targets }) }
}

function refused(errorCode: number): FetchContext {
  return { errorCode, partitions: [], finish: () => ({ sessionId: 0, targets: [] }) }
}

export class FetchSessions {
  readonly #maxSessions: number
  readonly #clock: Clock
  readonly #random: Random
  /** In order of last use. */
  readonly #sessions = new Map<number, FetchSession>()

  /** `maxSessions`: max.incremental.fetch.session.cache.slots. */
  constructor(maxSessions: number, clock: Clock, random: Random) {
    this.#maxSessions = maxSessions
    this.#clock = clock
    this.#random = random
  }

  get count(): number {
    return this.#sessions.size
  }

  resolve(request: FetchSessionRequest): FetchContext {
    const { sessionId, sessionEpoch } = request
    if (sessionEpoch === INITIAL_EPOCH || sessionEpoch === FINAL_EPOCH) {
      this.#sessions.delete(sessionId)
      return sessionEpoch === FINAL_EPOCH ? sessionless(request.partitions) : this.#open(request)
    }
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return refused(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
    if (session.epoch !== sessionEpoch) return refused(ErrorCode.INVALID_FETCH_SESSION_EPOCH)
    if (session.usesTopicIds !== request.usesTopicIds) return refused(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
    return this.#continue(session, request)
  }

  #open(request: FetchSessionRequest): FetchContext {
    if (!this.#makeRoom()) return sessionless(request.partitions)
    const session: FetchSession = {
      id: this.#newId(),
      usesTopicIds: request.usesTopicIds,
      partitions: new Map(),
      epoch: INITIAL_EPOCH + 1,
      lastUsed: this.#clock.monotonic(),
    }
    for (const partition of request.partitions) session.partitions.set(keyOf(partition), cached(partition))
    this.#sessions.set(session.id, session)
    return {
      errorCode: ErrorCode.NONE,
      partitions: request.partitions,
      finish: (targets) => {
        for (const target of targets) remember(session, target)
        return { sessionId: session.id, targets }
      },
    }
  }

  #continue(session: FetchSession, request: FetchSessionRequest): FetchContext {
    session.epoch = session.epoch === MAX_EPOCH ? 1 : session.epoch + 1
    session.lastUsed = this.#clock.monotonic()
    this.#sessions.delete(session.id)
    this.#sessions.set(session.id, session)
    for (const partition of request.partitions) {
      const known = session.partitions.get(keyOf(partition))
      if (known === undefined) session.partitions.set(keyOf(partition), cached(partition))
      else known.request = partition
    }
    for (const partition of request.forgotten) session.partitions.delete(keyOf(partition))
    return {
      errorCode: ErrorCode.NONE,
      partitions: Array.from(session.partitions.values(), ({ request }) => request),
      finish: (targets) => ({ sessionId: session.id, targets: targets.filter((target) => remember(session, target)) }),
    }
  }

  #makeRoom(): boolean {
    if (this.#sessions.size < this.#maxSessions) return true
    for (const [id, session] of this.#sessions) {
      if (this.#clock.monotonic() - session.lastUsed < EVICTION_MS) return false
      this.#sessions.delete(id)
      return true
    }
    return false
  }

  #newId(): number {
    for (;;) {
      const id = 1 + this.#random.below(MAX_EPOCH)
      if (!this.#sessions.has(id)) return id
    }
  }
}

function keyOf(partition: PartitionName): string {
  return `${partition.index}/${partition.topicId}/${partition.topic}`
}

function cached(request: FetchPartition): CachedPartition {
  return { request, highWatermark: -1, logStartOffset: -1, wasFound: false }
}

/**
 * Notes what the client is told of a partition; false when there is nothing new to tell. A partition that had records
 * goes to the end of the session's order, so that under a byte budget all get their turn.
 */
function remember(session: FetchSession, target: FetchTarget): boolean {
  const key = keyOf(target.request)
  const known = session.partitions.get(key)
  if (known === undefined) return true
  if (target.partition !== null) known.wasFound = true
  if (target.errorCode !== ErrorCode.NONE) {
    if (known.wasFound && target.errorCode === ErrorCode.UNKNOWN_TOPIC_ID) {
      target.errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    }
    known.highWatermark = -1
    return true
  }
  const isNews =
    target.recordsSize > 0 ||
    target.divergingEpoch !== null ||
    known.highWatermark !== target.highWatermark ||
    known.logStartOffset !== target.logStartOffset
  known.highWatermark = target.highWatermark
  known.logStartOffset = target.logStartOffset
  if (target.recordsSize > 0) {
    session.partitions.delete(key)
    session.partitions.set(key, known)
  }
  return isNews
}
