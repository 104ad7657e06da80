// A connection for loads: frames go out as they are given, answers come in order, each received once into memory of its
// size; and it may stop reading.

import { connect, type Socket } from 'node:net'
import type { ApiName, RequestInputOf, ResponseOf } from '../../protocol/apis.ts'
import { decodeAnswer, encodeRequest } from '../frames.ts'

/** null: the connection is closed. */
type OnAnswer = (frame: Buffer | null) => void

export class LoadClient {
  readonly socket: Socket
  readonly #clientId: string
  readonly #waiting: OnAnswer[] = []
  #sizeLength = 0
  #size = 0
  #frame: Buffer | null = null
  #length = 0
  isClosed = false

  private constructor(socket: Socket, clientId: string) {
    this.socket = socket
    this.#clientId = clientId
    socket.on('error', () => {}) // 'close' follows
    socket.on('close', () => {
      this.isClosed = true
      for (const onAnswer of this.#waiting.splice(0)) onAnswer(null)
    })
    socket.on('data', (bytes: Buffer) => this.#onBytes(bytes))
  }

  static connect(port: number, clientId = 'overload'): Promise<LoadClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.removeListener('error', reject)
        resolve(new LoadClient(socket, clientId))
      })
    })
  }

  get inFlight(): number {
    return this.#waiting.length
  }

  /** False: the broker does not read. */
  send(frame: Uint8Array, onAnswer: OnAnswer): boolean {
    if (this.isClosed) {
      onAnswer(null)
      return true
    }
    this.#waiting.push(onAnswer)
    return this.socket.write(frame)
  }

  /** null: the connection is closed instead. */
  request<Name extends ApiName>(
    name: Name,
    version: number,
    request: RequestInputOf<Name>,
  ): Promise<ResponseOf<Name> | null> {
    return new Promise((resolve) => {
      this.send(encodeRequest(name, version, request, this.#clientId), (frame) =>
        resolve(frame === null ? null : decodeAnswer(name, version, frame)),
      )
    })
  }

  /** At once. */
  destroy(): void {
    this.socket.destroy()
  }

  #onBytes(bytes: Buffer): void {
    let position = 0
    while (position < bytes.length) {
      if (this.#frame === null) {
        this.#size = (this.#size << 8) | bytes[position++]!
        if (++this.#sizeLength < 4) continue
        this.#frame = Buffer.allocUnsafeSlow(this.#size)
        this.#length = 0
      }
      const taken = bytes.copy(this.#frame, this.#length, position)
      this.#length += taken
      position += taken
      if (this.#length < this.#frame.length) return
      const frame = this.#frame
      this.#frame = null
      this.#sizeLength = 0
      this.#size = 0
      const onAnswer = this.#waiting.shift()
      if (onAnswer === undefined) throw new Error('an answer that nobody waits for')
      onAnswer(frame)
    }
  }
}
