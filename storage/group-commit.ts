// Group commit, in rounds: all logs that want a sync when a round begins are synced together, `maxConcurrent` at once;
// what is appended meanwhile is the next round's. The more comes in, the longer a round and the more a sync is for.
//
//   log A   append append ── sync ──────┐ answers   ── sync ── …
//   log B          append ── sync ────┐ │           ── sync ── …
//   log C                  append append append     ── sync ── …
//                         └── round 1 ──┘           └─ round 2
//
// Together, because a journaling file system then commits once for many of them and flushes the device once. What comes
// of a turn is done at its end: ends are handed on (so that all answers they set free leave in one write a connection),
// then logs are written, then the next round begins with both. docs/decisions/group-commit.md has the numbers.

import type { Timers } from '../host/host.ts'

export interface Syncable {
  /** Starts the sync and calls `ended` with itself, now or later, whatever came of it. */
  startSync(ended: (log: Syncable) => void): void
  /** Follows `ended` at the end of the turn. May call `add` again. */
  finishSync(): void
}

export class GroupCommit {
  readonly #timers: Timers
  readonly #maxConcurrent: number
  #write: (() => void) | null = null
  /** For the next round. */
  #waiting: Syncable[] = []
  /** This round; those from `#next` on have not started. */
  #round: Syncable[] = []
  #next = 0
  #running = 0
  #ended: Syncable[] = []
  #isScheduled = false
  #isStarting = false
  /** Since the process began; for metrics and tests. */
  startedCount = 0
  roundCount = 0

  constructor(timers: Timers, maxConcurrent: number) {
    this.#timers = timers
    this.#maxConcurrent = maxConcurrent
  }

  /** The caller stands at most once in the queue. */
  add(log: Syncable): void {
    this.#waiting.push(log)
    if (this.#running === 0) this.#schedule()
  }

  /** Once, at the end of this turn, before a round begins: the logs that are written then can be in it. */
  writeFirst(write: () => void): void {
    this.#write = write
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#timers.endOfTurn(this.#endOfTurn)
  }

  readonly #endOfTurn = (): void => {
    const ended = this.#ended
    const write = this.#write
    this.#ended = []
    this.#write = null
    let index = 0
    try {
      while (index < ended.length) ended[index++]!.finishSync()
      write?.()
    } finally {
      // A bug in one log's listener must not stop the syncs of all others.
      this.#isScheduled = false
      if (index < ended.length) {
        this.#ended = ended.slice(index)
        this.#schedule()
      }
      this.#startRound()
    }
  }

  #startRound(): void {
    const isOver = this.#running === 0 && this.#next === this.#round.length
    if (isOver) {
      if (this.#waiting.length === 0) return
      this.#round = this.#waiting
      this.#waiting = []
      this.#next = 0
      this.roundCount++
    }
    this.#startSyncs()
  }

  /** A loop, since a sync may end at once: thousands must not nest. */
  #startSyncs(): void {
    if (this.#isStarting) return
    this.#isStarting = true
    try {
      while (this.#running < this.#maxConcurrent && this.#next < this.#round.length) {
        this.startedCount++
        this.#running++
        this.#start(this.#round[this.#next++]!)
      }
    } finally {
      this.#isStarting = false
    }
  }

  #start(log: Syncable): void {
    try {
      log.startSync(this.#onEnded)
    } catch (error) {
      this.#running--
      this.#schedule()
      throw error
    }
  }

  readonly #onEnded = (log: Syncable): void => {
    this.#running--
    this.#ended.push(log)
    this.#startSyncs()
    this.#schedule()
  }
}
