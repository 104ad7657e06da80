// The producer state of one log, loaded when it is first needed, and what it goes back to when offsets are taken back.

import type { StorageEnvironment } from './environment.ts'
import type { LocalLog } from './local-log.ts'
import type { ProducerSnapshots } from './producer-snapshots.ts'
import type { ActiveProducer, ProducerState } from './producer-state.ts'

export class PartitionProducers {
  readonly #environment: StorageEnvironment
  readonly #local: LocalLog
  readonly #snapshots: ProducerSnapshots
  /** null until the log is appended to or asked for its last stable offset. */
  #state: ProducerState | null
  /** As of writtenEndOffset, from one failed write to the next: a full disk must not cost a replay each time. */
  #beforeFailure: ProducerState | null = null
  #highWatermark: number

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

  /**
   * The batch at the begin of `view` is out of order, by a state that may come from a snapshot. True when the log has
   * been asked since: then it is to be judged once more.
   */
  recall(view: DataView): boolean {
    const { state } = this
    if (!state.isPartial(view, 0)) return false
    this.#local.write()
    this.written()
    state.complete(this.#snapshots.recent(this.#local.segments))
    return true
  }

  active(): ActiveProducer[] {
    return this.state.activeProducers()
  }

  onHighWatermark(highWatermark: number): void {
    this.#highWatermark = highWatermark
    this.#state?.onHighWatermark(highWatermark)
  }

  removeExpired(now: number): number {
    return this.#state?.removeExpired(now, this.#environment.options.producerIdExpirationMs) ?? 0
  }

  /** The segment ends at the log's end: recovery will begin there. Not synced here. */
  snapshot(): void {
    this.#snapshots.write(this.state, this.#local.logEndOffset)
  }

  /** At a close: without it the next start replays a little more. */
  snapshotIfLoaded(): void {
    if (this.#state !== null) this.snapshot()
  }

  /** The first segments are deleted. */
  deletedBelow(baseOffset: number): void {
    this.#snapshots.removeBelow(baseOffset)
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
    const before = this.#beforeFailure
    const current = this.#state
    try {
      this.#goBackTo(before?.clone() ?? null, highWatermark)
    } catch (error) {
      // Tried again before the next append; for readers the old state is as good.
      this.#state = current
      this.#beforeFailure = before
      throw error
    }
    this.#beforeFailure = before ?? this.state.clone()
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
