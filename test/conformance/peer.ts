// A raw connection to a broker: requests of any API and version, or any bytes, one at a time, over our own codec.

import { connect, type Socket } from 'node:net'
import { type Api, type ApiName, apis, type RequestInputOf, type ResponseOf } from '../../protocol/apis.ts'
import { RequestHeader, ResponseHeader } from '../../protocol/messages/headers.ts'
import { Reader } from '../../protocol/reader.ts'

/** What became of a request. */
export type Answer<Body> =
  | { readonly kind: 'body'; readonly body: Body }
  | { readonly kind: 'closed' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'undecodable'; readonly reason: string }

/** A broker that has not answered by then will not; a long poll asks for less. */
const silenceMs = 15_000

export class Peer {
  readonly #host: string
  readonly #port: number
  #socket: Socket | undefined
  #received = Buffer.alloc(0)
  #correlationId = 0
  #wake: () => void = () => {}

  constructor(bootstrap: string) {
    const [host, port] = bootstrap.split(':')
    this.#host = host!
    this.#port = Number(port)
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }

  request<N extends ApiName>(name: N, version: number, body: RequestInputOf<N>): Promise<Answer<ResponseOf<N>>> {
    const api: Api = apis[name]
    return this.requestSpelt(name, version, api.request.encodeBytes(body, version))
  }

  /** With a body that is bytes already, be they right or wrong. */
  async requestSpelt<N extends ApiName>(
    name: N,
    version: number,
    body: Uint8Array,
    waitMs = silenceMs,
  ): Promise<Answer<ResponseOf<N>>> {
    const api: Api = apis[name]
    const frame = await this.exchange(this.encode(api, version, body), undefined, waitMs)
    if (frame.kind !== 'body') return frame
    try {
      const reader = new Reader(frame.body)
      const { correlationId } = ResponseHeader.decode(reader, api.responseHeaderVersion(version))
      if (correlationId !== this.#correlationId) return { kind: 'undecodable', reason: 'another correlation id' }
      // An unknown version of ApiVersions is answered in version 0, which says so.
      const response = api.response.decode(reader, version) as ResponseOf<N>
      if (reader.remaining > 0) return { kind: 'undecodable', reason: `${reader.remaining} bytes too many` }
      return { kind: 'body', body: response }
    } catch (error) {
      return { kind: 'undecodable', reason: error instanceof Error ? error.message : String(error) }
    }
  }

  /** A request's frame without its size; the next correlation id is used up. */
  encode(
    api: Pick<Api, 'key' | 'requestHeaderVersion'>,
    version: number,
    body: Uint8Array,
    clientId: string | null = 'conformance',
  ): Uint8Array {
    this.#correlationId++
    const header = { requestApiKey: api.key, requestApiVersion: version, correlationId: this.#correlationId, clientId }
    return Buffer.concat([RequestHeader.encodeBytes(header, api.requestHeaderVersion(version)), body])
  }

  /** Sends a frame and waits for nothing. */
  async send(frame: Uint8Array): Promise<void> {
    const socket = await this.#open()
    socket.write(Buffer.concat([sizeOf(frame.length), frame]))
  }

  /** Sends a frame, whatever is in it, and returns the next one that comes. `size` is what the frame claims to have. */
  async exchange(frame: Uint8Array, size = frame.length, waitMs = silenceMs): Promise<Answer<Uint8Array>> {
    const socket = await this.#open()
    socket.write(Buffer.concat([sizeOf(size), frame]))
    const end = performance.now() + waitMs
    for (;;) {
      const answer = this.#takeFrame()
      if (answer !== undefined) return { kind: 'body', body: answer }
      if (this.#socket !== socket) return { kind: 'closed' }
      if (performance.now() >= end) return { kind: 'nothing' }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, end - performance.now())
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  #takeFrame(): Uint8Array | undefined {
    if (this.#received.length < 4) return undefined
    const end = 4 + this.#received.readInt32BE(0)
    if (this.#received.length < end) return undefined
    const frame = this.#received.subarray(4, end)
    this.#received = this.#received.subarray(end)
    return frame
  }

  #open(): Promise<Socket> {
    if (this.#socket !== undefined) return Promise.resolve(this.#socket)
    this.#received = Buffer.alloc(0)
    return new Promise((resolve, reject) => {
      const socket = connect(this.#port, this.#host, () => {
        this.#socket = socket
        resolve(socket)
      })
      socket.setNoDelay(true)
      socket.on('data', (bytes) => {
        this.#received = Buffer.concat([this.#received, bytes])
        this.#wake()
      })
      socket.on('error', reject) // after the connection is up it is followed by close, and rejects nothing
      socket.on('close', () => {
        if (this.#socket === socket) this.#socket = undefined
        this.#wake()
      })
    })
  }
}

function sizeOf(size: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(size)
  return bytes
}
