// How fast the cleaner may go: some milliseconds of the event loop at a time, then a pause for those who wait for an
// answer, and no more bytes a second than log.cleaner.io.max.bytes.per.second. Where it pauses it learns that it has to
// stop. Source: Throttler.

import type { Host } from '../../host/host.ts'

const SLICE_MS = 2
/** So that compaction takes a third of the loop at most. */
const PAUSE_MS = 4

/** The log is closed, deleted or offline, or the broker stops: nothing has gone wrong. */
export class CleaningAborted extends Error {
  override readonly name = 'CleaningAborted'
}

export class Pace {
  readonly #host: Host
  readonly #maxBytesPerSecond: () => number
  readonly #isAborted: () => boolean
  #sliceStartMs: number
  /** When what has been read and written may have been. */
  #allowedMs: number

  constructor(host: Host, maxBytesPerSecond: () => number, isAborted: () => boolean) {
    this.#host = host
    this.#maxBytesPerSecond = maxBytesPerSecond
    this.#isAborted = isAborted
    this.#sliceStartMs = host.clock.monotonic()
    this.#allowedMs = this.#sliceStartMs
  }

  /** True: `pause` is due. */
  get isOver(): boolean {
    return this.#host.clock.monotonic() - this.#sliceStartMs >= SLICE_MS
  }

  async pause(): Promise<void> {
    await this.#wait(PAUSE_MS)
  }

  /** After an operation in the pool: the loop was free meanwhile. */
  resumed(): void {
    this.check()
    this.#sliceStartMs = this.#host.clock.monotonic()
  }

  /** `size` bytes have been read or written. */
  async throttle(size: number): Promise<void> {
    const now = this.#host.clock.monotonic()
    this.#allowedMs = Math.max(this.#allowedMs, now) + (size * 1000) / Math.max(1, this.#maxBytesPerSecond())
    if (this.#allowedMs - now >= 1) await this.#wait(this.#allowedMs - now)
  }

  check(): void {
    if (this.#isAborted()) throw new CleaningAborted()
  }

  async #wait(delayMs: number): Promise<void> {
    // In pieces, for a stop must not wait for long.
    for (let left = delayMs; left > 0; left -= 100) {
      await new Promise<void>((resolve) => this.#host.timers.after(Math.min(left, 100), resolve))
      this.check()
    }
    this.#sliceStartMs = this.#host.clock.monotonic()
  }
}
