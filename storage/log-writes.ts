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
// the pool waits in its place for a while (TurnWriter).
//
// One write of a log is under way at a time, so the file grows in order. Whoever needs the file complete at once (a
// roll, a search by time, a close) writes the same bytes to the same place itself: the write in the pool is overtaken
// then, and its end changes nothing. Nobody can cut what it may yet write: a truncation is refused meanwhile, and what
// a failure takes back is hidden until it has ended.

import type { LocalLog } from './local-log.ts'
import type { TurnWritable, TurnWriter } from './turn-writer.ts'

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
  /** A write in the pool has, and nobody has been told. */
  #hasEnded = false
  /** Bytes in the pool and behind it, as the writer counts them. */
  #reservedSize = 0

  constructor(writer: TurnWriter, local: LocalLog, log: WrittenLog) {
    this.#writer = writer
    this.#local = local
    this.#log = log
  }

  /** At the end of this turn. */
  get isScheduled(): boolean {
    return this.#isScheduled
  }

  schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#writer.add(this)
  }

  /** For the TurnWriter. */
  writeTurn(): void {
    this.#isScheduled = false
    const hasEnded = this.#hasEnded
    this.#hasEnded = false
    if (!this.#log.isWritable) return
    if (hasEnded) {
      this.#log.written()
      if (this.#local.active.unwrittenSize === 0) return
    }
    try {
      if (this.#isLeftToPool()) return
      const startMs = this.#writer.now()
      this.#local.write()
      this.#writer.wroteInLoop(startMs)
    } catch (error) {
      this.#log.writeFailed(error)
      return
    }
    this.#log.written()
  }

  /** What is pending goes into the pool, now or when what is there has been written. */
  #isLeftToPool(): boolean {
    const { active } = this.#local
    const { isWriting, unwrittenSize } = active
    if (unwrittenSize === 0 || !(isWriting || this.#writer.usesPool(unwrittenSize))) return false
    const more = unwrittenSize - this.#reservedSize
    if (more > 0) {
      if (!this.#writer.reserve(more)) return false
      this.#reservedSize += more
    }
    if (!isWriting) this.#start()
    return true
  }

  #start(): void {
    this.#writer.began()
    try {
      this.#local.startWrite(this.#onEnded)
    } catch (error) {
      this.#ended()
      throw error
    }
  }

  readonly #onEnded = (error: Error | null): void => {
    this.#ended()
    if (error !== null) {
      if (this.#log.isWritable) this.#log.writeFailed(error)
      return
    }
    this.#hasEnded = true
    // At the end of the turn, so that the answers which this sets free leave together.
    this.schedule()
  }

  #ended(): void {
    this.#writer.ended(this.#reservedSize)
    this.#reservedSize = 0
  }
}
