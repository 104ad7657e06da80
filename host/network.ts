// Byte streams between addresses. Flow control is explicit both ways: `write` says when the peer reads too slowly,
// `pause` stops the reading from a peer that sends too fast.
//
//   read ──► shared buffer ──onBytes──► copied by whoever keeps some of it
//       └──► memory from `receiveInto` ──onBytes──► there already              the rest of a large frame

export interface Address {
  readonly host: string
  readonly port: number
}

export interface Network {
  /** Port 0 takes a free one; the listener tells which. Rejects with NetworkError. */
  listen(address: Address, onConnection: (connection: Connection) => void): Promise<Listener>
  connect(address: Address): Promise<Connection>
}

export interface Listener {
  readonly address: Address
  /** Stops accepting; open connections stay. */
  close(): Promise<void>
}

export interface ConnectionEvents {
  /**
   * `bytes` are valid only during the call, for the buffer they lie in is used again for the next read of any
   * connection; unless `receiveInto` gave it: then they are the beginning of that memory.
   */
  onBytes(bytes: Uint8Array): void
  /**
   * Where the next bytes go; null, as the absence of this method: into the shared buffer. Asked after each onBytes. The
   * memory may be written to until it is asked again, or until onClose.
   */
  receiveInto?(): Uint8Array | null
  /** The unsent output has fallen below the low mark, after a `write` that answered false. */
  onDrain(): void
  /** The last event, exactly once, whoever closed; `error` when it was not an orderly end. */
  onClose(error: NetworkError | null): void
}

export interface Connection {
  readonly remote: Address
  readonly local: Address
  /** Starts the reading. Events come from later turns only. */
  start(events: ConnectionEvents): void
  /**
   * Sends the chunks as one write. False: the peer does not keep up; hold further output back until onDrain.
   * The chunks are given away, with their array: they are let go of (slab.ts) once they are sent or never will be.
   */
  write(chunks: readonly Uint8Array[]): boolean
  /** Bytes accepted by `write` and not yet taken by the operating system. */
  unsentSize(): number
  pause(): void
  resume(): void
  /** Sends what is unsent, then closes. */
  end(): void
  /** Closes now. Idempotent. */
  destroy(): void
}

export class NetworkError extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.name = 'NetworkError'
    this.code = code
  }
}
