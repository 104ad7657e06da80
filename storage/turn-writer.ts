// One write a segment and event-loop turn: logs that were appended to in a turn are written at its end, and those that
// want a sync are in the round of group commit that begins then. And whether the loop writes them or the host's pool:
// what that depends on, the device, is common to all logs.

import type { Clock } from '../host/host.ts'
import type { GroupCommit } from './group-commit.ts'

export interface TurnWritable {
  writeTurn(): void
}

/**
 * How long the pool writes when two writes have waited for the device, the second within SLOW_AGAIN_MS: one alone may
 * be a thread that was not given its processor. Then the loop tries again.
 */
const POOL_FOR_MS = 1000
const SLOW_AGAIN_MS = 2000
/** Each keeps a file open, and one of the pool's threads from a cold read or a sync. */
const MAX_UNDER_WAY = 64
/** In the pool and behind it; beyond it the loop writes, and with it the clients wait. */
const MAX_UNWRITTEN_SIZE = 32 * 1024 * 1024

export class TurnWriter {
  readonly #commits: GroupCommit
  readonly #clock: Clock
  readonly #slowWriteMs: number
  readonly #poolFromSize: number
  #lastSlowMs = Number.NEGATIVE_INFINITY
  #poolUntilMs = Number.NEGATIVE_INFINITY
  #underWay = 0
  #unwrittenSize = 0
  #waiting: TurnWritable[] = []
  readonly #run = (): void => {
    const logs = this.#waiting
    this.#waiting = []
    for (const log of logs) log.writeTurn()
  }

  constructor(
    commits: GroupCommit,
    clock: Clock,
    options: { readonly slowWriteMs: number; readonly poolWriteFromSize: number },
  ) {
    this.#commits = commits
    this.#clock = clock
    this.#slowWriteMs = options.slowWriteMs
    this.#poolFromSize = options.poolWriteFromSize
  }

  /** The log calls this once a turn. */
  add(log: TurnWritable): void {
    this.#waiting.push(log)
    if (this.#waiting.length === 1) this.#commits.writeFirst(this.#run)
  }

  /** For `wroteInLoop`. */
  now(): number {
    return this.#clock.monotonic()
  }

  wroteInLoop(startMs: number): void {
    const now = this.#clock.monotonic()
    if (now - startMs < this.#slowWriteMs) return
    if (now - this.#lastSlowMs <= SLOW_AGAIN_MS) this.#poolUntilMs = now + POOL_FOR_MS
    this.#lastSlowMs = now
  }

  /** For a log with `size` bytes to be written. */
  usesPool(size: number): boolean {
    if (this.#poolUntilMs < 0 || size < this.#poolFromSize || this.#underWay >= MAX_UNDER_WAY) return false
    return this.#clock.monotonic() < this.#poolUntilMs
  }

  began(): void {
    this.#underWay++
  }

  /** Of what it has reserved. */
  ended(size: number): void {
    this.#underWay--
    this.#unwrittenSize -= size
  }

  /** False: too much waits for the pool already. */
  reserve(size: number): boolean {
    if (size > MAX_UNWRITTEN_SIZE - this.#unwrittenSize) return false
    this.#unwrittenSize += size
    return true
  }
}
