// One kind of quota on what clients do by rate: bytes produced, bytes fetched, time of requests. What was done is
// recorded, and the answer is how long the client is to keep still. Source: ClientQuotaManager,
// ClientRequestQuotaManager.

import type { Clock } from '../../host/host.ts'
import type { Bounds } from './bounds.ts'
import { WindowedRate, type Windows } from './rate.ts'

/** Rates kept at one time. */
const MAX_RATES = 10_000

/** Who does it: the name of the principal, and the client id, empty for none. */
export interface QuotaClient {
  readonly user: string
  readonly clientId: string
}

const USER_PREFIX = 'User:'

/** Of a principal and client id as requests have them. */
export function quotaClient(principal: string, clientId: string | null): QuotaClient {
  const user = principal.startsWith(USER_PREFIX) ? principal.slice(USER_PREFIX.length) : principal
  return { user, clientId: clientId ?? '' }
}

export class ClientQuota {
  readonly #clock: Clock
  readonly #windows: Windows
  readonly #maxThrottleMs: number
  readonly #rates = new Map<string, WindowedRate>()
  #bounds: Bounds

  constructor(clock: Clock, windows: Windows, bounds: Bounds, maxThrottleMs = Number.POSITIVE_INFINITY) {
    this.#clock = clock
    this.#windows = windows
    this.#bounds = bounds
    this.#maxThrottleMs = maxThrottleMs
  }

  /** The quotas as they are now; what was recorded stays. */
  set bounds(bounds: Bounds) {
    this.#bounds = bounds
  }

  /** Milliseconds to keep still, in all; 0: within the quota. */
  record({ user, clientId }: QuotaClient, amount: number): number {
    const bound = this.#bounds.find(user, clientId)
    if (bound === null) return 0
    const now = this.#clock.monotonic()
    const rate = this.#rate(bound.key, now)
    rate.record(amount, now)
    return Math.min(rate.excessMs(bound.limit, now), this.#maxThrottleMs)
  }

  /** The amount was not given after all. */
  takeBack({ user, clientId }: QuotaClient, amount: number): void {
    const bound = this.#bounds.find(user, clientId)
    if (bound !== null) this.#rates.get(bound.key)?.record(-amount, this.#clock.monotonic())
  }

  /** What fits into all windows but one: more at once could never be within the quota. */
  maxAtOnce({ user, clientId }: QuotaClient): number {
    const bound = this.#bounds.find(user, clientId)
    if (bound === null) return Number.POSITIVE_INFINITY
    const { count, sizeMs } = this.#windows
    return (bound.limit * Math.max(1, count - 1) * sizeMs) / 1000
  }

  #rate(key: string, now: number): WindowedRate {
    let rate = this.#rates.get(key)
    if (rate === undefined) {
      if (this.#rates.size >= MAX_RATES) this.#makeRoom(now)
      rate = new WindowedRate(this.#windows)
      this.#rates.set(key, rate)
    }
    return rate
  }

  /** The idle ones go; where they are few, so do those that came first, so many that the next look is far off. */
  #makeRoom(now: number): void {
    for (const [key, rate] of this.#rates) if (rate.isIdle(now)) this.#rates.delete(key)
    for (const key of this.#rates.keys()) {
      if (this.#rates.size <= (MAX_RATES * 3) / 4) return
      this.#rates.delete(key)
    }
  }
}
