// Speaks to a broker in requests of any API and version, over any Network: one connection, answers in order.

import type { Connection } from '../host/network.ts'
import type { ApiName, RequestInputOf, ResponseOf } from '../protocol/apis.ts'
import { decodeAnswer, encodeRequest } from './frames.ts'

interface Waiting {
  readonly correlationId: number
  /** null: the connection is closed. */
  resolve(frame: Uint8Array | null): void
}

export class WireClient {
  readonly #connection: Connection
  readonly #clientId: string
  #received = Buffer.alloc(0)
  #parts: Uint8Array[] = []
  /** Of the answer under way. */
  #missing = 1
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

  get isClosed(): boolean {
    return this.#isClosed
  }

  close(): void {
    this.#connection.destroy()
  }

  /** Raw bytes, as they are. */
  write(bytes: Uint8Array): void {
    this.#connection.write([bytes])
  }

  /** The frame of a request with its size, for `write`; no Buffer, whose `slice` does not copy. */
  frame<Name extends ApiName>(
    name: Name,
    version: number,
    request: RequestInputOf<Name>,
    correlationId = 0,
  ): Uint8Array {
    return new Uint8Array(encodeRequest(name, version, request, this.#clientId, correlationId))
  }

  /** Sends and does not wait for earlier answers. Resolves to null when the connection is closed instead. */
  send<Name extends ApiName>(
    name: Name,
    version: number,
    request: RequestInputOf<Name>,
  ): Promise<ResponseOf<Name> | null> {
    if (this.#isClosed) return Promise.resolve(null)
    const correlationId = ++this.#correlationId
    return new Promise((resolve) => {
      this.#waiting.push({
        correlationId,
        resolve: (frame) => resolve(frame === null ? null : decodeAnswer(name, version, frame)),
      })
      this.write(encodeRequest(name, version, request, this.#clientId, correlationId))
    })
  }

  #onBytes(bytes: Uint8Array): void {
    this.#parts.push(new Uint8Array(bytes))
    this.#missing -= bytes.length
    // An answer of many parts is put together once.
    if (this.#missing > 0) return
    this.#received = Buffer.concat([this.#received, ...this.#parts.splice(0)])
    while (this.#received.length >= 4 && this.#received.length >= 4 + this.#received.readInt32BE(0)) {
      const end = 4 + this.#received.readInt32BE(0)
      const frame = this.#received.subarray(4, end)
      this.#received = this.#received.subarray(end)
      const waiting = this.#waiting.shift()
      const correlationId = frame.readInt32BE(0)
      if (waiting?.correlationId !== correlationId) {
        throw new Error(`answer ${correlationId} comes where ${waiting?.correlationId ?? 'none'} is awaited`)
      }
      waiting.resolve(new Uint8Array(frame))
    }
    const { length } = this.#received
    this.#missing = length < 4 ? 1 : 4 + this.#received.readInt32BE(0) - length
  }
}
