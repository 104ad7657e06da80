// A listener and its connections: accepts within the limits (max.connections, max.connections.per.ip), closes the idle
// ones (connections.max.idle.ms), and closes all of them at the end.

import type { Clock, Logger, Timer, Timers } from '../../host/host.ts'
import type { Address, Connection, Listener, Network, NetworkError } from '../../host/network.ts'
import type { SlabPool } from '../../host/slab.ts'
import { ClientConnection, type ConnectionOptions } from './connection.ts'
import type { Dispatcher } from './dispatcher.ts'
import { LargeRequests } from './large-requests.ts'
import type { MemoryBudget } from './memory-budget.ts'
import { FlushQueue } from './slot.ts'

/** A peer that stops in the middle of a frame is cut off after this: what it has sent occupies memory. */
const STALLED_FRAME_MS = 30_000
/** The same while half-received frames hold all the memory for requests, so that nobody is read from. */
const STALLED_FRAME_IN_WAY_MS = 2_000
/** A peer that takes nothing of its answers is cut off after this while their memory is spent. */
const STALLED_ANSWER_MS = 30_000
/** The same while there is none left for anybody. */
const STALLED_ANSWER_IN_WAY_MS = 10_000
/** How late a stalled frame or an idle connection may be noticed. */
const SWEEP_MS = 1_000
/** How long a stop waits for answers: for a consumer's long poll, as a rule, not for a rebalance. */
const STOP_MS = 1_000

/** Read anew at each use: most can change while the broker runs. */
export interface ServerLimits {
  readonly maxFrameSize: number
  readonly maxConnections: number
  readonly maxConnectionsPerIp: number
  /** Host → its own limit, instead of maxConnectionsPerIp (max.connections.per.ip.overrides). */
  readonly maxConnectionsPerIpOverrides: ReadonlyMap<string, number>
  /** -1: never. */
  readonly maxIdleMs: number
}

/** How fast connections may come. */
export interface ConnectionAdmission {
  /** Called once for a connection that no limit forbids. It waits so long; then it is closed, or read from. */
  admit(host: string): { readonly waitMs: number; readonly isRefused: boolean }
}

export interface ServerOptions {
  readonly network: Network
  readonly clock: Clock
  readonly timers: Timers
  readonly slabs: SlabPool
  readonly logger: Logger
  readonly listener: string
  /** Memory of requests, and of answers that their peers have not taken. */
  readonly requests: MemoryBudget
  readonly answers: MemoryBudget
  readonly limits: ServerLimits
  readonly admission: ConnectionAdmission
}

/** Connections kept waiting at one time; more are closed at once. */
const MAX_HELD = 10_000

let lastConnectionId = 0

export class Server {
  readonly #options: ServerOptions
  readonly #connections = new Set<ClientConnection>()
  readonly #countByHost = new Map<string, number>()
  #listening: Listener | null = null
  #sweep: Timer | null = null
  #isClosing = false
  /** null before there is a dispatcher. */
  #connectionOptions: ConnectionOptions | null = null
  /** Accepted before there is a dispatcher. */
  readonly #early: Connection[] = []
  /** Accepted, and kept waiting because too many have come. */
  readonly #held = new Map<Connection, Timer>()
  #onEmpty: (() => void) | null = null

  constructor(options: ServerOptions) {
    this.#options = options
  }

  /**
   * Resolves to the address, with the port that was taken for port 0. Connections are accepted from here on and read
   * from once `serve` is called, so that the broker can register under its port before it answers.
   */
  async listen(address: Address): Promise<Address> {
    this.#listening = await this.#options.network.listen(address, (connection) => this.#accept(connection))
    this.#scheduleSweep()
    return this.#listening.address
  }

