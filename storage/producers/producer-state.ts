// What a partition remembers of each idempotent or transactional producer: its epoch and its last five batches, so
// that a batch sent twice is answered with the offsets of the first time, and one that comes out of order is refused
// (KIP-98, KIP-360); and where its open transaction began, from which the last stable offset follows. All of it is a
// fold over the log: followers and recovery arrive at the same state by `apply` alone. Source: ProducerStateManager,
// ProducerAppendInfo, ProducerStateEntry.
//
//   producer → epoch, coordinator epoch, transaction's first offset,
//              batches [ lastSequence, lastOffset, offsetDelta, timestamp ] × ≤ 5
//   open transactions: first offset → producer;  decided ones with a marker above the high watermark: "unreplicated"
//   last stable offset = min(high watermark, first offset of either kind)
//
// Invariants: first offsets in #ongoing are those of the entries with currentTransactionFirstOffset ≥ 0, one for one.
// Producer ids are keyed as numbers, the few that are no safe integers as bigint: a Map of numbers costs a third.

import { ErrorCode } from '../../protocol/error-codes.ts'
import * as batch from '../../protocol/records/batch.ts'
import { controlTypeOf, markerCoordinatorEpoch } from '../../protocol/records/control.ts'
import { getInt64 } from '../../protocol/records/int64.ts'
import * as at from '../../protocol/records/layout.ts'
import { readBatch } from '../../protocol/records/record.ts'
import type { AbortedTransaction } from '../segment/transaction-index.ts'
import { StorageFault } from '../storage-fault.ts'

export type ProducerKey = number | bigint

/** Kafka's ProducerStateEntry.NUM_BATCHES_TO_RETAIN: as many requests as an idempotent producer may have in flight. */
const BATCHES_KEPT = 5
const STRIDE = 4
const NONE = -1
const MAX_SEQUENCE = 0x7fffffff

export interface ProducerEntry {
  readonly key: ProducerKey
  epoch: number
  coordinatorEpoch: number
  lastTimestamp: number
  /** -1: no open transaction. */
  currentTransactionFirstOffset: number
  /** Oldest first, four numbers a batch: lastSequence, lastOffset, offsetDelta, timestamp. */
  readonly batches: number[]
  /** From a snapshot, which keeps the last batch alone: the log may hold others of the five. */
  isPartial: boolean
}

/** An active producer as DescribeProducers tells it. */
export interface ActiveProducer {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly lastSequence: number
  readonly lastTimestamp: number
  readonly coordinatorEpoch: number
  readonly currentTransactionStartOffset: number
}

/** What compaction must leave of a producer: the batch with its last sequence, or the marker with its epoch. */
export interface LastRecord {
  /** -1: it has written none in its epoch. */
  readonly lastDataOffset: number
  readonly epoch: number
}

/** The verdict on a batch of a client. Of a duplicate, the offsets that its first copy was given. */
export interface ProducerVerdict {
  errorCode: number
  errorMessage: string | null
  isDuplicate: boolean
  baseOffset: number
  lastOffset: number
  timestamp: number
}

export function producerKey(view: DataView, position: number): ProducerKey {
  const id = getInt64(view, position + at.PRODUCER_ID)
  return Number.isSafeInteger(id) ? id : view.getBigInt64(position + at.PRODUCER_ID)
}

export function createEntry(key: ProducerKey): ProducerEntry {
  return {
    key,
    epoch: NONE,
    coordinatorEpoch: NONE,
    lastTimestamp: NONE,
    currentTransactionFirstOffset: NONE,
    batches: [],
    isPartial: false,
  }
}

/** Of the many logs without idempotent producers; an empty Map takes 184 bytes. Never changed. */
const NO_ENTRIES = new Map<ProducerKey, ProducerEntry>()
const NO_TRANSACTIONS = new Map<number, ProducerKey>()
const NO_MARKERS = new Map<number, number>()

/** Valid until the next check. */
const verdict: ProducerVerdict = {
  errorCode: 0,
  errorMessage: null,
  isDuplicate: false,
  baseOffset: 0,
  lastOffset: 0,
  timestamp: 0,
}

