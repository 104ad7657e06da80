// Timers by key, as coordinators use them: setting one again replaces it. Sessions are extended with every heartbeat,
// so moving a deadline away costs no timer: the one that is armed finds on waking that it came too early and arms the
// rest.

import type { Host, Timer } from '../../../host/host.ts'

interface Entry {
  deadline: number
  wakeAt: number
  timer: Timer
  run: () => void
}

export class TimerTable {
  readonly #host: Host
  readonly #entries = new Map<string, Entry>()

  constructor(host: Host) {
    this.#host = host
  }

  get size(): number {
    return this.#entries.size
  }

  schedule(key: string, delayMs: number, run: () => void): void {
    const now = this.#host.clock.monotonic()
    const deadline = now + delayMs
    const entry = this.#entries.get(key)
    if (entry === undefined) {
      const timer = this.#host.timers.after(delayMs, () => this.#wake(key))
      this.#entries.set(key, { deadline, wakeAt: deadline, timer, run })
      return
    }
    entry.deadline = deadline
    entry.run = run
    if (deadline < entry.wakeAt) this.#arm(key, entry, delayMs)
  }

  cancel(key: string): void {
    this.#entries.get(key)?.timer.cancel()
    this.#entries.delete(key)
  }

  cancelAll(): void {
    for (const entry of this.#entries.values()) entry.timer.cancel()
    this.#entries.clear()
  }

  #wake(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined || this.#isEarly(key, entry)) return
    // First what sockets have brought: this process may have stood still for as long as a session, and its clients not.
    this.#host.timers.endOfTurn(() => {
      if (this.#entries.get(key) !== entry || this.#isEarly(key, entry)) return
      this.#entries.delete(key)
      entry.run()
    })
  }

  /** The deadline has moved away: the rest is armed. */
  #isEarly(key: string, entry: Entry): boolean {
    // Timers may wake a fraction of a millisecond early; waiting for less than one would spin.
    const left = entry.deadline - this.#host.clock.monotonic()
    if (left < 1) return false
    this.#arm(key, entry, left)
    return true
  }

  #arm(key: string, entry: Entry, delayMs: number): void {
    entry.timer.cancel()
    entry.wakeAt = this.#host.clock.monotonic() + delayMs
    entry.timer = this.#host.timers.after(delayMs, () => this.#wake(key))
  }
}
