// Byte streams between addresses. Flow control is explicit both ways: `write` says when the peer reads too slowly,
// `pause` stops the reading from a peer that sends too fast.

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
  /** `bytes` are valid only during the call: the buffer they lie in is used again for the next read. */
  onBytes(bytes: Uint8Array): void
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
   * The chunks must not change until they are sent, which nobody is told: give them away.
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
