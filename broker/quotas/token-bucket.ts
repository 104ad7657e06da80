// Permits that come back at a steady rate, up to a burst (KIP-599). Who finds any left may take more than there are;
// the next must wait until the debt is paid. Source: TokenBucket.

export class TokenBucket {
  readonly #burstSeconds: number
  #tokens = Number.POSITIVE_INFINITY
  #updated = 0

  /** A full bucket holds what comes in within `burstSeconds`. */
  constructor(burstSeconds: number) {
    this.#burstSeconds = burstSeconds
  }

  /** `perSecond`: as of now; `now`: monotonic milliseconds. */
  take(count: number, perSecond: number, now: number): void {
    this.#refill(perSecond, now)
    this.#tokens -= count
  }

  /** Milliseconds until nothing is owed; 0: nothing is. */
  debtMs(perSecond: number, now: number): number {
    this.#refill(perSecond, now)
    return this.#tokens < 0 ? Math.round((-this.#tokens / perSecond) * 1000) : 0
  }

  #refill(perSecond: number, now: number): void {
    const come = (perSecond * (now - this.#updated)) / 1000
    this.#tokens = Math.min(this.#burstSeconds * perSecond, this.#tokens + come)
    this.#updated = now
  }
}
