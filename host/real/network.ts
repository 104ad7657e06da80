// TCP, through node:net.
//
// Bytes are received into one buffer for the whole process (`onread`): measured half to a quarter of the CPU per byte
// of 'data' events, which allocate 64 KiB a read. The rest of a large frame is received where its owner wants it. A
// server's sockets do not take that option, so an accepted connection is taken off its socket (paused, hence before the
// first read) and given to a new one.
//
// Small output is gathered in one buffer for the whole process, which the operating system as a rule takes at once;
// only what it does not take keeps its place there. Large output goes out as it lies.

import { type AddressInfo, createServer, Socket, type SocketConstructorOpts } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import {
  type Address,
  type Connection,
  type ConnectionEvents,
  type Listener,
  type Network,
  NetworkError,
} from '../network.ts'
import { letGo, letGoOfAll } from '../slab.ts'

/** One read takes at most this much; larger brings nothing more (measured: 64 KiB 0.17, 256 KiB 0.11 CPU s/GB). */
const receiveBufferSize = 256 * 1024

const sendBufferSize = 256 * 1024
/** Output of several chunks up to this size is copied together. */
const maxGatheredSize = 32 * 1024

/** Unsent bytes above which `write` answers false: enough for a fetch answer to be in flight while the next is made. */
const highWaterMark = 1024 * 1024

/** As the kernel's default, which it cuts to net.core.somaxconn. */
const backlog = 4096

/**
 * With so many connections accepted and open the young generation grows no more, until they are half as many. It grows
 * by what survives, and of an accept nearly everything does: ten thousand took it to its 16 MB (32 MB resident, 147 MB
 * in all; so 112 MB), and a scavenge to 20 ms. With few connections little survives, and a large one is cheap.
 */
const manyConnections = 1000
let acceptedCount = 0
let youngGrows = true

function countAccepted(change: 1 | -1): void {
  acceptedCount += change
  if (youngGrows && acceptedCount >= manyConnections) {
    youngGrows = false
    setFlagsFromString('--semi-space-growth-factor=1')
  } else if (!youngGrows && acceptedCount <= manyConnections / 2) {
    youngGrows = true
    setFlagsFromString('--semi-space-growth-factor=2')
  }
}

const receiveBuffer = new Uint8Array(receiveBufferSize)
const nothing = new Uint8Array(0)

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
  countAccepted(1)
  return new RealConnection({ handle, manualStart: true })
}

/** node:net calls back with the socket as `this`: ten thousand connections need no closures of their own. */
class OwnedSocket extends Socket {
  owner: RealConnection | null = null
}

/** What node:net does not tell otherwise. */
interface SocketInside {
  readonly writableLength: number
  /** `writelen`: of the write under way. */
  readonly _writableState: { readonly writelen: number }
  readonly _handle: { readonly writeQueueSize: number } | null
}

/** What the next read of the socket that has just been read goes into; undefined: the same as before. */
let nextBuffer: Uint8Array | undefined = receiveBuffer

const onread = {
  /** Asked once when a socket begins, and right after each `callback`. */
  buffer: () => {
    const next = nextBuffer
    nextBuffer = receiveBuffer
    return next
  },
  callback(this: OwnedSocket, size: number, buffer: Uint8Array) {
    const next = this.owner?.onRead(size, buffer)
    nextBuffer = next
    return true
  },
}

let sendBuffer = Buffer.allocUnsafeSlow(sendBufferSize)
/** Before this lie bytes that are not sent yet. */
let sendStart = 0

function gather(chunks: readonly Uint8Array[], size: number): Uint8Array {
  if (size > sendBufferSize - sendStart) {
    sendBuffer = Buffer.allocUnsafeSlow(sendBufferSize)
    sendStart = 0
  }
  let position = sendStart
  for (let index = 0; index < chunks.length; index++) {
    const chunk = chunks[index]!
    sendBuffer.set(chunk, position)
    position += chunk.length
  }
  return sendBuffer.subarray(sendStart, position)
}

class RealConnection implements Connection {
  remote: Address = { host: '', port: 0 }
  readonly #socket: OwnedSocket
  #events: ConnectionEvents | null = null
  #error: NetworkError | null = null
  /** A write has answered false. */
  #owesDrain = false
  readonly #isAccepted: boolean
  #isClosed = false
  #closeIsTold = false

