// The records of one partition that a share group has begun with and not ended: a state machine without clock, disk or
// clients. Source: SharePartition of Apache Kafka, KIP-932.
//
//        startOffset                                    nextOffset
//   ─────────┼──────────────────────────────────────────────┼─────────────▶  log
//    all of  │ runs: available, acquired, acknowledged, …   │ not fetched
//    it done │ (in-flight-run.ts)                           │ yet
//
// A change that a member asks for is made at once and is pending until it is durable; then `settle` ends it or takes it
// back. Nobody else is given a record meanwhile, and a record whose change was lost goes back to its member, or is
// available when its lock has ended. Locks that time out change runs without waiting (Kafka does so too: the worst that
// can come of it is one more delivery).

import type { AcknowledgeFault } from './acknowledge-fault.ts'
import * as fault from './acknowledge-fault.ts'
import { type InFlightRun, InFlightRuns, NOBODY, InFlightRun as Run } from './in-flight-run.ts'
import type { StateBatch } from './record-state.ts'
import * as state from './record-state.ts'

/** The group's settings that count here. */
export interface DeliverySettings {
  readonly maxDeliveryCount: number
  readonly maxRecordLocks: number
  readonly lockDurationMs: number
  /** Members may ask for their locks to begin anew. */
  readonly mayRenew: boolean
  /** Records that are rejected, or released too often, are copied to a dead letter queue before they are archived. */
  readonly hasDeadLetters: boolean
}

/** Offsets of the batches that were read, in their order; some more may stand behind `count`. */
export interface FetchedBatches {
  readonly count: number
  readonly bases: readonly number[]
  readonly lasts: readonly number[]
}

export interface Acquisition {
  readonly memberId: string
  /** KIP-1206: not a record more than `maxRecords`; otherwise whole batches. */
  readonly isRecordLimit: boolean
  readonly batchSize: number
  readonly maxRecords: number
  /** Where the batches were read from. */
  readonly fetchOffset: number
  readonly nowMs: number
}

/** Fields as in ShareFetchResponse. */
export interface AcquiredRecords {
  readonly firstOffset: number
  lastOffset: number
  readonly deliveryCount: number
}

/** `types`: one for all, or one for each offset. */
export interface Acknowledgement {
  readonly firstOffset: number
  readonly lastOffset: number
  readonly types: readonly number[]
}

const NOTHING: AcquiredRecords[] = []
/** Batches that have failed before are delivered in smaller pieces, but not after the first failure. */
const MIN_THROTTLED_DELIVERIES = 2

export class InFlightRecords {
  #startOffset: number
  #nextOffset: number
  readonly #runs = new InFlightRuns()
  readonly #settings: () => DeliverySettings
  /** Some run may be available; false: none is. */
  #mayHaveAvailable = false
  #acquisitions = 0

