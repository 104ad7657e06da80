// The clock and the timers of this process.

import { performance } from 'node:perf_hooks'
import type { Clock, Timer, Timers } from '../host.ts'

/** setTimeout takes a 32-bit delay, and runs at once when given more: a longer wait is several. */
const maxDelayMs = 2 ** 31 - 1

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}

class RealTimer implements Timer {
  #handle: NodeJS.Timeout

  constructor(delayMs: number, run: () => void) {
    this.#handle = this.#start(delayMs, run)
  }

  cancel(): void {
    clearTimeout(this.#handle)
  }

  #start(delayMs: number, run: () => void): NodeJS.Timeout {
    if (delayMs <= maxDelayMs) return setTimeout(run, delayMs).unref()
    return setTimeout(() => {
      this.#handle = this.#start(delayMs - maxDelayMs, run)
    }, maxDelayMs).unref()
  }
}

let turnCallbacks: (() => void)[] = []

// The check phase follows the poll phase, in which the callbacks of all sockets and files that were ready have run: one
// setImmediate for all that they asked for. What a callback asks for in turn waits for the next one.
function runEndOfTurn(): void {
  const callbacks = turnCallbacks
  turnCallbacks = []
  for (const run of callbacks) run()
}

export const realTimers: Timers = {
  after(delayMs, run) {
    if (Number.isNaN(delayMs)) throw new Error('timer with a delay of NaN ms')
    return new RealTimer(Math.max(0, Math.ceil(delayMs)), run)
  },
  endOfTurn(run) {
    if (turnCallbacks.length === 0) setImmediate(runEndOfTurn)
    turnCallbacks.push(run)
  },
}
