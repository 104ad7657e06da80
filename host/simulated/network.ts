// The network between simulated machines: streams with latency, in chunks of arbitrary size, with a bounded number of
// bytes under way; connections that are lost, machines that cannot reach each other, processes that end.
//
// A machine's address is its name; `localhost`, `127.0.0.1`, `::1` and `0.0.0.0` are the machine itself. What a
// partition holds up arrives after its end when that comes within `resetAfterMs`, as TCP sends again; else both ends
// see a timeout.

import { type Address, type Connection, type Listener, type Network, NetworkError } from '../network.ts'
import type { Latency } from './disk-options.ts'
import { Endpoint, type Process, type Wire } from './endpoint.ts'
import type { VirtualTime } from './event-queue.ts'
import type { SeededRandom } from './random.ts'

const firstEphemeralPort = 32768
const ownNames = new Set(['localhost', '127.0.0.1', '::1', '0.0.0.0', '::', ''])

interface BoundListener {
  readonly host: Process
  readonly onConnection: (connection: Connection) => void
}

export class SimulatedFabric implements Wire {
  latencyMs: Latency = [0.05, 1]
  resetChance = 0
  /** How long a connection outlives a partition, and an attempt to connect waits. */
  resetAfterMs = 10_000
  /** How long peers of a machine without power hear nothing, at most. */
  silentMs = 5_000
  readonly time: VirtualTime
  readonly random: SeededRandom
  readonly #listeners = new Map<string, BoundListener>()
  readonly #endpoints = new Set<Endpoint>()
  readonly #cuts = new Set<string>()
  readonly #nextPorts = new Map<string, number>()

  constructor(time: VirtualTime, random: SeededRandom) {
    this.time = time
    this.random = random
  }

  /** The network as one process has it. */
  session(host: Process, nodeName: string): Network {
    return {
      listen: (address, onConnection) => this.#listen(host, nodeName, address, onConnection),
      connect: (address) => this.#connect(host, nodeName, address),
    }
  }

  /** Nothing passes between the two, either way, until `heal`. */
  partition(a: string, b: string): void {
    this.#cuts.add(cutKey(a, b))
    this.time.schedule(this.resetAfterMs, () => {
      if (!this.#cuts.has(cutKey(a, b))) return
      for (const endpoint of this.#between(a, b)) endpoint.fail('ETIMEDOUT', 'no answer from the peer')
    })
  }

  heal(a: string, b: string): void {
    this.#cuts.delete(cutKey(a, b))
    for (const endpoint of this.#between(a, b)) endpoint.onHealed()
  }

  /** Resets all connections between the two. */
  reset(a: string, b: string): void {
    for (const endpoint of this.#between(a, b)) endpoint.fail('ECONNRESET', 'connection reset by the network')
  }

  isCut(a: string, b: string): boolean {
    return this.#cuts.has(cutKey(a, b))
  }

  drawLatency(): number {
    const [low, high] = this.latencyMs
    return low + (high - low) * this.random.fraction()
  }

  forget(endpoint: Endpoint): void {
    this.#endpoints.delete(endpoint)
  }

  /** Its listeners are gone; peers get a reset at once from its operating system, or late when that has ended too. */
  endProcess(host: Process, how: 'crash' | 'kill'): void {
    for (const [key, listener] of this.#listeners) if (listener.host === host) this.#listeners.delete(key)
    for (const endpoint of this.#endpoints) {
      if (endpoint.host !== host) continue
      this.#endpoints.delete(endpoint)
      const delayMs = how === 'kill' ? this.drawLatency() : this.random.below(this.silentMs + 1)
      this.time.schedule(delayMs, () => endpoint.peer.fail('ECONNRESET', 'connection reset by peer'))
    }
  }

  async #listen(
    host: Process,
    nodeName: string,
    address: Address,
    onConnection: (connection: Connection) => void,
  ): Promise<Listener> {
    const port = address.port === 0 ? this.#freePort(nodeName) : address.port
    const key = `${nodeName}:${port}`
    if (this.#listeners.has(key)) throw new NetworkError('EADDRINUSE', `address in use: ${address.host}:${port}`)
    const listener: BoundListener = { host, onConnection }
    this.#listeners.set(key, listener)
    return {
      address: { host: address.host, port },
      close: async () => {
        if (this.#listeners.get(key) === listener) this.#listeners.delete(key)
      },
    }
  }

  #connect(host: Process, nodeName: string, address: Address): Promise<Connection> {
    const target = ownNames.has(address.host) ? nodeName : address.host
    return new Promise((resolve, reject) => {
      const fail = (code: string, message: string) => {
        if (host.isAlive) reject(new NetworkError(code, `${message} ${address.host}:${address.port}`))
      }
      if (this.isCut(nodeName, target)) {
        this.time.schedule(this.resetAfterMs, () => fail('ETIMEDOUT', 'no answer from'))
        return
      }
      this.time.schedule(this.drawLatency(), () => {
        const listener = this.#listeners.get(`${target}:${address.port}`)
        if (listener === undefined) return fail('ECONNREFUSED', 'connection refused by')
        if (!host.isAlive) return
        const local = { host: nodeName, port: this.#freePort(nodeName) }
        const remote = { host: target, port: address.port }
        const client = new Endpoint(this, host, local, remote)
        const server = new Endpoint(this, listener.host, remote, local)
        client.join(server)
        this.#endpoints.add(client)
        this.#endpoints.add(server)
        listener.onConnection(server)
        this.time.schedule(this.drawLatency(), () => {
          if (host.isAlive) resolve(client)
        })
      })
    })
  }

  #freePort(nodeName: string): number {
    let port = this.#nextPorts.get(nodeName) ?? firstEphemeralPort
    while (this.#listeners.has(`${nodeName}:${port}`)) port++
    this.#nextPorts.set(nodeName, port + 1 > 65535 ? firstEphemeralPort : port + 1)
    return port
  }

  #between(a: string, b: string): Endpoint[] {
    return [...this.#endpoints].filter((endpoint) => {
      const { local, remote } = endpoint
      return (local.host === a && remote.host === b) || (local.host === b && remote.host === a)
    })
  }
}

function cutKey(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}
