// Speaks to a broker in requests of any API and version, over any Network: one connection, answers in order.

import type { Connection } from '../../host/network.ts'
import { type Api, type ApiName, apis, type RequestInputOf, type ResponseOf } from '../../protocol/apis.ts'
import { RequestHeader, ResponseHeader } from '../../protocol/messages/headers.ts'
import { Reader } from '../../protocol/reader.ts'
import { Writer } from '../../protocol/writer.ts'

interface Waiting {
  readonly correlationId: number
  /** null: the connection is closed. */
  resolve(frame: Uint8Array | null): void
}

export class WireClient {
  readonly #connection: Connection
  readonly #clientId: string
  #received = Buffer.alloc(0)
  #correlationId = 0
  #waiting: Waiting[] = []
  #isClosed = false

  constructor(connection: Connection, clientId: string) {
    this.#connection = connection
    this.#clientId = clientId
    connection.start({
      onBytes: (bytes) => this.#onBytes(bytes),
      onDrain: () => {},
      onClose: () => {
        this.#isClosed = true
        for (const { resolve } of this.#waiting.splice(0)) resolve(null)
      },
    })
  }

  close(): void {
    this.#connection.destroy()
  }

  /** Sends and does not wait for earlier answers. Resolves to null when the connection is closed instead. */
  send<Name extends ApiName>(
    name: Name,
    version: number,
    request: RequestInputOf<Name>,
  ): Promise<ResponseOf<Name> | null> {
    if (this.#isClosed) return Promise.resolve(null)
    const api: Api = apis[name]
    const correlationId = ++this.#correlationId
    const writer = new Writer()
    const header = { requestApiKey: api.key, requestApiVersion: version, correlationId, clientId: this.#clientId }
    RequestHeader.encodeTo(writer, header, api.requestHeaderVersion(version))
    // The name ties request and answer to their API; the table behind it does not know which one it is.
    api.request.encodeTo(writer, request as never, version)
    const body = writer.toBytes()
    const size = Buffer.alloc(4)
    size.writeInt32BE(body.length)
    return new Promise((resolve) => {
      this.#waiting.push({
        correlationId,
        resolve: (frame) => resolve(frame === null ? null : (decodeAnswer(api, version, frame) as ResponseOf<Name>)),
      })
      this.#connection.write([size, body])
    })
  }

  #onBytes(bytes: Uint8Array): void {
    this.#received = Buffer.concat([this.#received, bytes])
    while (this.#received.length >= 4 && this.#received.length >= 4 + this.#received.readInt32BE(0)) {
      const end = 4 + this.#received.readInt32BE(0)
      const frame = new Uint8Array(this.#received.subarray(4, end))
      this.#received = this.#received.subarray(end)
      const waiting = this.#waiting.shift()
      const correlationId = Buffer.from(frame.buffer).readInt32BE(0)
      if (waiting?.correlationId !== correlationId) {
        throw new Error(`answer ${correlationId} comes where ${waiting?.correlationId ?? 'none'} is awaited`)
      }
      waiting.resolve(frame)
    }
  }
}

function decodeAnswer(api: Api, version: number, frame: Uint8Array): unknown {
  const reader = new Reader(frame)
  ResponseHeader.decode(reader, api.responseHeaderVersion(version))
  const answer = api.response.decode(reader, version)
  if (reader.remaining > 0) throw new Error(`${reader.remaining} bytes are left of ${api.name} v${version}`)
  return answer
}
