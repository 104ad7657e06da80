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
//
// A round is as long as its longest sync. One that may be long must not hold up who waits: syncs that nobody waits for
// (of a segment that ended, perhaps with a gigabyte that the kernel has kept back) run beside the rounds, and a round
// that lasts too long does not keep the next one from beginning. The journal's records run beside them as well: they
// are short, and commit nothing of the file system.

import type { Timers } from '../../host/host.ts'

/** Syncs beside the rounds: a few, since they take the device from those that are waited for. */
const MAX_UNAWAITED = 2
/** Far above the 1 to 5 ms of a busy round, far below what a client notices as a stall. */
const LONG_ROUND_MS = 20

export interface Syncable {
  /** Somebody waits for it. */
  readonly isAwaited: boolean
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
  #unawaited: Syncable[] = []
  #runningUnawaited = 0
  #beside: Syncable[] = []
  #isWatched = false
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
    if (this.#isRoundOver || !log.isAwaited) this.#schedule()
    else this.#watchRound()
  }

  /** At the end of this turn, whatever the round. */
  addBeside(sync: Syncable): void {
    this.#beside.push(sync)
    this.#schedule()
  }

  /** Somebody waits for it now, who did not when it was added. */
  hurry(log: Syncable): void {
    const index = this.#unawaited.indexOf(log)
    if (index < 0) return
    this.#unawaited.splice(index, 1)
    this.add(log)
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
      } else if (this.#write !== null) {
        // Not everything was written this turn.
        this.#schedule()
      }
      this.#startRound()
    }
  }

  get #isRoundOver(): boolean {
    return this.#running === 0 && this.#next === this.#round.length
  }

  /** Somebody waits for the next round, and this one may turn out to be long. */
  #watchRound(): void {
    if (this.#isWatched) return
    this.#isWatched = true
    const round = this.roundCount
    this.#timers.after(LONG_ROUND_MS, () => {
      this.#isWatched = false
      if (round === this.roundCount) this.#beginRound()
      else if (this.#waiting.length > 0) this.#watchRound()
    })
  }

  #startRound(): void {
    for (let count = this.#beside.length; count > 0; count--) this.#start(this.#beside.shift()!, this.#onBesideEnded)
    this.#startUnawaited()
    if (this.#isRoundOver) this.#beginRound()
    else this.#startSyncs()
  }

  /** With what has not started of the one before. */
  #beginRound(): void {
    if (this.#waiting.length > 0) {
      this.#round = this.#isRoundOver ? this.#waiting : [...this.#round.slice(this.#next), ...this.#waiting]
      this.#waiting = []
      this.#next = 0
      this.roundCount++
    }
    this.#startSyncs()
  }

  /** Takes them out of what waits for a round; the few that may run do. */
  #startUnawaited(): void {
    if (!this.#waiting.every(isAwaited)) {
      this.#unawaited = this.#unawaited.concat(this.#waiting.filter((log) => !log.isAwaited))
      this.#waiting = this.#waiting.filter(isAwaited)
    }
    while (this.#runningUnawaited < MAX_UNAWAITED && this.#unawaited.length > 0) {
      this.#runningUnawaited++
      this.#start(this.#unawaited.shift()!, this.#onUnawaitedEnded)
    }
  }

  /** A loop, since a sync may end at once: thousands must not nest. */
  #startSyncs(): void {
    if (this.#isStarting) return
    this.#isStarting = true
    try {
      while (this.#running < this.#maxConcurrent && this.#next < this.#round.length) {
        this.#running++
        this.#start(this.#round[this.#next++]!, this.#onEnded)
      }
    } finally {
      this.#isStarting = false
    }
  }

  #start(log: Syncable, ended: (log: Syncable) => void): void {
    this.startedCount++
    try {
      log.startSync(ended)
    } catch (error) {
      // A bug, which must not stop the syncs of other logs.
      if (ended === this.#onEnded) this.#running--
      else if (ended === this.#onUnawaitedEnded) this.#runningUnawaited--
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

  readonly #onBesideEnded = (sync: Syncable): void => {
    this.#ended.push(sync)
    this.#schedule()
  }

  readonly #onUnawaitedEnded = (log: Syncable): void => {
    this.#runningUnawaited--
    this.#ended.push(log)
    this.#schedule()
  }
}

const isAwaited = (log: Syncable): boolean => log.isAwaited
