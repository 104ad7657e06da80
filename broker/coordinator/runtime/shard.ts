// One partition's coordinator: a state machine, the log that makes it durable, and the clients that wait.
//
//   loading ──▶ active ──▶ closed          loading: COORDINATOR_LOAD_IN_PROGRESS; failed: NOT_COORDINATOR
//      ▲           │                       an append that fails once its outcome cannot be taken back → loading again
//      └───────────┘ ──▶ failed            (no half-applied state, ever); failed: the log is damaged. A disk that
//                                          does not answer is asked again.
//
// An event runs to its end in one turn: state machine → append → replay → answers. Answers wait for the high watermark:
// one given while the log ends at E leaves when everything below E is committed, also when its own event wrote nothing,
// for what it tells may rest on records that others wrote and a crash could still take back (krabka lost offsets by
// answering at append). Source: CoordinatorRuntime of Apache Kafka, which keeps snapshots of its state to go back to;
// we load again instead.

import type { Host } from '../../../host/host.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { type Codec, NO_PRODUCER_ID } from '../../../protocol/records/layout.ts'
import type { CoordinatorPartition } from './coordinator-partition.ts'
import { LoadFailed, type LoadResult, load } from './load.ts'
import { outcomeBatches } from './outcome-batches.ts'
import { type OpenReply, Reply, type ReplyOwner } from './reply.ts'
import type { Outcome, RecordFormat, StateMachine } from './state-machine.ts'
import { TimerTable } from './timer-table.ts'

type Phase = 'loading' | 'active' | 'failed' | 'closed'

/** Arms a timer of the shard whose firing is an event like a request. */
export type Schedule<R> = (key: string, delayMs: number, event: () => Outcome<R>) => void

/** What a state machine has of its shard. */
export interface ShardTimers<R> {
  schedule: Schedule<R>
  cancel(key: string): void
  /** Runs an event at the end of this turn, from wherever; not when the shard has another state by then. */
  post(event: () => Outcome<R>): void
  /** By which logs tell this coordinator from those before it. */
  readonly leaderEpoch: number
}

export interface ShardOptions<M extends StateMachine<R>, R> {
  readonly host: Host
  /** For the log lines, e.g. `__consumer_offsets-3`. */
  readonly name: string
  readonly partition: CoordinatorPartition
  readonly format: RecordFormat<R>
  readonly createMachine: (timers: ShardTimers<R>) => M
  readonly compression: () => Codec
  /** How long an answer may wait for its records to be committed before the client is told to try again. */
  readonly commitTimeoutMs: () => number
}

/** Sent answers that wait for the high watermark to reach `endOffset`. */
interface Waiting {
  readonly endOffset: number
  readonly since: number
  readonly replies: OpenReply[]
}

export class Shard<M extends StateMachine<R>, R> implements ReplyOwner {
  readonly #options: ShardOptions<M, R>
  readonly #timers: TimerTable
  readonly #unknownTypes = new Set<string>()
  #phase: Phase = 'loading'
  #machine: M
  /** Counts loads: whatever was started for an earlier one finds that nobody listens any more. */
  #incarnation = 0
  /** That failed, since the last that did not. */
  #loadAttempts = 0
  /** Where the log ended after our last append, and up to where it is known to be committed. */
  #endOffset = 0
  #committedOffset = 0
  readonly #open = new Set<OpenReply>()
  /** Sent in the event that is running. */
  #sent: OpenReply[] = []
  #waiting: Waiting[] = []
  /** Events that wait for the log to be loaded. */
  #postponed: ((machine: M) => Outcome<R>)[] = []
  /** What outcomes want done when they are committed, by where they end. */
  #afterCommit: { readonly endOffset: number; readonly run: () => void }[] = []

  constructor(options: ShardOptions<M, R>) {
    this.#options = options
    this.#timers = new TimerTable(options.host)
    this.#machine = this.#createMachine()
    this.#load()
  }

  get phase(): Phase {
    return this.#phase
  }

  get leaderEpoch(): number {
    return this.#options.partition.leaderEpoch
  }

  /** The state, while it is whole. */
  get machine(): M | undefined {
    return this.#phase === 'active' ? this.#machine : undefined
  }

