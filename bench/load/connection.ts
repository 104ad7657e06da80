// One TCP connection of a load: all connections of the process receive into one buffer, nothing is allocated per read.
//
// A load that loses a connection has nothing to report: the error is thrown where nobody catches it, and the process
// of the load ends with it.

import { connect, type Socket } from 'node:net'

const receiveBuffer = Buffer.allocUnsafe(512 * 1024)

/** The bytes are gone when the call returns. */
export type Receive = (bytes: Buffer) => void

export class Connection {
  readonly #socket: Socket
  #closing = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('close', () => {
      if (!this.#closing) throw new Error('the broker has closed a connection')
    })
  }

  static open(bootstrap: string, receive: Receive): Promise<Connection> {
    const [host = '', port] = bootstrap.split(':')
    const callback = (size: number) => {
      receive(receiveBuffer.subarray(0, size))
      return true
    }
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port: Number(port), noDelay: true, onread: { buffer: receiveBuffer, callback } })
      socket.on('error', reject) // once it is open, 'close' follows and tells
      socket.on('connect', () => resolve(new Connection(socket)))
    })
  }

  /** Goes out in a system call of its own, as a client's requests do that are ready one after the other. */
  write(frame: Buffer): void {
    this.#socket.write(frame)
  }

  /** For a thread that writes by itself (pacer.ts). Node has no public name for it. */
  get descriptor(): number {
    return Reflect.get(Reflect.get(this.#socket, '_handle'), 'fd')
  }

  close(): void {
    this.#closing = true
    this.#socket.destroy()
  }
}

/** Cuts what comes into answers, for answers that are small; those of Fetch are never assembled (fetch-scanner.ts). */
export function splitFrames(onFrame: (frame: Buffer) => void): Receive {
  let rest: Buffer = Buffer.alloc(0)
  return (bytes) => {
    let all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    while (all.length >= 4) {
      const end = 4 + all.readInt32BE(0)
      if (all.length < end) break
      onFrame(all.subarray(4, end))
      all = all.subarray(end)
    }
    rest = all.length === 0 ? all : Buffer.from(all) // a copy: the receive buffer is used again
  }
}
