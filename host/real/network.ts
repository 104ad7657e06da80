// TCP, through node:net.
//
// Bytes are received into one buffer for the whole process (`onread`): measured half to a quarter of the CPU per byte
// of 'data' events, which allocate 64 KiB a read. A server's sockets do not take that option, so an accepted connection
// is taken off its socket (paused, hence before the first read) and given to a new one.

import { type AddressInfo, createServer, Socket, type SocketConstructorOpts } from 'node:net'
import {
  type Address,
  type Connection,
  type ConnectionEvents,
  type Listener,
  type Network,
  NetworkError,
} from '../network.ts'

/** One read takes at most this much; larger brings nothing more (measured: 64 KiB 0.17, 256 KiB 0.11 CPU s/GB). */
const receiveBufferSize = 256 * 1024

/** Unsent bytes above which `write` answers false: enough for a fetch answer to be in flight while the next is made. */
const highWaterMark = 1024 * 1024

/** As the kernel's default, which it cuts to net.core.somaxconn. */
const backlog = 4096

const receiveBuffer = new Uint8Array(receiveBufferSize)

function networkError(error: unknown): NetworkError {
  if (!(error instanceof Error)) return new NetworkError('UNKNOWN', String(error))
  return new NetworkError('code' in error ? String(error.code) : 'UNKNOWN', error.message)
}

export class RealNetwork implements Network {
  listen(address: Address, onConnection: (connection: Connection) => void): Promise<Listener> {
    return new Promise((resolve, reject) => {
      const server = createServer({ pauseOnConnect: true, noDelay: true }, (accepted) => {
        const connection = adopt(accepted)
        if (connection !== null) onConnection(connection)
      })
      server.once('error', (error) => reject(networkError(error)))
      server.listen({ host: address.host, port: address.port, backlog }, () => {
        const bound = server.address() as AddressInfo
        resolve({
          address: { host: address.host, port: bound.port },
          close: () =>
            new Promise((closed) => {
              server.close(() => closed())
            }),
        })
      })
    })
  }

  connect(address: Address): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const connection = new RealConnection({})
      connection.connect(address, (error) => {
        if (error === null) resolve(connection)
        else reject(error)
      })
    })
  }
}

/** null when the peer is gone already. */
function adopt(accepted: Socket): Connection | null {
  const holder = accepted as unknown as { _handle: object | null }
  const handle = holder._handle
  holder._handle = null
  accepted.destroy()
  if (handle === null) return null
  return new RealConnection({ handle, manualStart: true })
}

class RealConnection implements Connection {
  remote: Address = { host: '', port: 0 }
  local: Address = { host: '', port: 0 }
  readonly #socket: Socket
  #events: ConnectionEvents | null = null
  #error: NetworkError | null = null
  #isClosed = false
  #closeIsTold = false

  /** `handle` and `manualStart` are options of node:net that its types leave out. */
  constructor(accepted: { handle?: object; manualStart?: boolean }) {
    const onread = {
      buffer: receiveBuffer,
      callback: (size: number, buffer: Uint8Array) => {
        this.#events?.onBytes(buffer.subarray(0, size))
        return true
      },
    }
    const options = { ...accepted, onread, writableHighWaterMark: highWaterMark }
    this.#socket = new Socket(options as SocketConstructorOpts)
    this.#socket.on('error', (error) => {
      this.#error ??= networkError(error)
    })
    this.#socket.on('drain', () => this.#events?.onDrain())
    this.#socket.on('close', () => {
      this.#isClosed = true
      this.#tellClose()
    })
    this.#setAddresses()
  }

  connect(address: Address, done: (error: NetworkError | null) => void): void {
    let isDone = false
    const finish = (error: NetworkError | null): void => {
      if (isDone) return
      isDone = true
      done(error)
    }
    this.#socket.once('close', () => finish(this.#error ?? new NetworkError('ECONNRESET', 'closed while connecting')))
    this.#socket.connect({ host: address.host, port: address.port }, () => {
      this.#socket.setNoDelay(true)
      this.#socket.pause()
      this.#setAddresses()
      finish(null)
    })
  }

  start(events: ConnectionEvents): void {
    this.#events = events
    if (this.#isClosed) setImmediate(() => this.#tellClose())
    else this.#socket.resume()
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const socket = this.#socket
    if (socket.destroyed || socket.writableEnded) return true
    if (chunks.length === 1) return socket.write(chunks[0]!)
    socket.cork()
    for (const chunk of chunks) socket.write(chunk)
    socket.uncork()
    return !socket.writableNeedDrain
  }

  unsentSize(): number {
    return this.#socket.writableLength
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #tellClose(): void {
    if (this.#events === null || this.#closeIsTold) return
    this.#closeIsTold = true
    this.#events.onClose(this.#error)
  }

  #setAddresses(): void {
    const { remoteAddress, remotePort, localAddress, localPort } = this.#socket
    // A dual-stack listener shows IPv4 peers as ::ffff:127.0.0.1; logs and quotas know them by their IPv4 address.
    this.remote = { host: (remoteAddress ?? '').replace(/^::ffff:/, ''), port: remotePort ?? 0 }
    this.local = { host: (localAddress ?? '').replace(/^::ffff:/, ''), port: localPort ?? 0 }
  }
}
