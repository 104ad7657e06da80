// When what was appended goes into the file: once an event-loop turn, and by one of two ways.
//
//   turn 1   append append ──► in the loop: written
//   turn 2   append append ──► in the loop: 30 ms, and again: the kernel makes writers wait for the device. Written
//   turn 3   append ─────────► in the pool ─────────────────────┐
//   turn 4                     append append: collect behind it │
//                                                               └► written; then, in turn, what has collected
//
// A copy into the page cache takes 0.35 ms a MiB and no longer while the kernel has room for dirty pages. By way of the
// pool the same costs 0.15 to 0.2 s/GB more, measured, for batches of 16 KiB and of 1 MiB: the bytes lie in the cache
// of the other core, and two threads are to be woken. So the loop writes, until writes have waited for the device; then
// the pool does in its place, as long as its writes wait as well (TurnWriter). How much collects meanwhile is no
// concern of the log's: each byte is charged to the broker's memory from its append until it is written, and producers
// are not read from while that is spent.
//
// One write of a log is under way at a time, so the file grows in order; a segment that has ended is written to its end
// before the next one. Whoever needs the file complete at once (a search by time, a close) writes the same bytes to the
// same place itself: the write in the pool is overtaken then, and its end changes nothing. Nobody can cut what it may
// yet write: a truncation is refused meanwhile, and what a failure takes back is hidden until it has ended.

import type { TurnWritable, TurnWriter } from '../commit/turn-writer.ts'
import type { LocalLog } from './local-log.ts'

export interface WrittenLog {
  /** Neither closed nor offline, and nothing has to be taken back first. */
  readonly isWritable: boolean
  /** writtenEndOffset has moved. */
  written(): void
  /** Goes back to writtenEndOffset. */
  writeFailed(cause: unknown): void
}

export class LogWrites implements TurnWritable {
  readonly #writer: TurnWriter
  readonly #local: LocalLog
  readonly #log: WrittenLog
  #isScheduled = false
  /** Waits until the pool takes one more write. */
  #isQueued = false
  /** A write in the pool has, and nobody has been told. */
  #hasEnded = false
  /** Of the write in the pool. */
  #startMs = 0
  #startedSize = 0
  /** Bytes of memory, as of the last look. */
  #chargedSize = 0

  constructor(writer: TurnWriter, local: LocalLog, log: WrittenLog) {
    this.#writer = writer
    this.#local = local
    this.#log = log
  }

  /** At the end of this turn, or of one soon. */
  get isScheduled(): boolean {
    return this.#isScheduled
  }

  /** For the TurnWriter: its directory and files are made first. */
  get isNew(): boolean {
    return !this.#local.hasDirectory
  }

  /** After each append. */
  schedule(): void {
    this.#charge(this.#local.unwrittenSize)
    this.#writeAtEndOfTurn()
  }

  #writeAtEndOfTurn(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#writer.add(this)
  }

  /** For the TurnWriter. */
  writeTurn(): void {
    this.#isScheduled = false
    const hasEnded = this.#hasEnded
    this.#hasEnded = false
    if (!this.#log.isWritable) {
      this.#charge(0)
      return
    }
    if (hasEnded) {
      this.#log.written()
      if (!this.#local.hasUnwritten) {
        this.#charge(0)
        return
      }
    }
    try {
      if (this.#isLeftToPool()) return
      const startMs = this.#writer.now()
      this.#local.write()
      this.#writer.wroteInLoop(startMs)
    } catch (error) {
      this.#failed(error)
      return
    }
    this.#charge(0)
    this.#log.written()
  }

  /** What is pending goes into the pool, now or when what is there has been written. */
  #isLeftToPool(): boolean {
    const { isWriting, unwrittenSize } = this.#local
    if (unwrittenSize === 0) return false
    if (isWriting || this.#isQueued) return true
    if (!this.#writer.usesPool(unwrittenSize)) return false
    this.#isQueued = true
    this.#writer.queue(this)
    return true
  }

  /** For the TurnWriter. False: there is nothing to be written any more, or it cannot be. */
  startInPool(): boolean {
    this.#isQueued = false
    if (!this.#log.isWritable) {
      this.#charge(0)
      return false
    }
    const { isWriting, unwrittenSize } = this.#local
    this.#charge(unwrittenSize)
    if (isWriting || unwrittenSize === 0) return false
    this.#startMs = this.#writer.now()
    try {
      this.#startedSize = this.#local.startWrite((error) => this.#ended(error))
      return this.#startedSize > 0
    } catch (error) {
      this.#failed(error)
      return false
    }
  }

  #ended(error: Error | null): void {
    this.#writer.wroteInPool(this.#startMs, this.#startedSize)
    if (error !== null) {
      if (this.#log.isWritable) this.#failed(error)
      else this.#charge(0)
      return
    }
    this.#charge(this.#local.unwrittenSize)
    this.#hasEnded = true
    // At the end of the turn, so that the answers which this sets free leave together.
    this.#writeAtEndOfTurn()
  }

  /** What could not be written is taken back, now or soon. */
  #failed(error: unknown): void {
    this.#charge(0)
    this.#log.writeFailed(error)
  }

  #charge(size: number): void {
    const more = size - this.#chargedSize
    if (more === 0) return
    this.#chargedSize = size
    if (more > 0) this.#writer.memory.chargeUnwritten(more)
    else this.#writer.memory.releaseUnwritten(-more)
  }
}
