// A rate over the last windows of time, as Kafka's quotas know it: the windows that are over and the one that is being
// filled. A client that has just begun is measured as if it had been there, silent, for all windows but one, so that
// its first burst is not held against it. Source: Rate, SampledStat, QuotaUtils.
//
//   ├── window ──┼── window ──┼── … ──┼── the newest ┤ now
//   └───────────────── span, at least (count - 1) windows ┘       rate = what was recorded ÷ span

export interface Windows {
  /** quota.window.num, controller.quota.window.num. */
  readonly count: number
  readonly sizeMs: number
}

interface Window {
  readonly start: number
  last: number
  amount: number
}

export class WindowedRate {
  readonly #windows: Windows
  /** Oldest first; no more than one beyond the count. */
  #filled: Window[] = []

  constructor(windows: Windows) {
    this.#windows = windows
  }

  /** `now`: monotonic milliseconds. A negative amount takes back what was recorded. */
  record(amount: number, now: number): void {
    const { count, sizeMs } = this.#windows
    const newest = this.#filled.at(-1)
    if (newest === undefined || now - newest.start >= sizeMs) {
      if (this.#filled.length > count) this.#filled.shift()
      this.#filled.push({ start: now, last: now, amount })
      return
    }
    newest.amount += amount
    newest.last = now
  }

  /** Nothing is left in any window: who is forgotten now loses nothing. */
  isIdle(now: number): boolean {
    this.#forgetOld(now)
    return this.#filled.length === 0
  }

  /** Milliseconds of silence that bring the rate down to `limit` a second; 0: it is not above. */
  excessMs(limit: number, now: number): number {
    this.#forgetOld(now)
    const span = this.#spanMs(now)
    let amount = 0
    for (const window of this.#filled) amount += window.amount
    const rate = (amount / span) * 1000
    return rate > limit ? Math.round(((rate - limit) / limit) * span) : 0
  }

  #forgetOld(now: number): void {
    const { count, sizeMs } = this.#windows
    while (this.#filled.length > 0 && now - this.#filled[0]!.last >= count * sizeMs) this.#filled.shift()
  }

  #spanMs(now: number): number {
    const { count, sizeMs } = this.#windows
    const elapsed = now - (this.#filled[0]?.start ?? now)
    const missing = count - 1 - Math.floor(elapsed / sizeMs)
    return Math.max(sizeMs, missing > 0 ? elapsed + missing * sizeMs : elapsed)
  }
}
