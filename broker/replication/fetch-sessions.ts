// Incremental fetch sessions (KIP-227): a client names its partitions once; later requests carry what changed, later
// answers what is new. Kafka: FetchSession, FetchManager.
//
//   id 0, epoch  0   full fetch; a session is opened if there is room
//   id 0, epoch -1   full fetch, no session
//   id n, epoch  0   closes n, then as for id 0
//   id n, epoch -1   closes n, full fetch, no session
//   id n, epoch  k   the k-th incremental fetch of session n
//
// A session keeps its targets from fetch to fetch, in the order in which they are read; those that had records go to
// the end, so that under a byte budget all get their turn. One fetch uses them at a time. When another of the session
// begins before it has ended (its connection was lost, say, and nobody has noticed), that one goes on with copies.

import type { Clock, Random } from '../../host/host.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { type AskedTopic, FetchTarget } from './fetch-target.ts'
import { FINAL_EPOCH, INITIAL_EPOCH, MAX_EPOCH, nextEpoch } from './session-epochs.ts'

/** A session unused for this long may give its slot to another (Kafka: min.incremental.fetch.session.eviction.ms). */
const EVICTION_MS = 120_000

export interface ForgottenTopic {
  readonly topic: string
  readonly topicId: string
  readonly partitions: readonly number[]
}

/** Fields as in FetchRequest. */
export interface FetchSessionRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly topics: readonly AskedTopic[]
  readonly forgottenTopicsData: readonly ForgottenTopic[]
}

const NO_TARGETS: FetchTarget[] = []

/** The partitions that a request means, and how its answer is to be cut down. */
export class FetchContext {
  readonly errorCode: number
  readonly targets: readonly FetchTarget[]
  readonly #session: FetchSession | null
  readonly #isFull: boolean
  #isEnded = false

  constructor(
    errorCode: number,
    targets: readonly FetchTarget[],
    session: FetchSession | null = null,
    isFull: boolean = true,
  ) {
    this.errorCode = errorCode
    this.targets = targets
    this.#session = session
    this.#isFull = isFull
    if (session !== null) session.isBusy = true
  }

  /** It named all partitions that it wants. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** 0: without a session. */
  get sessionId(): number {
    return this.#session?.id ?? 0
  }

