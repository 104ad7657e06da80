// The three indexes of a segment. Each is made when it is first asked for: most of thousands of logs never have so much
// that there is an entry. They serve before they have files, which come when the segment ends, or the broker:
//
//   none ── disownFiles ──▶ stale ◀── reset ── current        any ── flush ──▶ current
//
//   current   what stands at their names counts
//   none      nothing stands there
//   stale     what stands there is of an earlier run, or not to be trusted: it is not read, and overwritten

import type { StorageEnvironment } from '../environment.ts'
import { OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX } from '../file-names.ts'
import { OffsetIndex } from './offset-index.ts'
import { TimeIndex } from './time-index.ts'
import { TransactionIndex } from './transaction-index.ts'

/** Within a sector, which a device writes as a whole. */
const MAX_LOST_TIMES = 16

/** Whose indexes they are. */
interface IndexedSegment {
  readonly baseOffset: number
  path(suffix: string): string
}

export class SegmentIndexes {
  readonly #environment: StorageEnvironment
  readonly #segment: IndexedSegment
  #files: 'none' | 'stale' | 'current'
  #offset: OffsetIndex | null = null
  #time: TimeIndex | null = null
  #transactions: TransactionIndex | null = null

  constructor(environment: StorageEnvironment, segment: IndexedSegment, isNew: boolean) {
    this.#environment = environment
    this.#segment = segment
    this.#files = isNew ? 'none' : 'current'
  }

  get offset(): OffsetIndex {
    if (this.#offset === null) {
      const { host, indexMemory } = this.#environment
      const { baseOffset } = this.#segment
      this.#offset = new OffsetIndex(host.disk, indexMemory, this.#segment.path(OFFSET_INDEX_SUFFIX), baseOffset)
      if (this.#files !== 'current') this.#offset.begin()
    }
    return this.#offset
  }

  get time(): TimeIndex {
    if (this.#time === null) {
      const { host, indexMemory } = this.#environment
      const { baseOffset } = this.#segment
      this.#time = new TimeIndex(host.disk, indexMemory, this.#segment.path(TIME_INDEX_SUFFIX), baseOffset)
      if (this.#files !== 'current') this.#time.begin()
    }
    return this.#time
  }

  /** Of aborted ones. */
  get transactions(): TransactionIndex {
    if (this.#transactions === null) {
      const { disk } = this.#environment.host
      this.#transactions = new TransactionIndex(disk, this.#segment.path(TRANSACTION_INDEX_SUFFIX))
      if (this.#files === 'none') this.#transactions.begin()
    }
    return this.#transactions
  }

  /** Whatever an earlier run has left at their names was not part of the log. */
  disownFiles(): void {
    this.#environment.host.disk.remove(this.#segment.path(TRANSACTION_INDEX_SUFFIX))
    this.#files = 'stale'
  }

  /** They are built anew. Nothing is cut yet: to cut thousands of small files, each waits for the disk. */
  reset(): void {
    this.#files = 'stale'
    this.#offset = null
    this.#time = null
    this.transactions.reset()
  }

  isFull(size: number): boolean {
    if (this.#files !== 'current' && this.#offset === null) return false
    return this.offset.isFull(size) || this.time.isFull(size)
  }

  /** Removes entries for `offset` and higher. */
  truncateTo(offset: number): void {
    this.offset.truncateTo(offset)
    this.time.truncateTo(offset)
    this.transactions.truncateTo(offset)
  }

  /** Brings their files up to date. */
  flush(sync: boolean): void {
    this.offset.flush(sync)
    this.time.flush(sync)
    this.transactions.flush(sync)
    this.#files = 'current'
  }

  /** False also where a segment with batches has no files yet. */
  isFlushed(hasBatches: boolean): boolean {
    const areFilesDue = this.#files === 'stale' || (this.#files === 'none' && hasBatches)
    return !areFilesDue && this.areEntriesFlushed
  }

  get areEntriesFlushed(): boolean {
    return [this.#offset, this.#time, this.#transactions].every((index) => index === null || index.isFlushed)
  }

  /**
   * Asked before `flush`: a crash after a stop may take the files, or entries of them. The segment is so short that the
   * next start finds the same in a batch or two. Nor does Kafka sync the last entry of a time index when it stops.
   */
  get canBeLost(): boolean {
    if (this.#files === 'stale' || this.#transactions?.isFlushed === false) return false
    const { offset, time } = this
    return offset.count === 0 && time.count < MAX_LOST_TIMES && offset.hasOnlyGrown && time.hasOnlyGrown
  }

  /** The files have other names now. */
  moved(): void {
    this.#offset?.moved(this.#segment.path(OFFSET_INDEX_SUFFIX))
    this.#time?.moved(this.#segment.path(TIME_INDEX_SUFFIX))
    this.#transactions?.moved(this.#segment.path(TRANSACTION_INDEX_SUFFIX))
  }

  /** No more among those that share a bound of memory. */
  leaveMemory(): void {
    const { indexMemory } = this.#environment
    if (this.#offset !== null) indexMemory.forget(this.#offset)
    if (this.#time !== null) indexMemory.forget(this.#time)
  }

  /** Of a segment whose entries are flushed: they are read again when needed. */
  rest(): void {
    this.leaveMemory()
    this.#offset = null
    this.#time = null
    this.#transactions = null
  }
}
