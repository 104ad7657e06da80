// One write a segment and event-loop turn: logs that were appended to in a turn are written at its end.

import type { Timers } from '../host/host.ts'

export interface TurnWritable {
  writeTurn(): void
}

export class TurnWriter {
  readonly #timers: Timers
  #waiting: TurnWritable[] = []
  readonly #run = (): void => {
    const logs = this.#waiting
    this.#waiting = []
    for (const log of logs) log.writeTurn()
  }

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** The log calls this once a turn. */
  add(log: TurnWritable): void {
    this.#waiting.push(log)
    if (this.#waiting.length === 1) this.#timers.endOfTurn(this.#run)
  }
}
