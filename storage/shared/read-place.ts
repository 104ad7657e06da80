// Who reads batches that are not in memory any more: the host's pool, or the event loop itself.
//
// Most such reads find their bytes in the operating system's page cache, for what consumers ask for was written lately.
// Then the way through the pool is the dearer part: two threads to wake, and bytes that lie in the cache of another
// processor when they are to be sent. One consumer of one partition costs 0.38–0.48 CPU s/GB with the pool, 0.26–0.31
// without. But a loop that waits for a disk keeps everybody waiting. So
//
//   a segment is read by the pool ──▶ as fast as memory? the loop reads on in it ──▶ it had to wait: the pool again,
//                                                                                    in all segments, for a second
//
// Readers go forward, and what lies further on was written later: it is in memory too, as a rule. When others have
// taken the page cache away meanwhile, the loop waits for one or two reads. A fetch of many partitions has one read of
// a turn, the pool the others: there it brings nothing, since the pool reads while the loop sends.

import type { Clock, Timers } from '../../host/host.ts'

/** As fast as memory, with what the pool and a busy loop add. */
const QUICK_MS = 0.25
const QUICK_MS_PER_BYTE = 1 / 1024 / 1024
/** A read of the loop that takes longer may have waited; twice within SLOW_AGAIN_MS it has, or once VERY_SLOW_MS. */
const SLOW_MS = 4
const SLOW_AGAIN_MS = 2000
const VERY_SLOW_MS = 20
const POOL_FOR_MS = 1000
/** Of a turn: what clients commonly ask for of one partition, a quarter of a millisecond. */
const MAX_TURN_SIZE = 1536 * 1024

export class ReadPlace {
  readonly #clock: Clock
  readonly #timers: Timers
  /** Segments that were read as fast as memory. */
  readonly #quick = new WeakSet<object>()
  #poolUntilMs = Number.NEGATIVE_INFINITY
  #lastSlowMs = Number.NEGATIVE_INFINITY
  /** Read by the loop in this turn. */
  #turnSize = 0

  constructor(host: { readonly clock: Clock; readonly timers: Timers }) {
    this.#clock = host.clock
    this.#timers = host.timers
  }

  /** For `readInLoop` and `readInPool`. */
  now(): number {
    return this.#clock.monotonic()
  }

  /** Whether the loop reads `size` bytes of the segment now; `readInLoop` follows. */
  isLoop(segment: object, size: number): boolean {
    if (!this.#quick.has(segment) || size > MAX_TURN_SIZE - this.#turnSize || this.now() < this.#poolUntilMs)
      return false
    if (this.#turnSize === 0) this.#timers.endOfTurn(this.#endTurn)
    this.#turnSize += size
    return true
  }

  readonly #endTurn = (): void => {
    this.#turnSize = 0
  }

  readInLoop(segment: object, startMs: number): void {
    const now = this.now()
    const elapsedMs = now - startMs
    if (elapsedMs < SLOW_MS) return
    if (elapsedMs >= VERY_SLOW_MS || now - this.#lastSlowMs <= SLOW_AGAIN_MS) {
      this.#poolUntilMs = now + POOL_FOR_MS
      this.#quick.delete(segment)
    }
    this.#lastSlowMs = now
  }

  readInPool(segment: object, size: number, startMs: number): void {
    if (this.now() - startMs <= QUICK_MS + size * QUICK_MS_PER_BYTE) this.#quick.add(segment)
  }
}
