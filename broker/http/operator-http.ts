// What the operator's door answers: /metrics to Prometheus, /healthz and /readyz to whoever supervises the process.
//
//   /healthz   200 as long as the process turns its event loop: another answer than none means that a restart would
//              not help
//   /readyz    200 while clients are served; 503 and the reasons while it starts, stops, is fenced by its controller
//              or has no log directory left

import type { Host } from '../../host/host.ts'
import { lines } from '../metrics/exposition.ts'
import { families } from '../metrics/families.ts'
import type { MetricSources } from '../metrics/sources.ts'
import { ListenerError } from '../network/listeners.ts'
import { type HttpAnswer, HttpServer } from './http-server.ts'

const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8'
/** Between two looks at what else is to be done: some 2 ms. */
const LINES_AT_ONCE = 2_000
/** Of one answer; families beyond are left out, and told. */
const MAX_SIZE = 64 * 1024 * 1024
const LISTENER = /^http:\/\/(\[[0-9a-fA-F:.]+\]|[^:/\s]*):(\d{1,5})\/?$/

export class OperatorHttp {
  readonly #host: Host
  readonly #server: HttpServer
  /** null before the broker serves and once it stops. */
  #sources: MetricSources | null = null
  #scrape: Promise<HttpAnswer> | null = null
  #state: 'starting' | 'serving' | 'stopping' = 'starting'

  constructor(host: Host) {
    this.#host = host
    this.#server = new HttpServer(
      host,
      new Map([
        ['/metrics', () => this.#metrics()],
        ['/healthz', () => ({ status: 200, body: 'ok\n' }) as const],
        ['/readyz', () => this.#readiness()],
      ]),
    )
  }

  /** Of `milena.http.listeners`. Throws ListenerError, NetworkError. */
  async listen(listeners: readonly string[]): Promise<void> {
    for (const listener of listeners) {
      const [, host = '', port = ''] = LISTENER.exec(listener) ?? []
      if (port === '' || Number(port) > 65_535) {
        throw new ListenerError(`milena.http.listeners: '${listener}' is not http://HOST:PORT`)
      }
      const address = { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
      const taken = await this.#server.listen(address)
      this.#host.logger.info('metrics and health are served', { at: `http://${host}:${taken.port}` })
    }
  }

  serve(sources: MetricSources): void {
    this.#sources = sources
    this.#state = 'serving'
  }

  /** The door stays open while the broker stops, and says so. */
  stopping(): void {
    this.#sources = null
    this.#state = 'stopping'
  }

  close(): Promise<void> {
    return this.#server.close()
  }

  #readiness(): HttpAnswer {
    const reasons = [...this.#reasons()]
    if (reasons.length === 0) return { status: 200, body: 'ready\n' }
    return { status: 503, body: `${reasons.join('\n')}\n` }
  }

  *#reasons(): Generator<string> {
    if (this.#sources === null) {
      yield this.#state
      return
    }
    const { metadata, nodeId, replicas } = this.#sources
    const broker = metadata.image.brokers.get(nodeId)
    if (broker === undefined || broker.fenced) yield 'fenced'
    if (replicas.directories.every(({ isOffline }) => isOffline)) yield 'no log directory is online'
  }

  /** Who asks while it is being written gets the same. */
  #metrics(): HttpAnswer | Promise<HttpAnswer> {
    if (this.#sources === null) return { status: 503, body: `${this.#state}\n` }
    this.#scrape ??= this.#write(this.#sources).finally(() => {
      this.#scrape = null
    })
    return this.#scrape
  }

  async #write(sources: MetricSources): Promise<HttpAnswer> {
    const parts: string[] = []
    let size = 0
    let count = 0
    for (const line of lines(families(sources))) {
      parts.push(line)
      size += line.length
      if (size > MAX_SIZE) break
      if (++count % LINES_AT_ONCE === 0) await this.#pause()
    }
    if (size > MAX_SIZE) this.#host.logger.warn('metrics are cut', { limit: MAX_SIZE })
    return { status: 200, type: PROMETHEUS, body: parts.join('') }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#host.timers.after(0, resolve)
    })
  }
}
