// The producer state of one log, loaded when it is first needed, and what it goes back to when offsets are taken back.

import { ErrorCode } from '../../protocol/error-codes.ts'
import * as batch from '../../protocol/records/batch.ts'
import { RECORDS } from '../../protocol/records/layout.ts'
import type { StorageEnvironment } from '../environment.ts'
import { encodeSnapshot } from '../producers/producer-snapshot.ts'
import type { ProducerSnapshots } from '../producers/producer-snapshots.ts'
import {
  type ActiveProducer,
  firstSequence,
  type ProducerKey,
  type ProducerState,
  producerKey,
} from '../producers/producer-state.ts'
import type { Segment } from '../segment/segment.ts'
import { producerAnswer } from './append-assign.ts'
import { type AppendResult, appendError } from './append-result.ts'
import type { AppendOrigin } from './append-validator.ts'
import type { LocalLog } from './local-log.ts'

/** While a disk fails; beyond it strangers begin where they like, as ever. */
const MAX_AWAITED = 1000

interface AwaitedBatch {
  readonly epoch: number
  readonly sequence: number
}

export class PartitionProducers {
  readonly #environment: StorageEnvironment
  readonly #local: LocalLog
  readonly #snapshots: ProducerSnapshots
  /** null until the log is appended to or asked for its last stable offset. */
  #state: ProducerState | null
  /** As of an offset, from one failed write to the next: a full disk must not cost a replay each time. */
  #beforeFailure: { readonly state: ProducerState; readonly writtenEndOffset: number } | null = null
  #highWatermark: number
  /**
   * Producers that the log does not know, because their first batch was refused or taken back when the disk failed. A
   * stranger may begin with any sequence, so what was in flight behind that batch would be taken without it.
   */
  #awaited: Map<ProducerKey, AwaitedBatch> | null = null

  constructor(
    environment: StorageEnvironment,
    local: LocalLog,
    snapshots: ProducerSnapshots,
    state: ProducerState | null,
    highWatermark: number,
  ) {
    this.#environment = environment
    this.#local = local
    this.#snapshots = snapshots
    this.#state = state
    this.#highWatermark = highWatermark
    // Recovery has replayed markers that were committed long ago; no later high watermark need ever say so again.
    state?.onHighWatermark(highWatermark)
  }

