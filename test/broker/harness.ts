// A whole broker on a simulated machine, and a client that speaks to it in requests of any API and version.

import type { Test } from 'tap'
import { Broker } from '../../broker/broker.ts'
import type { Properties } from '../../broker/config/properties.ts'
import type { Connection } from '../../host/network.ts'
import type { SimulatedNode } from '../../host/simulated/node.ts'
import { type Simulation, simulate } from '../../host/simulated/simulation.ts'
import type { ApiName, RequestInputOf, ResponseOf } from '../../protocol/apis.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { readRecords } from '../../protocol/records/record.ts'
import { seed } from '../host/implementations.ts'
import { WireClient } from '../wire-client.ts'

const PROPERTIES: Properties = {
  listeners: 'PLAINTEXT://broker:9092',
  'log.dirs': '/data',
  'offsets.topic.num.partitions': '2',
  'group.initial.rebalance.delay.ms': '0',
}

export class World {
  readonly simulation: Simulation
  readonly node: SimulatedNode
  readonly properties: Properties
  broker: Broker

  private constructor(simulation: Simulation, node: SimulatedNode, properties: Properties, broker: Broker) {
    this.simulation = simulation
    this.node = node
    this.properties = properties
    this.broker = broker
  }

  static async start(_t: Test, properties: Properties = {}): Promise<World> {
    const simulation = simulate(seed)
    const node = simulation.node('broker')
    const all = { ...PROPERTIES, ...properties }
    const broker = await simulation.complete(Broker.start({ host: node.host, properties: all }))
    return new World(simulation, node, all, broker)
  }

  /** After `node.crash()` or `node.kill()`, or `broker.stop()`. */
  async restart(): Promise<void> {
    const host = this.node.restart()
    this.broker = await this.simulation.complete(Broker.start({ host, properties: this.properties }))
  }

  async stop(): Promise<void> {
    await this.simulation.complete(this.broker.stop())
  }

  async connect(clientId = 'test'): Promise<Client> {
    const { host } = this.simulation.node('client')
    const connection = await this.simulation.complete(host.network.connect({ host: 'broker', port: 9092 }))
    return new Client(this.simulation, connection, clientId)
  }

  logLines(): string {
    return this.node.logger.lines().join('\n')
  }
}

export class Client extends WireClient {
  readonly #simulation: Simulation

  constructor(simulation: Simulation, connection: Connection, clientId: string) {
    super(connection, clientId)
    this.#simulation = simulation
  }

  /** The answer, on the simulation's time; throws when the connection is closed instead. */
  async request<Name extends ApiName>(
    name: Name,
    version: number,
    request: RequestInputOf<Name>,
  ): Promise<ResponseOf<Name>> {
    const answer = await this.#simulation.complete(this.send(name, version, request))
    if (answer === null) throw new Error(`the connection was closed on ${name} v${version}`)
    return answer
  }

  async createTopic(name: string, numPartitions = 1, configs: Record<string, string> = {}): Promise<string> {
    const { topics } = await this.request('CreateTopics', 7, {
      topics: [
        {
          name,
          numPartitions,
          replicationFactor: 1,
          assignments: [],
          configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
        },
      ],
      timeoutMs: 10_000,
      validateOnly: false,
    })
    if (topics[0]?.errorCode !== 0) throw new Error(`${name}: ${topics[0]?.errorCode} ${topics[0]?.errorMessage}`)
    return topics[0].topicId
  }

  /** One partition's answer. */
  async produce(
    topic: string,
    records: Uint8Array | null,
    options: { acks?: number; version?: number; index?: number } = {},
  ) {
    const { acks = -1, version = 9, index = 0 } = options
    const answer = await this.request('Produce', version, {
      acks,
      timeoutMs: 10_000,
      topicData: [{ name: topic, partitionData: [{ index, records }] }],
    })
    return answer.responses[0]!.partitionResponses[0]!
  }

  /** One partition's answer, with its records read. */
  async fetch(topic: string, fetchOffset: number, options: FetchOptions = {}) {
    const { maxBytes = 1 << 20, version = 11, isolationLevel = 0, maxWaitMs = 100, index = 0 } = options
    const answer = await this.request('Fetch', version, {
      maxWaitMs,
      minBytes: 1,
      maxBytes,
      isolationLevel,
      topics: [
        { topic, partitions: [{ partition: index, fetchOffset: BigInt(fetchOffset), partitionMaxBytes: maxBytes }] },
      ],
      forgottenTopicsData: [],
      rackId: '',
      sessionId: 0,
      sessionEpoch: -1,
    })
    const partition = answer.responses[0]!.partitions[0]!
    return { ...partition, read: readRecords(partition.records ?? new Uint8Array()) }
  }
}

export interface FetchOptions {
  readonly maxBytes?: number
  readonly version?: number
  readonly isolationLevel?: number
  readonly maxWaitMs?: number
  readonly index?: number
}

/** A batch of records with these values, stamped near the simulation's first day. */
export function batchOf(
  values: readonly string[],
  options: Partial<Parameters<typeof buildBatch>[0]> = {},
): Uint8Array {
  return buildBatch({
    timestamp: 1_767_225_600_000,
    records: values.map((value) => ({ key: null, value: Buffer.from(value), headers: [] })),
    ...options,
  })
}
