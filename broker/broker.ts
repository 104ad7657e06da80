// A broker from its start to its stop. What it is made of, and in which order: assembly.ts.

import type { Host } from '../host/host.ts'
import { assemble, type BrokerFacts, type Ending } from './assembly.ts'
import { checkProperties, type Properties } from './config/properties.ts'
import { embedded } from './embedded.ts'
import type { ListenerAddress } from './network/listeners.ts'

export interface BrokerOptions {
  /** Kafka's server properties. */
  readonly properties?: Properties
  readonly host?: Host
}

/** Properties that no broker can start with; one line. */
export class ConfigError extends Error {}

export class Broker {
  readonly clusterId: string
  readonly nodeId: number
  /** Where it listens. */
  readonly address: ListenerAddress
  /** What clients are told to connect to. */
  readonly advertised: ListenerAddress
  readonly logDirs: readonly string[]
  readonly #endings: Ending[]
  #stopping: Promise<void> | null = null

  /**
   * Resolves when the broker serves. Without a host it is an embedded one (embedded.ts): on a free port, in memory
   * unless the properties name `log.dirs`.
   * @throws ConfigError, ListenerError, DiskError, StorageFault, NetworkError: what the operator can mend.
   */
  static async start(options: BrokerOptions = {}): Promise<Broker> {
    const { host, properties } = embedded(options)
    const { errors } = checkProperties(properties)
    if (errors.length > 0) throw new ConfigError(errors.join('; '))
    const endings: Ending[] = []
    try {
      return new Broker(await assemble(host, properties, endings), endings)
    } catch (error) {
      await end(endings)
      throw error
    }
  }

  /** @internal Use Broker.start. */
  constructor(facts: BrokerFacts, endings: Ending[]) {
    this.clusterId = facts.clusterId
    this.nodeId = facts.nodeId
    this.address = facts.address
    this.advertised = facts.advertised
    this.logDirs = facts.logDirs
    this.#endings = endings
  }

  /** HOST:PORT for a client's bootstrap servers. */
  get bootstrap(): string {
    const { host, port } = this.advertised
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  }

  /** A clean stop: the next start scans nothing. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= end(this.#endings)
    return this.#stopping
  }
}

/** All of them, whatever one of them throws: the first fault is told in the end. */
async function end(endings: Ending[]): Promise<void> {
  const faults: unknown[] = []
  for (const ending of endings.splice(0).reverse()) {
    try {
      await ending()
    } catch (error) {
      faults.push(error)
    }
  }
  if (faults.length > 0) throw faults[0]
}
