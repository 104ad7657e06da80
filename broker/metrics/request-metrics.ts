// What requests there were, by API: counted in plain fields on their way, read when somebody scrapes. A request costs
// two looks at the clock and a few additions.

import type { Api } from '../../protocol/apis.ts'
import { type CountErrors, compileErrorCount, ErrorCounts } from './error-counts.ts'
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
  readonly errors = new ErrorCounts()
  readonly #response: Api['response']
  /** By version, from minVersion on. */
  readonly #countErrors: (CountErrors | undefined)[] = []

  constructor({ name, response }: Pick<Api, 'name' | 'response'>, minVersion: number, maxVersion: number) {
    this.name = name
    this.#response = response
    this.minVersion = minVersion
    this.counts = new Array(maxVersion - minVersion + 1).fill(0)
  }

  onRequest(version: number, size: number): void {
    this.counts[version - this.minVersion]!++
    this.requestBytes += size
  }

  /** Of an answer that is about to be encoded; or into other counts, for the request log. */
  countErrors(version: number, answer: unknown, counts: ErrorCounts = this.errors): void {
    const index = version - this.minVersion
    let count = this.#countErrors[index]
    if (count === undefined) {
      count = compileErrorCount(this.#response, version)
      this.#countErrors[index] = count
    }
    count(answer, counts)
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
  of(api: Pick<Api, 'name' | 'response'>, minVersion: number, maxVersion: number): ApiMetrics {
    let metrics = this.#byName.get(api.name)
    if (metrics === undefined) {
      metrics = new ApiMetrics(api, minVersion, maxVersion)
      this.#byName.set(api.name, metrics)
    }
    return metrics
  }

  /** Those that somebody has used. */
  *[Symbol.iterator](): IterableIterator<ApiMetrics> {
    for (const metrics of this.#byName.values()) if (metrics.requestBytes > 0) yield metrics
  }
}