  /** The targets that go into the answer. Called once, when all have their answers. */
  tell(): readonly FetchTarget[] {
    if (this.#session === null) return this.targets
    let told = NO_TARGETS
    for (const target of this.targets) {
      if (!remember(target) && !this.#isFull) continue
      if (told === NO_TARGETS) told = [target]
      else told.push(target)
    }
    return told
  }

  /** The targets are not used any more: the answer is encoded, or nobody waits for it. Idempotent. */
  end(): void {
    const session = this.#session
    if (this.#isEnded) return
    this.#isEnded = true
    if (session === null || session.targets !== this.targets) return
    session.isBusy = false
    session.targets = inTurn(session.targets)
  }
}

class FetchSession {
  readonly id: number
  readonly usesTopicIds: boolean
  /** Expected in the next request. */
  epoch = INITIAL_EPOCH + 1
  lastUsed = 0
  targets: FetchTarget[] = []
  /** A fetch uses the targets. */
  isBusy = false
  /** The same targets by topic, and id of the topic, and index. */
  readonly #byTopic = new Map<string, Map<number, FetchTarget>>()

  constructor(id: number, usesTopicIds: boolean) {
    this.id = id
    this.usesTopicIds = usesTopicIds
  }

  ask(topics: readonly AskedTopic[]): void {
    for (const { topic, topicId, partitions } of topics) {
      const key = this.usesTopicIds ? topicId : topic
      let byIndex = this.#byTopic.get(key)
      if (byIndex === undefined) {
        byIndex = new Map()
        this.#byTopic.set(key, byIndex)
      }
      for (const asked of partitions) {
        let target = byIndex.get(asked.partition)
        if (target === undefined) {
          target = new FetchTarget(topic, topicId, asked.partition)
          byIndex.set(asked.partition, target)
          this.targets.push(target)
        }
        target.ask(asked)
      }
    }
  }

  forget(topics: readonly ForgottenTopic[]): void {
    const gone = new Set<FetchTarget>()
    for (const { topic, topicId, partitions } of topics) {
      const key = this.usesTopicIds ? topicId : topic
      const byIndex = this.#byTopic.get(key)
      if (byIndex === undefined) continue
      for (const index of partitions) {
        const target = byIndex.get(index)
        if (target === undefined) continue
        byIndex.delete(index)
        gone.add(target)
      }
      if (byIndex.size === 0) this.#byTopic.delete(key)
    }
    if (gone.size > 0) this.targets = this.targets.filter((target) => !gone.has(target))
  }

  /** Leaves the targets to the fetch that uses them. */
  takeCopies(): void {
    this.isBusy = false
    this.targets = this.targets.map((target) => target.copy())
    for (const target of this.targets) {
      this.#byTopic.get(this.usesTopicIds ? target.topicId : target.topic)?.set(target.partitionIndex, target)
    }
  }
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

  resolve(request: FetchSessionRequest, usesTopicIds: boolean): FetchContext {
    const { sessionId, sessionEpoch } = request
    if (sessionEpoch === INITIAL_EPOCH || sessionEpoch === FINAL_EPOCH) {
      this.#sessions.delete(sessionId)
      if (sessionEpoch === FINAL_EPOCH || !this.#makeRoom()) return sessionless(request.topics)
      return this.#open(request.topics, usesTopicIds)
    }
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return refused(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
    if (session.epoch !== sessionEpoch) return refused(ErrorCode.INVALID_FETCH_SESSION_EPOCH)
    if (session.usesTopicIds !== usesTopicIds) return refused(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
    return this.#continue(session, request)
  }

  /** A session that its client is not told of. */
  close(context: FetchContext): void {
    this.#sessions.delete(context.sessionId)
  }

  #open(topics: readonly AskedTopic[], usesTopicIds: boolean): FetchContext {
    const session = new FetchSession(this.#newId(), usesTopicIds)
    session.lastUsed = this.#clock.monotonic()
    session.ask(topics)
    this.#sessions.set(session.id, session)
    return new FetchContext(ErrorCode.NONE, session.targets, session)
  }

  #continue(session: FetchSession, request: FetchSessionRequest): FetchContext {
    session.epoch = nextEpoch(session.epoch)
    session.lastUsed = this.#clock.monotonic()
    this.#sessions.delete(session.id)
    this.#sessions.set(session.id, session)
    if (session.isBusy) session.takeCopies()
    session.ask(request.topics)
    if (request.forgottenTopicsData.length > 0) session.forget(request.forgottenTopicsData)
    return new FetchContext(ErrorCode.NONE, session.targets, session, false)
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

function sessionless(topics: readonly AskedTopic[]): FetchContext {
  const targets: FetchTarget[] = []
  for (const { topic, topicId, partitions } of topics) {
    for (const asked of partitions) {
      const target = new FetchTarget(topic, topicId, asked.partition)
      target.ask(asked)
      targets.push(target)
    }
  }
  return new FetchContext(ErrorCode.NONE, targets)
}

function refused(errorCode: number): FetchContext {
  return new FetchContext(errorCode, NO_TARGETS)
}

/** Notes what the client is told of a partition; false when there is nothing new to tell. */
function remember(target: FetchTarget): boolean {
  if (target.partition !== null) target.wasFound = true
  if (target.errorCode !== ErrorCode.NONE) {
    if (target.wasFound && target.errorCode === ErrorCode.UNKNOWN_TOPIC_ID) {
      target.errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    }
    target.toldHighWatermark = -1
    return true
  }
  const isNews =
    target.recordsSize > 0 ||
    target.divergingEpoch !== undefined ||
    target.toldHighWatermark !== target.highWatermark ||
    target.toldLogStartOffset !== target.logStartOffset
  target.toldHighWatermark = target.highWatermark
  target.toldLogStartOffset = target.logStartOffset
  return isNews
}

/** Those that had records after those that had none. A new array: the old one may still be read from. */
function inTurn(targets: FetchTarget[]): FetchTarget[] {
  const count = targets.length
  let withRecords = 0
  for (const target of targets) if (target.recordsSize > 0) withRecords++
  if (withRecords === 0 || withRecords === count) return targets
  const next = targets.filter(({ recordsSize }) => recordsSize === 0)
  for (const target of targets) if (target.recordsSize > 0) next.push(target)
  return next
}
