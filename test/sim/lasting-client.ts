// Clients of a broker that outlive its crashes: they connect again, and send again what was not acknowledged. On a
// simulated host or on a real one.

import type { Host } from '../../host/host.ts'
import type { Address } from '../../host/network.ts'
import type { ApiName, RequestInputOf, ResponseOf } from '../../protocol/apis.ts'
import { WireClient } from '../wire-client.ts'

/** As real clients wait between two attempts. */
const retryMs = 50

export interface ClientSetting {
  readonly name: string
  readonly host: Host
  readonly broker: Address
  /**
   * Apache Kafka reads the watermark that it answers before it reads the records; and when it starts after a crash,
   * it knows but the last batch of each producer.
   */
  readonly mayBeKafka?: boolean
}

/** The client goes on by beginning anew. */
export class Setback extends Error {}

export abstract class LastingClient {
  readonly name: string
  protected readonly host: Host
  protected client: WireClient | null = null
  /** The first that the broker did and must not. */
  fault: unknown = null
  protected readonly mayBeKafka: boolean
  readonly #broker: Address
  #isConnecting = false
  #isStopped = false

  constructor({ name, host, broker, mayBeKafka = false }: ClientSetting) {
    this.name = name
    this.host = host
    this.#broker = broker
    this.mayBeKafka = mayBeKafka
  }

  start(): void {
    if (this.#isConnecting || this.#isStopped) return
    this.#isConnecting = true
    this.host.network.connect(this.#broker).then(
      (connection) => {
        this.#isConnecting = false
        this.client = new WireClient(connection, this.name)
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
    this.client?.close()
  }

  /** The connection is lost, or of no use any more. */
  protected reconnect(client: WireClient): void {
    if (this.client !== client) return
    this.client = null
    client.close()
    this.later(() => this.start())
  }

  protected get isStopped(): boolean {
    return this.#isStopped
  }

  /** Hands the answer on, null when the connection is lost; what its handling throws is this client's fault. */
  protected ask<Name extends ApiName>(
    client: WireClient,
    name: Name,
    version: number,
    request: RequestInputOf<Name>,
    handle: (answer: ResponseOf<Name> | null) => void,
  ): void {
    client
      .send(name, version, request)
      .then(handle)
      .catch((error: unknown) => {
        this.fault ??= error
      })
  }

  /** The answer; a Setback when the connection is lost. */
  protected async answerOf<Name extends ApiName>(
    client: WireClient,
    name: Name,
    version: number,
    request: RequestInputOf<Name>,
  ): Promise<ResponseOf<Name>> {
    const answer = await client.send(name, version, request)
    if (answer === null) throw new Setback('the connection is lost')
    return answer
  }

  protected later(run: () => void): void {
    this.host.timers.after(retryMs, run)
  }

  protected abstract onConnected(client: WireClient): void
}