  /** `handle` and `manualStart` are options of node:net that its types leave out. */
  constructor(accepted: { handle?: object; manualStart?: boolean }) {
    const options = { ...accepted, onread, writableHighWaterMark: highWaterMark }
    const socket = new OwnedSocket(options as unknown as SocketConstructorOpts)
    socket.owner = this
    socket.on('error', onError).on('drain', onDrain).on('close', onClose)
    this.#socket = socket
    this.#isAccepted = accepted.handle !== undefined
    this.#setRemote()
  }

  get local(): Address {
    const { localAddress, localPort } = this.#socket
    return address(localAddress, localPort)
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
      this.#setRemote()
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
    if (socket.destroyed || socket.writableEnded) {
      letGoOfAll(chunks)
      return true
    }
    let size = 0
    for (let index = 0; index < chunks.length; index++) size += chunks[index]!.length
    if (size > maxGatheredSize) this.#writeLarge(chunks)
    else if (chunks.length === 1) this.#writeOne(chunks[0]!)
    else this.#writeGathered(chunks, size)
    if (!socket.writableNeedDrain || socket.writableLength === 0) return true
    this.#owesDrain = true
    return false
  }

  #writeOne(chunk: Uint8Array): void {
    const socket = this.#socket
    socket.write(chunk)
    if (socket.writableLength === 0) letGo(chunk)
    else socket.write(nothing, () => letGo(chunk))
  }

  #writeGathered(chunks: readonly Uint8Array[], size: number): void {
    this.#socket.write(gather(chunks, size))
    letGoOfAll(chunks)
    if (this.#socket.writableLength > 0) sendStart += size
  }

  #writeLarge(chunks: readonly Uint8Array[]): void {
    const socket = this.#socket
    const last = chunks.length - 1
    socket.cork()
    for (let index = 0; index < last; index++) socket.write(chunks[index]!)
    // Called however it ends, also when the socket is destroyed.
    socket.write(chunks[last]!, () => letGoOfAll(chunks))
    socket.uncork()
  }

  unsentSize(): number {
    const { writableLength, _writableState, _handle } = this.#socket as unknown as SocketInside
    if (writableLength === 0 || _handle === null) return writableLength
    // Node counts a write as a whole until it has ended; libuv, what the system has taken of it.
    return writableLength - _writableState.writelen + Math.min(_writableState.writelen, _handle.writeQueueSize)
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

  /** Answers where the next bytes go; undefined: where these went. */
  onRead(size: number, buffer: Uint8Array): Uint8Array | undefined {
    const events = this.#events
    if (events === null) return undefined
    events.onBytes(size === buffer.length ? buffer : buffer.subarray(0, size))
    const next = events.receiveInto?.() ?? receiveBuffer
    return next === buffer ? undefined : next
  }

  onError(error: unknown): void {
    this.#error ??= networkError(error)
  }

  onDrain(): void {
    if (!this.#owesDrain) return
    this.#owesDrain = false
    this.#events?.onDrain()
  }

  onClose(): void {
    this.#isClosed = true
    if (this.#isAccepted) countAccepted(-1)
    this.#tellClose()
  }

  #tellClose(): void {
    if (this.#events === null || this.#closeIsTold) return
    this.#closeIsTold = true
    this.#events.onClose(this.#error)
  }

  #setRemote(): void {
    const { remoteAddress, remotePort } = this.#socket
    this.remote = address(remoteAddress, remotePort)
  }
}

function onError(this: OwnedSocket, error: unknown): void {
  this.owner?.onError(error)
}

function onDrain(this: OwnedSocket): void {
  this.owner?.onDrain()
}

function onClose(this: OwnedSocket): void {
  this.owner?.onClose()
}

/** A dual-stack listener shows IPv4 peers as ::ffff:127.0.0.1; logs and quotas know them by their IPv4 address. */
function address(host: string | undefined, port: number | undefined): Address {
  return { host: (host ?? '').replace(/^::ffff:/, ''), port: port ?? 0 }
}