  /** `batches` as they were kept: what is missing between them had been acquired, and is available. */
  constructor(startOffset: number, batches: readonly StateBatch[], settings: () => DeliverySettings) {
    this.#settings = settings
    this.#startOffset = startOffset
    this.#nextOffset = startOffset
    for (const { firstOffset, lastOffset, deliveryState, deliveryCount } of batches) {
      if (firstOffset < this.#nextOffset || lastOffset < firstOffset || !state.isRecordState(deliveryState)) {
        throw new Error(`share state: ${firstOffset}-${lastOffset} ${deliveryState} after ${this.#nextOffset}`)
      }
      if (firstOffset > this.#nextOffset) this.#add(new Run(this.#nextOffset, firstOffset - 1, state.AVAILABLE, 0))
      const kept = deliveryState === state.ACQUIRED ? state.AVAILABLE : deliveryState
      this.#add(new Run(firstOffset, lastOffset, kept, deliveryCount))
    }
    this.#mayHaveAvailable = this.#runs.runs.length > 0
    this.#advance()
  }

  get startOffset(): number {
    return this.#startOffset
  }

  /** After the last record that was ever acquired. */
  get nextOffset(): number {
    return this.#nextOffset
  }

  get runs(): readonly InFlightRun[] {
    return this.#runs.runs
  }

  get isEmpty(): boolean {
    return this.#runs.runs.length === 0
  }

  /** Where to read on: the first record that is available again, or else what was never fetched. */
  nextFetchOffset(): number {
    if (this.#mayHaveAvailable) {
      for (const run of this.#runs.runs) if (isAvailable(run)) return run.first
      this.#mayHaveAvailable = false
    }
    return this.#nextOffset
  }

  /** False: as many records as the group may have locked are on their way. */
  canAcquire(): boolean {
    if (this.nextFetchOffset() !== this.#nextOffset) return true
    return this.#inFlightCount() < this.#settings().maxRecordLocks
  }

  /** Records that are done with, past the start (KIP-1226): the lag is what comes after the start, less these. */
  deliveryCompleteCount(): number {
    let count = 0
    for (const run of this.#runs.runs) if (state.isTerminal(run.state)) count += run.count
    return count
  }

  // Acquiring

  acquire(ask: Acquisition, fetched: FetchedBatches, aborted: FetchedBatches | null): AcquiredRecords[] {
    if (fetched.count === 0 || ask.maxRecords <= 0) return NOTHING
    const lastFetched = fetched.lasts[fetched.count - 1]!
    if (lastFetched < this.#startOffset) return NOTHING
    const free = this.#settings().maxRecordLocks - this.#inFlightCount()
    // All locks are taken: what is available again may be had all the same.
    const isFull = free <= 0
    if (isFull && ask.fetchOffset >= this.#nextOffset) return NOTHING
    const upTo = isFull ? Math.min(lastFetched, this.#nextOffset - 1) : lastFetched
    const limit = isFull ? ask.maxRecords : Math.min(ask.maxRecords, free)
    const base = fetched.bases[0]!
    if (ask.fetchOffset < base) this.#archiveCompacted(ask.fetchOffset, base)
    this.#acquisitions++
    const from = Math.max(base, this.#startOffset)
    const left = this.#acquireAgain(ask, from, upTo, limit)
    if (left > 0 && upTo >= this.#nextOffset) this.#acquireNew(ask, fetched, from, upTo, left)
    if (aborted !== null) this.#archiveAborted(aborted)
    return this.#told()
  }

  /** Those that are available again. Returns how many more may be acquired. */
  #acquireAgain(ask: Acquisition, from: number, upTo: number, limit: number): number {
    const { runs } = this.#runs
    const { maxDeliveryCount } = this.#settings()
    const throttledFrom = Math.max(MIN_THROTTLED_DELIVERIES, Math.ceil(maxDeliveryCount / 2))
    let left = limit
    if (!this.#mayHaveAvailable) return left
    for (let index = this.#runs.indexFrom(from); index < runs.length && left > 0; index++) {
      if (runs[index]!.first > upTo) break
      if (!isAvailable(runs[index]!)) continue
      index = this.#runs.cut(index, from)
      const run = runs[index]!
      const isThrottled = run.deliveryCount >= throttledFrom
      // What has failed often comes alone, so that one bad record does not take the good ones around it along.
      if (isThrottled && left < limit) return 0
      let count = Math.min(run.last, upTo) - run.first + 1
      if (ask.isRecordLimit) count = Math.min(count, left)
      if (isThrottled) count = Math.min(count, throttledCount(run, throttledFrom, maxDeliveryCount))
      if (count < run.count) this.#runs.cut(index, run.first + count)
      run.deliveryCount++
      this.#give(run, ask)
      left -= count
      if (isThrottled) return 0
    }
    return left
  }

  #acquireNew(ask: Acquisition, fetched: FetchedBatches, from: number, upTo: number, limit: number): void {
    const first = Math.max(this.#nextOffset, from)
    let last = upTo
    if (last - first + 1 > limit) {
      last = first + limit - 1
      if (!ask.isRecordLimit) last = Math.min(upTo, endOfBatch(fetched, last))
    }
    if (this.isEmpty) this.#startOffset = first
    let begin = first
    if (!ask.isRecordLimit && last - first + 1 > ask.batchSize) {
      for (let index = 0; index < fetched.count && fetched.bases[index]! <= last; index++) {
        const base = fetched.bases[index]!
        if (base - begin < ask.batchSize) continue
        this.#addAcquired(begin, base - 1, ask)
        begin = base
      }
    }
    this.#addAcquired(begin, last, ask)
  }

  #addAcquired(first: number, last: number, ask: Acquisition): void {
    const run = new Run(first, last, state.ACQUIRED, 1)
    this.#give(run, ask)
    this.#add(run)
  }

  #add(run: InFlightRun): void {
    this.#runs.runs.push(run)
    this.#nextOffset = run.last + 1
  }

  #give(run: InFlightRun, ask: Acquisition): void {
    run.state = state.ACQUIRED
    run.memberId = ask.memberId
    run.lockedUntilMs = ask.nowMs + this.#settings().lockDurationMs
    run.acquisition = this.#acquisitions
  }

  /** What the current acquisition has got; neighbours that were cut from one batch are told as one. */
  #told(): AcquiredRecords[] {
    const told: AcquiredRecords[] = []
    let before: InFlightRun | null = null
    for (const run of this.#runs.runs) {
      if (run.acquisition !== this.#acquisitions || run.state !== state.ACQUIRED) continue
      const last = told[told.length - 1]
      const isSame =
        before?.batchFirst === run.batchFirst &&
        last?.lastOffset === run.first - 1 &&
        last.deliveryCount === run.deliveryCount
      if (isSame) last.lastOffset = run.last
      else told.push({ firstOffset: run.first, lastOffset: run.last, deliveryCount: run.deliveryCount })
      before = run
    }
    return told
  }

  /** Compaction has taken away what was available there. */
  #archiveCompacted(from: number, end: number): void {
    this.#archive(from, end - 1, isAvailable)
    this.#advance()
  }

  #archiveAborted(aborted: FetchedBatches): void {
    const isNew = (run: InFlightRun) => run.state === state.ACQUIRED && run.acquisition === this.#acquisitions
    for (let index = 0; index < aborted.count; index++) {
      this.#archive(aborted.bases[index]!, aborted.lasts[index]!, isNew)
    }
    this.#advance()
  }

  #archive(first: number, last: number, isMeant: (run: InFlightRun) => boolean): void {
    const { runs } = this.#runs
    for (let index = this.#runs.indexFrom(first); index < runs.length; index++) {
      if (runs[index]!.first > last) return
      if (!isMeant(runs[index]!)) continue
      index = this.#runs.cut(index, first)
      const run = runs[index]!
      if (run.last > last) this.#runs.cut(index, last + 1)
      run.state = state.ARCHIVED
      run.memberId = NOBODY
    }
  }

  // Acknowledging

  /**
   * All of it, or nothing, and why. What has changed is added to `changed`, and pending. `acknowledgements` ascend.
   */
  acknowledge(
    memberId: string,
    acknowledgements: readonly Acknowledgement[],
    nowMs: number,
    changed: InFlightRun[],
  ): AcknowledgeFault | null {
    let end = -1
    for (const one of acknowledgements) {
      const found = this.#acknowledgeFault(memberId, one)
      if (found !== null) return found
      const { firstOffset, lastOffset, types } = one
      // What the one before has acknowledged by then; what lies below the start, both pass over.
      if (firstOffset <= end && end >= this.#startOffset) return fault.OFFSET_NOT_ACQUIRED
      // What it has only renewed is acquired still.
      end = types[types.length - 1] === state.RENEW ? lastOffset - 1 : lastOffset
    }
    for (const { firstOffset, lastOffset, types } of acknowledgements) {
      if (types.length === 1) {
        this.#acknowledgeRange(firstOffset, lastOffset, types[0]!, nowMs, changed)
        continue
      }
      for (let begin = 0, end = 1; begin < types.length; begin = end++) {
        while (end < types.length && types[end] === types[begin]) end++
        this.#acknowledgeRange(firstOffset + begin, firstOffset + end - 1, types[begin]!, nowMs, changed)
      }
    }
    return null
  }

  #acknowledgeFault(memberId: string, { firstOffset, lastOffset, types }: Acknowledgement): AcknowledgeFault | null {
    const start = this.#startOffset
    // Gone meanwhile with the start of the log.
    if (lastOffset < start) return null
    const { runs } = this.#runs
    if (runs.length === 0 || (firstOffset < runs[0]!.first && firstOffset >= start)) return fault.NOT_FOUND
    if (firstOffset >= this.#nextOffset) return fault.FIRST_PAST
    if (lastOffset >= this.#nextOffset) return fault.LAST_PAST
    const from = Math.max(firstOffset, start)
    let isAny = false
    for (let index = this.#runs.indexFrom(from); index < runs.length; index++) {
      const run = runs[index]!
      if (run.first > lastOffset) break
      isAny = true
      const isWhole = run.count === run.batchCount
      if (run.state !== state.ACQUIRED) return isWhole ? fault.NOT_ACQUIRED : fault.OFFSET_NOT_ACQUIRED
      if (run.isPending) return fault.IS_PENDING
      if (run.memberId !== memberId) return isWhole ? fault.NOT_OWNER : fault.NOT_OWNER_OF_OFFSET
    }
    if (!isAny) return fault.NOT_FOUND
    return types.includes(state.RENEW) && !this.#settings().mayRenew ? fault.NO_RENEWAL : null
  }

  #acknowledgeRange(first: number, last: number, type: number, nowMs: number, changed: InFlightRun[]): void {
    const { runs } = this.#runs
    const from = Math.max(first, this.#startOffset)
    for (let index = this.#runs.indexFrom(from); index < runs.length; index++) {
      if (runs[index]!.first > last) return
      index = this.#runs.cut(index, from)
      const run = runs[index]!
      if (run.last > last) this.#runs.cut(index, last + 1)
      if (type === state.RENEW) run.lockedUntilMs = nowMs + this.#settings().lockDurationMs
      else this.#change(run, this.#stateFor(run, type), changed)
    }
  }

  #stateFor(run: InFlightRun, type: number): state.RecordState {
    switch (type) {
      case state.ACCEPT:
        return state.ACKNOWLEDGED
      case state.RELEASE:
        return this.#releasedState(run)
      case state.REJECT:
        return this.#settings().hasDeadLetters ? state.ARCHIVING : state.ARCHIVED
      default:
        return state.ARCHIVED
    }
  }

  #releasedState({ deliveryCount }: InFlightRun): state.RecordState {
    const { maxDeliveryCount, hasDeadLetters } = this.#settings()
    if (deliveryCount < maxDeliveryCount) return state.AVAILABLE
    return hasDeadLetters ? state.ARCHIVING : state.ARCHIVED
  }

  #change(run: InFlightRun, next: state.RecordState, changed: InFlightRun[]): void {
    run.previousMemberId = run.memberId
    run.memberId = NOBODY
    run.state = next
    run.isPending = true
    changed.push(run)
  }

  /** The member is gone: all that it has acquired is released, and pending. */
  release(memberId: string, changed: InFlightRun[]): void {
    for (const run of this.#runs.runs) {
      if (run.state === state.ACQUIRED && run.memberId === memberId)
        this.#change(run, this.#releasedState(run), changed)
    }
  }

  /** The pending change is durable, or is lost. */
  settle(changed: readonly InFlightRun[], isKept: boolean, nowMs: number): void {
    for (const run of changed) {
      run.isPending = false
      if (!isKept) this.#takeBack(run, nowMs)
      run.previousMemberId = NOBODY
      if (run.state === state.AVAILABLE) this.#mayHaveAvailable = true
    }
    this.#dropBelowStart()
    this.#advance()
  }

  #takeBack(run: InFlightRun, nowMs: number): void {
    if (nowMs >= run.lockedUntilMs) {
      run.state = this.#releasedState(run)
      return
    }
    run.state = state.ACQUIRED
    run.memberId = run.previousMemberId
  }

  /** Locks that have ended by now. What has changed is added to `changed`; it is not pending. */
  expire(nowMs: number, changed: InFlightRun[]): void {
    for (const run of this.#runs.runs) {
      if (run.state !== state.ACQUIRED || run.lockedUntilMs > nowMs) continue
      run.state = this.#releasedState(run)
      run.memberId = NOBODY
      changed.push(run)
      if (run.state === state.AVAILABLE) this.#mayHaveAvailable = true
    }
    this.#advance()
  }

  /** When the first lock ends; Infinity when there is none. */
  firstLockEndMs(): number {
    let first = Number.POSITIVE_INFINITY
    for (const run of this.#runs.runs) {
      if (run.state === state.ACQUIRED && run.lockedUntilMs < first) first = run.lockedUntilMs
    }
    return first
  }

  /** The copy in the dead letter queue is written, or never will be. */
  archive(run: InFlightRun): void {
    if (run.state === state.ARCHIVING) run.state = state.ARCHIVED
  }

  /** After what `archive` has done is durable. */
  advance(): void {
    this.#advance()
  }

  /** The log begins there now: what was below cannot be delivered any more. */
  moveStart(logStartOffset: number): void {
    if (logStartOffset <= this.#startOffset) return
    this.#startOffset = logStartOffset
    this.#dropBelowStart()
    if (this.#nextOffset < logStartOffset) this.#nextOffset = logStartOffset
    this.#advance()
  }

  /** But for what is pending, which is dropped when it is settled. */
  #dropBelowStart(): void {
    const { runs } = this.#runs
    const start = this.#startOffset
    while (runs.length > 0 && runs[0]!.first < start && !runs[0]!.isPending) {
      if (runs[0]!.last >= start) this.#runs.cut(0, start)
      runs.shift()
    }
  }

  #advance(): void {
    const { runs } = this.#runs
    let done = 0
    while (done < runs.length && !runs[done]!.isPending && state.isTerminal(runs[done]!.state)) done++
    if (done === 0) return
    runs.splice(0, done)
    this.#startOffset = Math.max(this.#startOffset, runs[0]?.first ?? this.#nextOffset)
  }

  #inFlightCount(): number {
    return this.isEmpty ? 0 : this.#nextOffset - this.#startOffset
  }
}

