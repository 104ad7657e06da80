// Clients of a simulated broker that outlive its crashes: they connect again, and send again what was not acknowledged.

import type { Host } from '../../host/host.ts'
import type { Simulation } from '../../host/simulated/simulation.ts'
import type { ApiName, RequestInputOf, ResponseOf } from '../../protocol/apis.ts'
import { Client } from '../broker/harness.ts'

/** As real clients wait between two attempts. */
const retryMs = 50

export abstract class LastingClient {
  readonly name: string
  protected readonly host: Host
  protected client: Client | null = null
  /** The first that the broker did and must not. */
  fault: unknown = null
  readonly #simulation: Simulation
  #isConnecting = false
  #isStopped = false

  constructor(simulation: Simulation, name: string) {
    this.#simulation = simulation
    this.name = name
    this.host = simulation.node(name).host
  }

  start(): void {
    if (this.#isConnecting || this.#isStopped) return
    this.#isConnecting = true
    this.host.network.connect({ host: 'broker', port: 9092 }).then(
      (connection) => {
        this.#isConnecting = false
        this.client = new Client(this.#simulation, connection, this.name)
        this.onConnected(this.client)
      },
      () => {
        this.#isConnecting = false
        this.later(() => this.start())
      },
    )
  }

  stop(): void {
    this.#isStopped = true
  }

  /** The connection is lost, or of no use any more. */
  protected reconnect(client: Client): void {
    if (this.client !== client) return
    this.client = null
    this.later(() => this.start())
  }

  protected get isStopped(): boolean {
    return this.#isStopped
  }

  /** Hands the answer on, null when the connection is lost; what its handling throws is this client's fault. */
  protected ask<Name extends ApiName>(
    client: Client,
    name: Name,
    version: number,
    request: RequestInputOf<Name>,
    handle: (answer: ResponseOf<Name> | null) => void,
  ): void {
    const answer = client.isClosed ? Promise.resolve(null) : client.send(name, version, request)
    answer.then(handle).catch((error: unknown) => {
      this.fault ??= error
    })
  }

  protected later(run: () => void): void {
    this.host.timers.after(retryMs, run)
  }

  protected abstract onConnected(client: Client): void
}