  /** Throws DiskError when it has to be read and cannot be. */
  get state(): ProducerState {
    if (this.#state !== null) return this.#state
    // Replayed from the files: what is appended must be in them.
    this.#local.write()
    this.#state = this.#snapshots.rebuild(this.#local.segments, this.#local.logEndOffset)
    this.#state.onHighWatermark(this.#highWatermark)
    return this.#state
  }

  /** null: go on. Otherwise an error, or the offsets of a duplicate. The first batch has a producer id. */
  answer(bytes: Uint8Array, view: DataView, origin: AppendOrigin): AppendResult | null {
    if (origin === 'client' && this.#awaited !== null && this.#isAhead(view, this.#awaited)) {
      const text = `producer ${producerKey(view, 0)}: the batch before was refused and has to come first`
      return appendError(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, text)
    }
    const { state } = this
    const answer = producerAnswer(state, bytes, view, origin)
    if (answer?.errorCode !== ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER || !state.isPartial(view, 0)) return answer
    // By a state that comes from a snapshot. What that does not tell, the log does.
    this.#local.write()
    this.written()
    state.complete(this.#snapshots.recent(this.#local.segments))
    return producerAnswer(state, bytes, view, origin)
  }

  /** A batch was refused since the disk has failed. Nothing of it has been validated. */
  refused(bytes: Uint8Array): void {
    if (bytes.length < RECORDS || this.#state === null) return
    const view = batch.viewOf(bytes)
    if (batch.batchMagic(view, 0) !== 2 || !batch.hasProducerId(view, 0) || batch.isControl(view, 0)) return
    const key = producerKey(view, 0)
    if (this.#state.knows(key)) return
    this.#await(key, batch.batchProducerEpoch(view, 0), batch.batchBaseSequence(view, 0))
  }

  #await(key: ProducerKey, epoch: number, sequence: number): void {
    this.#awaited ??= new Map()
    if (sequence < 0 || this.#awaited.get(key)?.epoch === epoch) return
    if (this.#awaited.size < MAX_AWAITED) this.#awaited.set(key, { epoch, sequence })
  }

  #isAhead(view: DataView, all: Map<ProducerKey, AwaitedBatch>): boolean {
    const key = producerKey(view, 0)
    const awaited = all.get(key)
    if (awaited === undefined) return false
    const isSame = awaited.epoch === batch.batchProducerEpoch(view, 0)
    if (isSame && awaited.sequence !== batch.batchBaseSequence(view, 0)) return true
    all.delete(key)
    if (all.size === 0) this.#awaited = null
    return false
  }

  active(): ActiveProducer[] {
    return this.state.activeProducers()
  }

  /** Whether a transaction of this producer, in this epoch, has written to the log and is not decided. */
  hasOpenTransaction(producerId: bigint, epoch: number): boolean {
    const entry = this.state.find(producerId)
    return entry !== undefined && entry.epoch === epoch && entry.currentTransactionFirstOffset >= 0
  }

  /** The latest epoch that has written; -1: the log does not know the producer. */
  epochOf(producerId: bigint): number {
    return this.state.find(producerId)?.epoch ?? -1
  }

  onHighWatermark(highWatermark: number): void {
    this.#highWatermark = highWatermark
    this.#state?.onHighWatermark(highWatermark)
  }

  removeExpired(now: number): number {
    return this.#state?.removeExpired(now, this.#environment.options.producerIdExpirationMs) ?? 0
  }

  /** The segment ends at the log's end: recovery will begin there, with the state as it is now. Not synced there. */
  snapshotLater(): () => void {
    const bytes = encodeSnapshot(this.state.entries(), this.state.size)
    const { logEndOffset } = this.#local
    return () => this.#snapshots.writeEncoded(bytes, logEndOffset)
  }

  /** At a close: without it the next start replays a little more. */
  snapshotIfLoaded(): void {
    if (this.#state !== null) this.#snapshots.write(this.#state, this.#local.logEndOffset)
  }

  /** The first segments are deleted. */
  deletedBelow(baseOffset: number): void {
    this.#snapshots.removeBelow(baseOffset)
  }

  /** Segments have become one: the snapshots at the begin of all but the first are of no use. */
  merged(segments: readonly Segment[]): void {
    this.#snapshots.removeAt(segments.slice(1).map(({ baseOffset }) => baseOffset))
  }

  /** Pending bytes are in the file: the state of before is no state to go back to. */
  written(): void {
    this.#beforeFailure = null
  }

  /** The log has been truncated. */
  truncated(highWatermark: number): void {
    this.#goBackTo(null, highWatermark)
  }

  /** The log has gone back to writtenEndOffset, perhaps not for the first time since something was written. */
  writeFailed(highWatermark: number): void {
    const { writtenEndOffset } = this.#local
    const before = this.#beforeFailure?.writtenEndOffset === writtenEndOffset ? this.#beforeFailure : null
    const current = this.#state
    try {
      this.#goBackTo(before?.state.clone() ?? null, highWatermark)
    } catch (error) {
      // Tried again before the next append; for readers the old state is as good.
      this.#state = current
      this.#beforeFailure = before
      throw error
    }
    this.#beforeFailure = before ?? { state: this.state.clone(), writtenEndOffset }
    for (const entry of current?.entries() ?? []) {
      const sequence = firstSequence(entry)
      if (!this.state.knows(entry.key)) this.#await(entry.key, entry.epoch, sequence)
    }
  }

  #goBackTo(state: ProducerState | null, highWatermark: number): void {
    this.#highWatermark = highWatermark
    this.#snapshots.truncateTo(this.#local.logEndOffset)
    this.#beforeFailure = null
    this.#state = state
    // Loaded now, since appends count on it.
    void this.state
  }
}
