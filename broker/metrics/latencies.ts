// Times in 100 or so counters: four for every power of two, so that a quantile is right to 25 %. Counted over this
// minute and the last, since nobody wants to know the median since the broker began.

/** Sub-buckets of a power of two, as a power of two. */
const PRECISION_BITS = 2
/** Up to 2^31 µs, 36 minutes. */
const BUCKETS = 32 << PRECISION_BITS
const WINDOW_MS = 60_000

export class Latencies {
  count = 0
  sumMs = 0
  #current = new Uint32Array(BUCKETS)
  #previous = new Uint32Array(BUCKETS)
  #startedMs = 0

  record(ms: number): void {
    this.count++
    this.sumMs += ms
    this.#current[bucketOf(ms * 1000)]!++
  }

  /** The upper bounds, in ms, below which these shares of all lie; NaN when there was none. `nowMs`: monotonic. */
  quantiles(shares: readonly number[], nowMs: number): number[] {
    this.#rotate(nowMs)
    let total = 0
    for (let index = 0; index < BUCKETS; index++) total += this.#current[index]! + this.#previous[index]!
    if (total === 0) return shares.map(() => Number.NaN)
    return shares.map((share) => {
      let left = share * total
      for (let index = 0; index < BUCKETS; index++) {
        left -= this.#current[index]! + this.#previous[index]!
        if (left <= 0) return upperBound(index) / 1000
      }
      return upperBound(BUCKETS - 1) / 1000
    })
  }

  #rotate(nowMs: number): void {
    if (nowMs - this.#startedMs < WINDOW_MS) return
    const emptied = this.#previous.fill(0)
    this.#previous = this.#current
    this.#current = emptied
    if (nowMs - this.#startedMs >= 2 * WINDOW_MS) this.#startedMs = nowMs
    else this.#startedMs += WINDOW_MS
  }
}

function bucketOf(us: number): number {
  const value = us < 0x7fffffff ? us | 0 : 0x7fffffff
  if (value < 1 << PRECISION_BITS) return value < 0 ? 0 : value
  const exponent = 31 - Math.clz32(value)
  return ((exponent - PRECISION_BITS + 1) << PRECISION_BITS) + ((value >> (exponent - PRECISION_BITS)) & 3)
}

/** In µs; the first value that is not in it. */
function upperBound(bucket: number): number {
  if (bucket < 1 << PRECISION_BITS) return bucket + 1
  const shift = (bucket >> PRECISION_BITS) - 1
  return ((bucket & 3) + 5) * 2 ** shift
}