export class ProducerState {
  #entries: Map<ProducerKey, ProducerEntry> = NO_ENTRIES
  /** Ascending: transactions begin at rising offsets, and a Map iterates in the order of insertion. */
  #ongoing: Map<number, ProducerKey> = NO_TRANSACTIONS
  /** First offset → offset of the marker. */
  #unreplicated: Map<number, number> = NO_MARKERS

  get size(): number {
    return this.#entries.size
  }

  knows(key: ProducerKey): boolean {
    return this.#entries.has(key)
  }

  find(producerId: bigint): Readonly<ProducerEntry> | undefined {
    const id = Number(producerId)
    return this.#entries.get(Number.isSafeInteger(id) ? id : producerId)
  }

  entries(): IterableIterator<ProducerEntry> {
    return this.#entries.values()
  }

  load(entries: readonly ProducerEntry[]): void {
    const open = entries.filter((entry) => entry.currentTransactionFirstOffset !== NONE)
    open.sort((a, b) => a.currentTransactionFirstOffset - b.currentTransactionFirstOffset)
    for (const entry of entries) this.#remember(entry)
    for (const entry of open) this.#began(entry.currentTransactionFirstOffset, entry.key)
  }

  /** A state of its own, for going back to after a failed write. */
  clone(): ProducerState {
    const copy = new ProducerState()
    for (const entry of this.#entries.values()) copy.#remember({ ...entry, batches: [...entry.batches] })
    for (const [firstOffset, key] of this.#ongoing) copy.#began(firstOffset, key)
    for (const [firstOffset, lastOffset] of this.#unreplicated) copy.#decided(firstOffset, lastOffset)
    return copy
  }

  /**
   * Judges a data batch before it gets its offsets. Coordinators write without sequences: of theirs the epoch is
   * checked alone. The verdict is valid until the next call.
   */
  check(view: DataView, position: number, hasSequence = true): ProducerVerdict {
    verdict.errorCode = ErrorCode.NONE
    verdict.errorMessage = null
    verdict.isDuplicate = false
    const entry = this.#entries.get(producerKey(view, position))
    if (entry === undefined) return verdict
    const epoch = batch.batchProducerEpoch(view, position)
    const firstSequence = batch.batchBaseSequence(view, position)
    if (
      hasSequence &&
      epoch === entry.epoch &&
      findDuplicate(entry, firstSequence, batch.batchLastSequence(view, position), verdict)
    ) {
      return verdict
    }
    if (epoch < entry.epoch) {
      return refuse(verdict, ErrorCode.INVALID_PRODUCER_EPOCH, entry, `epoch ${epoch} is older than ${entry.epoch}`)
    }
    if (!hasSequence) return verdict
    if (epoch !== entry.epoch) {
      if (firstSequence !== 0 && entry.epoch !== NONE) {
        const text = `epoch ${epoch} is new and begins with sequence ${firstSequence}, not 0`
        return refuse(verdict, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, entry, text)
      }
    } else if (entry.epoch !== NONE && !follows(lastSequence(entry), firstSequence)) {
      const text = `sequence ${firstSequence} does not follow ${lastSequence(entry)}`
      return refuse(verdict, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, entry, text)
    }
    if (entry.currentTransactionFirstOffset !== NONE && !batch.isTransactional(view, position)) {
      return refuse(verdict, ErrorCode.INVALID_TXN_STATE, entry, 'a transaction is open, the batch is not part of one')
    }
    return verdict
  }

  /** Judges a transaction marker: fences older producer and coordinator epochs. */
  checkMarker(bytes: Uint8Array, view: DataView, position: number): ProducerVerdict {
    verdict.errorCode = ErrorCode.NONE
    verdict.errorMessage = null
    verdict.isDuplicate = false
    const entry = this.#entries.get(producerKey(view, position))
    if (entry === undefined) return verdict
    const epoch = batch.batchProducerEpoch(view, position)
    if (epoch < entry.epoch) {
      return refuse(verdict, ErrorCode.INVALID_PRODUCER_EPOCH, entry, `epoch ${epoch} is older than ${entry.epoch}`)
    }
    const marker = readMarker(bytes, view, position)
    if (marker !== null && marker.coordinatorEpoch < entry.coordinatorEpoch) {
      const text = `coordinator epoch ${marker.coordinatorEpoch} is older than ${entry.coordinatorEpoch}`
      return refuse(verdict, ErrorCode.TRANSACTION_COORDINATOR_FENCED, entry, text)
    }
    return verdict
  }

  /**
   * Takes a batch that has its offsets into the state; `bytes` hold all of it when it is a control batch.
   * Returns the transaction that it aborted, for the transaction index.
   */
  apply(bytes: Uint8Array, view: DataView, position: number): AbortedTransaction | null {
    if (!batch.hasProducerId(view, position)) return null
    if (batch.isControl(view, position)) return this.#applyMarker(bytes, view, position)
    const entry = this.#entry(producerKey(view, position))
    const baseOffset = batch.batchBaseOffset(view, position)
    const delta = batch.batchLastOffsetDelta(view, position)
    const timestamp = batch.batchMaxTimestamp(view, position)
    setEpoch(entry, batch.batchProducerEpoch(view, position))
    if (entry.batches.length === BATCHES_KEPT * STRIDE) entry.batches.splice(0, STRIDE)
    if (entry.isPartial && entry.batches.length === (BATCHES_KEPT - 1) * STRIDE) entry.isPartial = false
    entry.batches.push(batch.batchLastSequence(view, position), baseOffset + delta, delta, timestamp)
    entry.lastTimestamp = timestamp
    if (entry.currentTransactionFirstOffset === NONE && batch.isTransactional(view, position)) {
      entry.currentTransactionFirstOffset = baseOffset
      this.#began(baseOffset, entry.key)
    }
    return null
  }

  /** What a snapshot does not tell of this producer may decide about the batch. */
  isPartial(view: DataView, position: number): boolean {
    const entry = this.#entries.get(producerKey(view, position))
    return entry?.isPartial === true && entry.epoch === batch.batchProducerEpoch(view, position)
  }

  /** `recent`: the end of the same log, replayed from some batch on. What it knows of a producer is missing here. */
  complete(recent: ProducerState): void {
    for (const entry of this.#entries.values()) {
      if (!entry.isPartial) continue
      entry.isPartial = false
      const found = recent.#entries.get(entry.key)
      if (found === undefined || found.epoch !== entry.epoch || found.batches.length <= entry.batches.length) continue
      entry.batches.splice(0, entry.batches.length, ...found.batches)
    }
  }

  /** Markers below the high watermark no longer hold the last stable offset back. */
  onHighWatermark(highWatermark: number): void {
    if (this.#unreplicated.size === 0) return
    for (const [firstOffset, lastOffset] of this.#unreplicated) {
      if (lastOffset < highWatermark) this.#unreplicated.delete(firstOffset)
    }
  }

  /**
   * The first offset that is undecided, or decided by a marker not yet below the high watermark; Infinity when there is
   * none.
   */
  firstUnstableOffset(): number {
    let first = Number.POSITIVE_INFINITY
    for (const offset of this.#ongoing.keys()) {
      first = offset
      break
    }
    for (const offset of this.#unreplicated.keys()) if (offset < first) first = offset
    return first
  }

  /** Forgets producers that have not written for long and have no open transaction. */
  removeExpired(now: number, expirationMs: number): number {
    let count = 0
    for (const [key, entry] of this.#entries) {
      if (!isExpired(entry, now, expirationMs)) continue
      this.#entries.delete(key)
      count++
    }
    return count
  }

  activeProducers(): ActiveProducer[] {
    const producers: ActiveProducer[] = []
    for (const entry of this.#entries.values()) {
      producers.push({
        producerId: BigInt(entry.key),
        producerEpoch: entry.epoch,
        lastSequence: lastSequence(entry),
        lastTimestamp: entry.lastTimestamp,
        coordinatorEpoch: entry.coordinatorEpoch,
        currentTransactionStartOffset: entry.currentTransactionFirstOffset,
      })
    }
    return producers
  }

  lastRecords(): Map<ProducerKey, LastRecord> {
    const records = new Map<ProducerKey, LastRecord>()
    for (const { key, epoch, batches } of this.#entries.values()) {
      records.set(key, { lastDataOffset: batches.length === 0 ? NONE : batches[batches.length - STRIDE + 1]!, epoch })
    }
    return records
  }

  #applyMarker(bytes: Uint8Array, view: DataView, position: number): AbortedTransaction | null {
    const marker = readMarker(bytes, view, position)
    if (marker === null) return null
    const offset = batch.batchBaseOffset(view, position)
    const entry = this.#entry(producerKey(view, position))
    setEpoch(entry, batch.batchProducerEpoch(view, position))
    entry.coordinatorEpoch = marker.coordinatorEpoch
    entry.lastTimestamp = marker.timestamp
    const firstOffset = entry.currentTransactionFirstOffset
    if (firstOffset === NONE) return null
    entry.currentTransactionFirstOffset = NONE
    if (!this.#ongoing.delete(firstOffset)) {
      throw new Error(`producer ${entry.key}: its transaction at ${firstOffset} is not among the open ones`)
    }
    this.#decided(firstOffset, offset)
    if (!marker.isAbort) return null
    let lastStableOffset = offset + 1
    for (const first of this.#ongoing.keys()) {
      lastStableOffset = first
      break
    }
    return { producerId: BigInt(entry.key), firstOffset, lastOffset: offset, lastStableOffset }
  }

  #remember(entry: ProducerEntry): void {
    if (this.#entries === NO_ENTRIES) this.#entries = new Map()
    this.#entries.set(entry.key, entry)
  }

  #began(firstOffset: number, key: ProducerKey): void {
    if (this.#ongoing === NO_TRANSACTIONS) this.#ongoing = new Map()
    this.#ongoing.set(firstOffset, key)
  }

  #decided(firstOffset: number, markerOffset: number): void {
    if (this.#unreplicated === NO_MARKERS) this.#unreplicated = new Map()
    this.#unreplicated.set(firstOffset, markerOffset)
  }

  #entry(key: ProducerKey): ProducerEntry {
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      entry = createEntry(key)
      this.#remember(entry)
    }
    return entry
  }
}

export function isExpired(entry: ProducerEntry, now: number, expirationMs: number): boolean {
  return entry.currentTransactionFirstOffset === NONE && now - entry.lastTimestamp >= expirationMs
}

/** -1: no batch in this epoch. */
export function lastSequence(entry: ProducerEntry): number {
  const { batches } = entry
  return batches.length === 0 ? at.NO_SEQUENCE : batches[batches.length - STRIDE]!
}

/** Of the oldest batch that is kept; -1: there is none. */
export function firstSequence({ batches }: ProducerEntry): number {
  return batches.length === 0 ? at.NO_SEQUENCE : firstOf(batches[0]!, batches[2]!)
}

function firstOf(last: number, delta: number): number {
  return last >= delta ? last - delta : MAX_SEQUENCE - (delta - last) + 1
}

function setEpoch(entry: ProducerEntry, epoch: number): void {
  if (entry.epoch === epoch) return
  entry.epoch = epoch
  entry.batches.length = 0
  entry.isPartial = false
}

function follows(last: number, next: number): boolean {
  return next === last + 1 || (next === 0 && last === MAX_SEQUENCE)
}

function findDuplicate(entry: ProducerEntry, first: number, last: number, verdict: ProducerVerdict): boolean {
  const { batches } = entry
  for (let index = 0; index < batches.length; index += STRIDE) {
    if (batches[index] !== last) continue
    const delta = batches[index + 2]!
    if (firstOf(last, delta) !== first) continue
    verdict.isDuplicate = true
    verdict.lastOffset = batches[index + 1]!
    verdict.baseOffset = verdict.lastOffset - delta
    verdict.timestamp = batches[index + 3]!
    return true
  }
  return false
}

function refuse(verdict: ProducerVerdict, errorCode: number, entry: ProducerEntry, text: string): ProducerVerdict {
  verdict.errorCode = errorCode
  verdict.errorMessage = `producer ${entry.key}: ${text}`
  return verdict
}

interface Marker {
  readonly isAbort: boolean
  readonly coordinatorEpoch: number
  readonly timestamp: number
}

/** null: an empty control batch (its transaction has been compacted away), or one that does not end a transaction. */
function readMarker(bytes: Uint8Array, view: DataView, position: number): Marker | null {
  const record = readBatch(bytes, view, position)[0]
  if (record === undefined) return null
  const type = controlTypeOf(record.key)
  if (type !== 'abort' && type !== 'commit') return null
  const coordinatorEpoch = markerCoordinatorEpoch(record.value)
  if (coordinatorEpoch === null) throw new StorageFault('a log', `has a malformed marker at offset ${record.offset}`)
  return { isAbort: type === 'abort', coordinatorEpoch, timestamp: record.timestamp }
}
