// One write a segment and event-loop turn: logs that were appended to in a turn are written at its end, or in the next
// one where that takes too long, and those that want a sync are in the round of group commit that begins then. And
// whether the loop writes them or the host's pool: what that depends on, the device, is common to all logs.

import type { Clock } from '../../host/host.ts'
import type { GroupCommit } from './group-commit.ts'

export interface TurnWritable {
  /** Its directory and files are made first. */
  readonly isNew: boolean
  writeTurn(): void
  /** False: nothing was started after all. Otherwise `wroteInPool` follows. */
  startInPool(): boolean
}

/** Bounds what is appended and not written, by not reading from producers. */
export interface UnwrittenMemory {
  chargeUnwritten(size: number): void
  releaseUnwritten(size: number): void
}

export const UNBOUNDED: UnwrittenMemory = { chargeUnwritten: () => {}, releaseUnwritten: () => {} }

/**
 * How long the pool writes when two writes have waited for the device, the second within SLOW_AGAIN_MS: one alone may
 * be a thread that was not given its processor, unless it is VERY_SLOW_MS. Then the loop tries again, if the pool has
 * not waited meanwhile either.
 */
const POOL_FOR_MS = 1000
const SLOW_AGAIN_MS = 2000
const VERY_SLOW_MS = 50
/** A large write may take this much longer. */
const SLOW_MS_PER_BYTE = 5 / 1024 / 1024
/** Each keeps a file open, and a thread of the pool from a cold read or a sync; on a slow disk more do not help. */
const MAX_UNDER_WAY = 12
/** Of a turn. Then sockets have theirs: twelve batches of 1 MiB are 20 ms of copying into the page cache. */
const MAX_TURN_MS = 4
/** Of that, for making directories: thousands of partitions may be written to for the first time at once. */
const MAX_NEW_MS = 2

export class TurnWriter {
  readonly memory: UnwrittenMemory
  readonly #commits: GroupCommit
  readonly #clock: Clock
  readonly #slowWriteMs: number
  readonly #poolFromSize: number
  #lastSlowMs = Number.NEGATIVE_INFINITY
  #poolUntilMs = Number.NEGATIVE_INFINITY
  /** Until then small writes are left to the pool too: it has waited for the device itself. */
  #smallUntilMs = Number.NEGATIVE_INFINITY
  #underWay = 0
  #queued: TurnWritable[] = []
  #waiting: TurnWritable[] = []

  constructor(
    commits: GroupCommit,
    clock: Clock,
    options: { readonly slowWriteMs: number; readonly poolWriteFromSize: number },
    memory: UnwrittenMemory = UNBOUNDED,
  ) {
    this.#commits = commits
    this.#clock = clock
    this.#slowWriteMs = options.slowWriteMs
    this.#poolFromSize = options.poolWriteFromSize
    this.memory = memory
  }

  /** The log calls this once a turn. */
  add(log: TurnWritable): void {
    this.#waiting.push(log)
    if (this.#waiting.length === 1) this.#commits.writeFirst(this.#run)
  }

  readonly #run = (): void => {
    const logs = this.#waiting
    this.#waiting = []
    let nextTurn: TurnWritable[] | null = null
    let count = 0
    const startMs = this.#clock.monotonic()
    for (let index = 0; index < logs.length; index++) {
      const log = logs[index]!
      // With this one, should it take as long as those before it.
      const spentMs = count === 0 ? 0 : ((this.#clock.monotonic() - startMs) * (count + 1)) / count
      if (spentMs <= (log.isNew ? MAX_NEW_MS : MAX_TURN_MS)) {
        log.writeTurn()
        count++
      } else {
        nextTurn ??= []
        nextTurn.push(log)
      }
    }
    if (nextTurn === null) return
    this.#waiting = nextTurn.concat(this.#waiting)
    this.#commits.writeFirst(this.#run)
  }

  /** For `wroteInLoop` and `wroteInPool`. */
  now(): number {
    return this.#clock.monotonic()
  }

  wroteInLoop(startMs: number): void {
    const now = this.#clock.monotonic()
    const elapsedMs = now - startMs
    if (elapsedMs < this.#slowWriteMs) return
    if (elapsedMs >= VERY_SLOW_MS || now - this.#lastSlowMs <= SLOW_AGAIN_MS) this.#poolUntilMs = now + POOL_FOR_MS
    this.#lastSlowMs = now
  }

  /** For a log with `size` bytes to be written. */
  usesPool(size: number): boolean {
    if (this.#poolUntilMs < 0) return false
    const now = this.#clock.monotonic()
    return now < (size >= this.#poolFromSize ? this.#poolUntilMs : this.#smallUntilMs)
  }

  /** It is started now, or when one of those under way has ended. */
  queue(log: TurnWritable): void {
    if (this.#underWay < MAX_UNDER_WAY) this.#start(log)
    else this.#queued.push(log)
  }

  #start(log: TurnWritable): void {
    this.#underWay++
    if (!log.startInPool()) this.#underWay--
  }

  /** What was started, whatever came of it. */
  wroteInPool(startMs: number, size: number): void {
    this.#underWay--
    const now = this.#clock.monotonic()
    if (now - startMs >= this.#slowWriteMs + size * SLOW_MS_PER_BYTE) {
      this.#poolUntilMs = now + POOL_FOR_MS
      this.#smallUntilMs = this.#poolUntilMs
      this.#lastSlowMs = now
    }
    if (this.#queued.length === 0) return
    const queued = this.#queued
    let started = 0
    while (started < queued.length && this.#underWay < MAX_UNDER_WAY) this.#start(queued[started++]!)
    queued.splice(0, started)
  }
}
