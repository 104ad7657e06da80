// How fast connections may come (KIP-612). Beyond the broker's rate a new one waits before it is read from; beyond its
// address's rate it waits and is closed. Source: ConnectionQuotas.

import type { Clock } from '../../host/host.ts'
import type { Bounds } from './bounds.ts'
import { WindowedRate, type Windows } from './rate.ts'

/** Addresses watched at one time. */
const MAX_ADDRESSES = 10_000

export interface Admission {
  /** Milliseconds until it is read from, or closed. */
  readonly waitMs: number
  readonly isRefused: boolean
}

const AT_ONCE: Admission = { waitMs: 0, isRefused: false }

export class ConnectionRates {
  readonly #clock: Clock
  readonly #windows: Windows
  /** max.connection.creation.rate, the least that holds; Infinity: none. */
  readonly #limit: () => number
  readonly #rate: WindowedRate
  readonly #byAddress = new Map<string, WindowedRate>()
  /** When the last one that waits is let in. */
  #lastTurn = 0
  /** null: no address is bounded. */
  bounds: Bounds | null = null

  constructor(clock: Clock, windows: Windows, limit: () => number) {
    this.#clock = clock
    this.#windows = windows
    this.#limit = limit
    this.#rate = new WindowedRate(windows)
  }

  admit(ip: string): Admission {
    const limit = this.#limit()
    if (this.bounds === null && limit === Number.POSITIVE_INFINITY) return AT_ONCE
    const now = this.#clock.monotonic()
    const ofAddress = this.#ofAddress(ip, now)
    if (ofAddress > 0) return { waitMs: ofAddress, isRefused: true }
    if (limit === Number.POSITIVE_INFINITY) return AT_ONCE
    this.#rate.record(1, now)
    const excess = this.#bounded(this.#rate.excessMs(limit, now))
    if (excess === 0) return AT_ONCE
    // One behind the other, or all that come in one second would be let in together after it.
    const turn = Math.max(now + excess, this.#lastTurn + 1000 / limit)
    this.#lastTurn = turn
    return { waitMs: turn - now, isRefused: false }
  }

  /** A refused one is not counted, or an address that goes on trying would never be let in again. */
  #ofAddress(ip: string, now: number): number {
    const bound = this.bounds?.findAddress(ip) ?? null
    if (bound === null) return 0
    let rate = this.#byAddress.get(ip)
    if (rate === undefined) {
      if (this.#byAddress.size >= MAX_ADDRESSES) this.#forgetIdle(now)
      rate = new WindowedRate(this.#windows)
      this.#byAddress.set(ip, rate)
    }
    rate.record(1, now)
    const excess = rate.excessMs(bound.limit, now)
    if (excess > 0) rate.record(-1, now)
    return this.#bounded(excess)
  }

  #forgetIdle(now: number): void {
    for (const [ip, rate] of this.#byAddress) if (rate.isIdle(now)) this.#byAddress.delete(ip)
    if (this.#byAddress.size >= MAX_ADDRESSES) this.#byAddress.clear()
  }

  #bounded(ms: number): number {
    return Math.min(ms, this.#windows.sizeMs)
  }
}