  serve(dispatcher: Dispatcher): void {
    const { requests, answers, slabs, limits, clock, timers } = this.#options
    this.#connectionOptions = {
      dispatcher,
      requests,
      answers,
      slabs,
      flushes: new FlushQueue(),
      largeRequests: new LargeRequests(requests, answers, timers),
      get maxFrameSize() {
        return limits.maxFrameSize
      },
      now: () => clock.monotonic(),
      after: (delayMs, run) => timers.after(delayMs, run),
      onClose: (closed, reason, error) => this.#onClose(closed, reason, error),
    }
    for (const connection of this.#early.splice(0)) this.#accept(connection)
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /**
   * Stops accepting and reading, answers what is under way, as far as that is done within STOP_MS, and closes every
   * connection. A producer whose batch is written but not answered would have to send it again.
   */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#sweep?.cancel()
    await this.#listening?.close()
    for (const connection of this.#early.splice(0)) connection.destroy()
    for (const [connection, timer] of this.#held) {
      timer.cancel()
      connection.destroy()
    }
    this.#held.clear()
    if (this.#connections.size === 0) return
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
    for (const connection of this.#connections) connection.drain()
    const impatience = this.#options.timers.after(STOP_MS, () => {
      for (const connection of this.#connections) connection.destroy()
    })
    await empty
    impatience.cancel()
  }

  #accept(connection: Connection): void {
    const connectionOptions = this.#connectionOptions
    if (connectionOptions === null) {
      if (this.#early.length < this.#options.limits.maxConnections) this.#early.push(connection)
      else connection.destroy()
      return
    }
    if (this.#refuse(connection)) return
    const { waitMs, isRefused } = this.#options.admission.admit(connection.remote.host)
    if (waitMs > 0) this.#hold(connection, waitMs, isRefused)
    else this.#take(connection, connectionOptions)
  }

  /** Closes it if it is one too many. Those that wait count when their turn comes, as in Kafka's ConnectionQuotas. */
  #refuse(connection: Connection): boolean {
    const { limits, logger } = this.#options
    const { host, port } = connection.remote
    const fromHost = this.#countByHost.get(host) ?? 0
    const hostLimit = limits.maxConnectionsPerIpOverrides.get(host) ?? limits.maxConnectionsPerIp
    const { size: open } = this.#connections
    const { size: held } = this.#held
    if (fromHost < hostLimit && open < limits.maxConnections && held < MAX_HELD) return false
    const ofAll = open >= limits.maxConnections ? 'max.connections' : 'connections kept waiting'
    const limit = fromHost >= hostLimit ? 'max.connections.per.ip' : ofAll
    logger.warn('connection refused', { from: `${host}:${port}`, limit, open, held, fromHost })
    connection.destroy()
    return true
  }

  /** A refused one is closed only then, so that its client does not come back at once. */
  #hold(connection: Connection, waitMs: number, isRefused: boolean): void {
    const timer = this.#options.timers.after(waitMs, () => {
      this.#held.delete(connection)
      if (isRefused || this.#connectionOptions === null) connection.destroy()
      // Meanwhile others may have taken all there was room for.
      else if (!this.#refuse(connection)) this.#take(connection, this.#connectionOptions)
    })
    this.#held.set(connection, timer)
  }

  #take(connection: Connection, connectionOptions: ConnectionOptions): void {
    const { host, port } = connection.remote
    this.#countByHost.set(host, (this.#countByHost.get(host) ?? 0) + 1)
    const peer = { connectionId: ++lastConnectionId, host, port, listener: this.#options.listener }
    const client = new ClientConnection(connection, peer, connectionOptions)
    this.#connections.add(client)
    client.start()
  }

  #onClose(client: ClientConnection, reason: string | null, error: NetworkError | null): void {
    const { host, port } = client.peer
    this.#connections.delete(client)
    const left = (this.#countByHost.get(host) ?? 1) - 1
    if (left === 0) this.#countByHost.delete(host)
    else this.#countByHost.set(host, left)
    if (reason !== null) this.#options.logger.warn('connection closed', { from: `${host}:${port}`, reason })
    else if (error !== null)
      this.#options.logger.debug('connection lost', { from: `${host}:${port}`, code: error.code })
    if (this.#connections.size === 0) this.#onEmpty?.()
  }

  #scheduleSweep(): void {
    const { timers } = this.#options
    // Once sockets have been read from: when something held up this process, their peers are not to blame.
    this.#sweep = timers.after(SWEEP_MS, () => timers.endOfTurn(() => this.#sweepConnections()))
  }

  #sweepConnections(): void {
    if (this.#isClosing) return
    const { clock, limits, requests, answers } = this.#options
    const { maxIdleMs } = limits
    const maxStalledMs = requests.isStuck ? STALLED_FRAME_IN_WAY_MS : STALLED_FRAME_MS
    const maxUntakenMs = answers.isOverdrawn
      ? STALLED_ANSWER_IN_WAY_MS
      : answers.isSpent
        ? STALLED_ANSWER_MS
        : Number.POSITIVE_INFINITY
    const now = clock.monotonic()
    for (const connection of this.#connections) {
      connection.lookAtProgress()
      const quietMs = now - connection.lastActive
      if (quietMs >= maxStalledMs && connection.isStalled) connection.close('a frame was begun and not finished')
      else if (quietMs >= maxUntakenMs && connection.isHoldingAnswers)
        connection.close('its answers are not taken, and their memory is needed')
      else if (maxIdleMs >= 0 && quietMs >= maxIdleMs && connection.isIdle) connection.close(null)
    }
    requests.relieve()
    this.#scheduleSweep()
  }
}
