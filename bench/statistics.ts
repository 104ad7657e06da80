// Medians of rounds, and quantiles of latencies. Every latency is kept: a bucket would round away what is compared.

export type Figures = Record<string, number>

/** Nearest rank, of values in ascending order; NaN of none. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** The middle one, or between the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  const upper = sorted[half] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2
}

/** How far apart the rounds are: (max − min) ÷ median. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values)
}

export class Latencies {
  #values = new Float64Array(4096)
  #count = 0

  get count(): number {
    return this.#count
  }

  add(ms: number): void {
    if (this.#count === this.#values.length) {
      const grown = new Float64Array(this.#count * 2)
      grown.set(this.#values)
      this.#values = grown
    }
    this.#values[this.#count++] = ms
  }

  /** `NAME p50 ms` and so on; nothing where nothing was measured. */
  figures(name: string): Figures {
    if (this.#count === 0) return {}
    const sorted = this.#values.slice(0, this.#count).sort()
    return {
      [`${name} p50 ms`]: quantile(sorted, 0.5),
      [`${name} p99 ms`]: quantile(sorted, 0.99),
      [`${name} p99.9 ms`]: quantile(sorted, 0.999),
      [`${name} max ms`]: quantile(sorted, 1),
    }
  }
}
