// When each broker was last heard of. Not part of the replicated state: a new controller starts without, and a broker
// that it has not heard of yet is neither alive nor dead.

import type { Clock } from '../../host/host.ts'

interface Session {
  readonly epoch: bigint
  lastContact: number
}

export class Sessions {
  readonly #clock: Clock
  readonly #timeoutMs: () => number
  readonly #sessions = new Map<number, Session>()
  #lastCheck: number

  constructor(clock: Clock, timeoutMs: () => number) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#lastCheck = clock.monotonic()
  }

  touch(brokerId: number, epoch: bigint): void {
    this.#sessions.set(brokerId, { epoch, lastContact: this.#clock.monotonic() })
  }

  isLive(brokerId: number, epoch: bigint): boolean {
    const session = this.#sessions.get(brokerId)
    if (session === undefined || session.epoch !== epoch) return false
    return this.#clock.monotonic() - session.lastContact < this.#timeoutMs()
  }

  end(brokerId: number): void {
    this.#sessions.delete(brokerId)
  }

  /**
   * Brokers of whom nothing was heard for the timeout. To be called every `intervalMs`: when the calls come much later,
   * it was this process that stood still (a suspended machine), and silence says nothing about the brokers.
   */
  expired(intervalMs: number): { readonly brokerId: number; readonly epoch: bigint }[] {
    const now = this.#clock.monotonic()
    const pause = now - this.#lastCheck - intervalMs
    this.#lastCheck = now
    if (pause > intervalMs) {
      for (const session of this.#sessions.values()) session.lastContact += pause
      return []
    }
    return [...this.#sessions]
      .filter(([, session]) => now - session.lastContact >= this.#timeoutMs())
      .map(([brokerId, session]) => ({ brokerId, epoch: session.epoch }))
  }
}
