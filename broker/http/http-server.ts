// The operator's door: GET of a few paths, over the broker's own Network, so that it is simulated and bounded like
// everything else. HTTP/1.1 as far as scrapers, probes and curl speak it: one request a connection, no body, an answer
// of known length, closed.
//
//   GET /metrics HTTP/1.1 ⏎ … ⏎ ⏎   ──▶   HTTP/1.1 200 OK ⏎ Content-Length: … ⏎ Connection: close ⏎ ⏎ …

import type { Host, Timer } from '../../host/host.ts'
import type { Address, Connection, ConnectionEvents, Listener } from '../../host/network.ts'

/** More are closed at once: what is asked here takes memory and time of the broker. */
const MAX_CONNECTIONS = 32
/** Of request line and headers. */
const MAX_HEAD_SIZE = 8 * 1024
/** From the first byte to the last of the answer. */
const MAX_TIME_MS = 30_000

export interface HttpAnswer {
  readonly status: 200 | 404 | 405 | 400 | 500 | 503
  readonly type?: string
  readonly body: string
}

export type HttpHandler = () => HttpAnswer | Promise<HttpAnswer>

const REASONS: Readonly<Record<HttpAnswer['status'], string>> = {
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}
const TEXT = 'text/plain; charset=utf-8'
const REQUEST_LINE = /^([A-Z]+) (\/[^ ?]*)(?:\?[^ ]*)? HTTP\/1\.[01]$/
const decoder = new TextDecoder('latin1')
const encoder = new TextEncoder()

export class HttpServer {
  readonly #host: Host
  readonly #handlers: ReadonlyMap<string, HttpHandler>
  readonly #listeners: Listener[] = []
  readonly #connections = new Set<HttpConnection>()

  /** By path. */
  constructor(host: Host, handlers: ReadonlyMap<string, HttpHandler>) {
    this.#host = host
    this.#handlers = handlers
  }

  /** Resolves to the address, with the port that was taken for port 0. */
  async listen(address: Address): Promise<Address> {
    const listener = await this.#host.network.listen(address, (connection) => this.#accept(connection))
    this.#listeners.push(listener)
    return listener.address
  }

  async close(): Promise<void> {
    const closing = this.#listeners.splice(0).map((listener) => listener.close())
    for (const connection of this.#connections) connection.destroy()
    await Promise.all(closing)
  }

  #accept(connection: Connection): void {
    if (this.#connections.size >= MAX_CONNECTIONS) {
      connection.destroy()
      return
    }
    const timer = this.#host.timers.after(MAX_TIME_MS, () => connection.destroy())
    const served = new HttpConnection(connection, timer, (head) => this.#answer(head), this.#connections)
    this.#connections.add(served)
    connection.start(served)
  }

  async #answer(head: string): Promise<{ answer: HttpAnswer; isHead: boolean }> {
    const [, method, path = ''] = REQUEST_LINE.exec(head.slice(0, head.indexOf('\r\n'))) ?? []
    const isHead = method === 'HEAD'
    if (method === undefined) return { answer: { status: 400, body: 'not a request of HTTP/1.1\n' }, isHead }
    const handler = this.#handlers.get(path)
    const paths = [...this.#handlers.keys()].join(' ')
    if (handler === undefined) return { answer: { status: 404, body: `there is ${paths}\n` }, isHead }
    if (method !== 'GET' && !isHead) return { answer: { status: 405, body: 'GET and HEAD only\n' }, isHead }
    try {
      return { answer: await handler(), isHead }
    } catch (error) {
      const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
      this.#host.logger.error('an HTTP request failed', { path, error: stack })
      return { answer: { status: 500, body: 'a fault of the broker; its log says which\n' }, isHead }
    }
  }
}

type Answerer = (head: string) => Promise<{ answer: HttpAnswer; isHead: boolean }>

class HttpConnection implements ConnectionEvents {
  readonly #connection: Connection
  readonly #timer: Timer
  readonly #answer: Answerer
  readonly #all: Set<HttpConnection>
  #head = ''
  #isAsked = false

  constructor(connection: Connection, timer: Timer, answer: Answerer, all: Set<HttpConnection>) {
    this.#connection = connection
    this.#timer = timer
    this.#answer = answer
    this.#all = all
  }

  onBytes(bytes: Uint8Array): void {
    // What follows the first request is not for us: its answer says that the connection closes.
    if (this.#isAsked) return
    this.#head += decoder.decode(bytes)
    if (this.#head.includes('\r\n\r\n')) {
      this.#isAsked = true
      void this.#answer(this.#head).then(({ answer, isHead }) => this.#send(answer, isHead))
    } else if (this.#head.length > MAX_HEAD_SIZE) {
      this.#isAsked = true
      this.#send({ status: 400, body: `more than ${MAX_HEAD_SIZE} bytes of headers\n` }, false)
    }
  }

  #send({ status, type = TEXT, body }: HttpAnswer, isHead: boolean): void {
    if (!this.#all.has(this)) return
    const bytes = encoder.encode(body)
    const head = [
      `HTTP/1.1 ${status} ${REASONS[status]}`,
      `Content-Type: ${type}`,
      `Content-Length: ${bytes.length}`,
      'Cache-Control: no-store',
      'Connection: close',
    ]
    const chunks = [encoder.encode(`${head.join('\r\n')}\r\n\r\n`)]
    if (!isHead) chunks.push(bytes)
    this.#connection.write(chunks)
    this.#connection.end()
  }

  onDrain(): void {}

  onClose(): void {
    this.#timer.cancel()
    this.#all.delete(this)
  }

  destroy(): void {
    this.#connection.destroy()
  }
}