  /** Runs an event; the promise is kept when the answer is safe to give. `onError` words an error as an answer. */
  run<T>(event: (machine: M, reply: Reply<T>) => Outcome<R>, onError: (errorCode: number) => T): Promise<T> {
    if (this.#phase === 'loading') return Promise.resolve(onError(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS))
    if (this.#phase !== 'active') return Promise.resolve(onError(ErrorCode.NOT_COORDINATOR))
    return new Promise((resolve) => {
      const reply = new Reply<T>(this, resolve, onError)
      this.#open.add(reply)
      this.#execute(() => event(this.#machine, reply))
    })
  }

  /** Runs an event as soon as the log is loaded, at the latest; never when the partition goes before. */
  runOnceLoaded(event: (machine: M) => Outcome<R>): void {
    if (this.#phase === 'loading') this.#postponed.push(event)
    else if (this.#phase === 'active') this.#execute(() => event(this.#machine))
  }

  /** The partition is led elsewhere, or the broker stops. */
  close(): void {
    this.#postponed = []
    this.#reset('closed', ErrorCode.NOT_COORDINATOR)
  }

  onSent(reply: OpenReply): void {
    this.#sent.push(reply)
  }

  #execute(event: () => Outcome<R>): void {
    try {
      const outcome = event()
      if (outcome.records.length > 0 || outcome.marker !== undefined) this.#append(outcome)
      else {
        outcome.applied?.()
        if (outcome.committed !== undefined) this.#onceCommitted(outcome.committed)
      }
    } catch (error) {
      // A bug: what it has left of the state cannot be trusted.
      this.#options.host.logger.error('coordinator: an event failed, the state is loaded again', {
        partition: this.#options.name,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      })
      this.#reload(ErrorCode.NOT_COORDINATOR)
      return
    }
    this.#release()
  }

  #append(outcome: Outcome<R>): void {
    const incarnation = this.#incarnation
    const { partition } = this.#options
    const batches = outcomeBatches(this.#options, outcome, partition.maxBatchSize)
    for (const [index, { batch, records }] of batches.entries()) {
      const refusal = batch.length > partition.maxBatchSize ? TOO_LARGE : null
      const result = refusal ?? partition.append(batch)
      // A partition may find out while it appends that it has lost its log, and have told us by now.
      if (this.#incarnation !== incarnation) return
      if (result === TOO_LARGE && index === 0 && outcome.otherwise !== undefined) {
        this.#append(outcome.otherwise())
        return
      }
      if (result.errorCode !== ErrorCode.NONE) {
        this.#onRefused(outcome, result.errorCode, index > 0)
        return
      }
      this.#replay(outcome, records, result.baseOffset)
      const endOffset = result.lastOffset + 1
      this.#endOffset = endOffset
      partition.whenCommitted(endOffset, (errorCode) => this.#onCommitted(incarnation, endOffset, errorCode))
    }
    if (this.#incarnation !== incarnation) return
    outcome.applied?.()
    if (outcome.committed !== undefined) this.#onceCommitted(outcome.committed)
  }

  #replay({ marker, producer }: Outcome<R>, records: readonly R[], baseOffset: number): void {
    if (marker !== undefined) this.#machine.replayMarker(marker.producerId, marker.committed)
    const producerId = producer?.producerId ?? NO_PRODUCER_ID
    for (const [index, record] of records.entries()) this.#machine.replay(record, baseOffset + index, producerId)
  }

  #onceCommitted(run: () => void): void {
    this.#afterCommit.push({ endOffset: this.#endOffset, run })
    if (this.#committedOffset >= this.#endOffset) this.#options.host.timers.endOfTurn(() => this.#runCommitted())
  }

  #runCommitted(): void {
    while (this.#afterCommit.length > 0 && this.#afterCommit[0]!.endOffset <= this.#committedOffset) {
      this.#afterCommit.shift()!.run()
    }
  }

  #onRefused(outcome: Outcome<R>, errorCode: number, isAppendedInPart: boolean): void {
    this.#options.host.logger.warn('coordinator: the log refused records', {
      partition: this.#options.name,
      error: errorCode,
      records: outcome.records.length,
    })
    if (outcome.refused === undefined || isAppendedInPart) this.#reload(errorCode)
    else outcome.refused(errorCode)
  }

  /** The event is over: its answers leave when the log is committed up to here. */
  #release(): void {
    if (this.#sent.length === 0) return
    const replies = this.#sent
    this.#sent = []
    if (this.#committedOffset >= this.#endOffset) {
      this.#deliver(replies)
      return
    }
    this.#waiting.push({ endOffset: this.#endOffset, since: this.#options.host.clock.monotonic(), replies })
    if (this.#waiting.length === 1) this.#watchCommit()
  }

  #deliver(replies: readonly OpenReply[]): void {
    for (const reply of replies) {
      // One that waited too long has been refused by then.
      if (this.#open.delete(reply)) reply.deliver()
    }
  }

  #onCommitted(incarnation: number, endOffset: number, errorCode: number): void {
    if (this.#incarnation !== incarnation) return
    if (errorCode !== ErrorCode.NONE) {
      this.#options.host.logger.warn('coordinator: an append was lost, the state is loaded again', {
        partition: this.#options.name,
        error: errorCode,
      })
      this.#reload(errorCode)
      return
    }
    this.#committedOffset = Math.max(this.#committedOffset, endOffset)
    while (this.#waiting.length > 0 && this.#waiting[0]!.endOffset <= this.#committedOffset) {
      this.#deliver(this.#waiting.shift()!.replies)
    }
    this.#watchCommit()
    if (this.#afterCommit.length > 0) this.#options.host.timers.endOfTurn(() => this.#runCommitted())
  }

  /** The oldest waiting answers are refused when the disk (or, later, the replicas) take too long. The records stay. */
  #watchCommit(): void {
    const oldest = this.#waiting[0]
    if (oldest === undefined) return
    const { clock } = this.#options.host
    const timeoutMs = this.#options.commitTimeoutMs()
    this.#timers.schedule(COMMIT_TIMER, Math.max(0, oldest.since + timeoutMs - clock.monotonic()), () => {
      while (this.#waiting.length > 0 && this.#waiting[0]!.since + timeoutMs <= clock.monotonic() + 1) {
        this.#refuse(this.#waiting.shift()!.replies, ErrorCode.REQUEST_TIMED_OUT)
      }
      this.#watchCommit()
    })
  }

  #refuse(replies: Iterable<OpenReply>, errorCode: number): void {
    for (const reply of replies) {
      if (this.#open.delete(reply)) reply.refuse(errorCode)
    }
  }

  #createMachine(): M {
    const incarnation = this.#incarnation
    return this.#options.createMachine({
      schedule: (key, delayMs, event) => this.#timers.schedule(key, delayMs, () => this.#execute(event)),
      cancel: (key) => this.#timers.cancel(key),
      post: (event) => this.#post(incarnation, event),
      leaderEpoch: this.leaderEpoch,
    })
  }

  #post(incarnation: number, event: () => Outcome<R>): void {
    this.#options.host.timers.endOfTurn(() => {
      if (this.#incarnation === incarnation && this.#phase === 'active') this.#execute(event)
    })
  }

  #reload(errorCode: number): void {
    this.#reset('loading', errorCode)
    this.#machine = this.#createMachine()
    this.#load()
  }

  #reset(phase: Phase, errorCode: number): void {
    this.#incarnation++
    this.#phase = phase
    this.#timers.cancelAll()
    this.#sent = []
    this.#waiting = []
    this.#afterCommit = []
    this.#refuse([...this.#open], errorCode)
  }

  #load(): void {
    const { host, partition, format } = this.#options
    const incarnation = this.#incarnation
    const startedAt = host.clock.monotonic()
    load({
      host,
      partition,
      machine: this.#machine,
      format,
      onUnknown: (key, offset) => this.#noteUnknown(key, offset),
      isCancelled: () => this.#incarnation !== incarnation,
      done: (result) => {
        if (result instanceof LoadFailed) this.#onLoadFailed(result)
        else this.#onLoaded(incarnation, result, host.clock.monotonic() - startedAt)
      },
    })
  }

  #onLoaded(incarnation: number, { endOffset, recordCount }: LoadResult, tookMs: number): void {
    const { host, partition, name } = this.#options
    this.#phase = 'active'
    this.#loadAttempts = 0
    this.#endOffset = endOffset
    this.#committedOffset = partition.logStartOffset
    partition.whenCommitted(endOffset, (errorCode) => this.#onCommitted(incarnation, endOffset, errorCode))
    const fields = { partition: name, records: recordCount, ms: Math.round(tookMs) }
    if (tookMs >= SLOW_LOAD_MS) host.logger.info('coordinator: loaded', fields)
    else host.logger.debug('coordinator: loaded', fields)
    const outcomes = this.#machine.onLoaded()
    for (const outcome of outcomes) {
      if (this.#incarnation === incarnation) this.#execute(() => outcome)
    }
    // One that makes it load again leaves the others for then.
    while (this.#incarnation === incarnation && this.#postponed.length > 0) {
      const event = this.#postponed.shift()!
      this.#execute(() => event(this.#machine))
    }
  }

  #onLoadFailed({ isRetriable, message }: LoadFailed): void {
    const fields = { partition: this.#options.name, error: message }
    const { logger } = this.#options.host
    this.#reset(isRetriable ? 'loading' : 'failed', ErrorCode.NOT_COORDINATOR)
    if (!isRetriable) {
      logger.error('coordinator: its log is damaged, its groups are not served', fields)
      return
    }
    const delayMs = Math.min(MAX_LOAD_PAUSE_MS, MIN_LOAD_PAUSE_MS * 2 ** this.#loadAttempts++)
    logger.error('coordinator: its log cannot be loaded yet', { ...fields, retryInMs: delayMs })
    this.#timers.schedule(LOAD_TIMER, delayMs, () => {
      this.#machine = this.#createMachine()
      this.#load()
    })
  }

  #noteUnknown(key: Uint8Array, offset: number): void {
    const fields = this.#options.format.describe(key)
    const type = JSON.stringify(fields)
    if (this.#unknownTypes.has(type)) return
    this.#unknownTypes.add(type)
    this.#options.host.logger.warn('coordinator: records of an unknown type are kept and not applied', {
      partition: this.#options.name,
      offset,
      ...fields,
    })
  }
}

const COMMIT_TIMER = 'commit'
const LOAD_TIMER = 'load'
/** Between attempts to load; doubled each time. */
const MIN_LOAD_PAUSE_MS = 100
const MAX_LOAD_PAUSE_MS = 10_000
/** Loads that clients may have noticed are worth a line. */
const SLOW_LOAD_MS = 1000
const TOO_LARGE = { errorCode: ErrorCode.RECORD_LIST_TOO_LARGE, errorMessage: null, baseOffset: -1, lastOffset: -1 }
