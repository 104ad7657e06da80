// What requests there were, by API: counted in plain fields on their way, read when somebody scrapes. A request costs
// two looks at the clock and a few additions.

import { Latencies } from './latencies.ts'

export class ApiMetrics {
  readonly name: string
  readonly minVersion: number
  /** By version, from minVersion on. */
  readonly counts: number[]
  /** Frames of requests and answers, sizes included. */
  requestBytes = 0
  answerBytes = 0
  /** The connection was closed instead of an answer. */
  closed = 0
  /** Beyond a quota, and for how long altogether. */
  throttled = 0
  throttleMs = 0
  /** From the whole frame to the encoded answer. */
  readonly latencies = new Latencies()

  constructor(name: string, minVersion: number, maxVersion: number) {
    this.name = name
    this.minVersion = minVersion
    this.counts = new Array(maxVersion - minVersion + 1).fill(0)
  }

  onRequest(version: number, size: number): void {
    this.counts[version - this.minVersion]!++
    this.requestBytes += size
  }

  onAnswer(ms: number, size: number): void {
    this.answerBytes += size
    this.latencies.record(ms)
  }
}

export class RequestMetrics {
  readonly #byName = new Map<string, ApiMetrics>()
  /** Requests that are dispatched and not answered. */
  inFlight = 0
  failedProduces = 0
  failedFetches = 0

  /** The same for all listeners. */
  of(name: string, minVersion: number, maxVersion: number): ApiMetrics {
    let metrics = this.#byName.get(name)
    if (metrics === undefined) {
      metrics = new ApiMetrics(name, minVersion, maxVersion)
      this.#byName.set(name, metrics)
    }
    return metrics
  }

  /** Those that somebody has used. */
  *[Symbol.iterator](): IterableIterator<ApiMetrics> {
    for (const metrics of this.#byName.values()) if (metrics.requestBytes > 0) yield metrics
  }
}