const isAvailable = (run: InFlightRun): boolean => run.state === state.AVAILABLE && !run.isPending

/** Half of the batch after half of the deliveries, then a quarter, …, and one record the last time. */
function throttledCount(run: InFlightRun, throttledFrom: number, maxDeliveryCount: number): number {
  if (maxDeliveryCount > 2 && run.deliveryCount === maxDeliveryCount - 1) return 1
  return Math.max(1, run.batchCount >> (run.deliveryCount - throttledFrom + 1))
}

/** The last offset of the batch that holds `offset`; the offset itself when none does. */
function endOfBatch(fetched: FetchedBatches, offset: number): number {
  for (let index = 0; index < fetched.count; index++) {
    if (fetched.lasts[index]! < offset) continue
    return fetched.bases[index]! <= offset ? fetched.lasts[index]! : offset
  }
  return offset
}

/** As they are kept; neighbours in the same state are one. `runs` ascend. */
export function stateBatches(runs: readonly InFlightRun[]): StateBatch[] {
  const batches: { firstOffset: number; lastOffset: number; deliveryState: number; deliveryCount: number }[] = []
  for (const run of runs) {
    const last = batches[batches.length - 1]
    const isSame =
      last?.lastOffset === run.first - 1 && last.deliveryState === run.state && last.deliveryCount === run.deliveryCount
    if (isSame) last.lastOffset = run.last
    else {
      const { first, last: lastOffset, state: deliveryState, deliveryCount } = run
      batches.push({ firstOffset: first, lastOffset, deliveryState, deliveryCount })
    }
  }
  return batches
}
