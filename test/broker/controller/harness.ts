// A broker's metadata side on a simulated machine: controller, quorum log, loader and lifecycle.

import { BrokerConfig } from '../../../broker/config/broker-config.ts'
import { type StartedController, startController } from '../../../broker/controller/start.ts'
import { BrokerLifecycle } from '../../../broker/metadata/broker-lifecycle.ts'
import type { Host } from '../../../host/host.ts'
import type { SimulatedNode } from '../../../host/simulated/node.ts'
import { type Simulation, simulate } from '../../../host/simulated/simulation.ts'
import type { RequestOf } from '../../../protocol/apis.ts'
import { createStorageEnvironment } from '../../../storage/environment.ts'

export const DIRECTORY_ID = 'Dir1Dir1Dir1Dir1Dir1Aw'
export const CLUSTER_ID = 'OExQfSewS4ukr3oz6vrcTg'

export interface Running extends StartedController {
  readonly host: Host
  readonly config: BrokerConfig
  readonly lifecycle: BrokerLifecycle
}

export class MetadataMachine {
  readonly simulation: Simulation
  readonly node: SimulatedNode
  readonly properties: Record<string, string>

  constructor(seed: number, properties: Record<string, string> = {}) {
    this.simulation = simulate(seed)
    this.node = this.simulation.node('a')
    this.properties = properties
  }

  /** Registered and unfenced. */
  async start(cleanShutdown = false): Promise<Running> {
    const started = this.open(cleanShutdown)
    await this.simulation.complete(started.metadata.start())
    await this.simulation.complete(started.lifecycle.start())
    return started
  }

  open(cleanShutdown = false): Running {
    const { host } = this.node
    const config = new BrokerConfig(this.properties)
    const started = startController({
      host,
      environment: createStorageEnvironment(host),
      clusterId: CLUSTER_ID,
      config,
      properties: this.properties,
      logDirectory: '/data',
      directoryId: DIRECTORY_ID,
      cleanShutdown,
    })
    const lifecycle = new BrokerLifecycle({
      host,
      channel: started.channel,
      metadata: started.metadata,
      nodeId: config.nodeId,
      clusterId: CLUSTER_ID,
      endPoints: [{ name: 'PLAINTEXT', host: '127.0.0.1', port: 9092, securityProtocol: 0 }],
      rack: null,
      logDirs: [DIRECTORY_ID],
      heartbeatIntervalMs: () => config.get('broker.heartbeat.interval.ms'),
    })
    return { ...started, host, config, lifecycle }
  }

  async stop(running: Running): Promise<void> {
    await this.simulation.complete(running.lifecycle.stop())
    running.close()
  }
}

type Topic = RequestOf<'CreateTopics'>['topics'][number]

export function topicOf(name: string, fields: Partial<Topic> = {}): Topic {
  return { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...fields }
}

export function createTopicsRequest(...topics: Topic[]): RequestOf<'CreateTopics'> {
  return { topics, timeoutMs: 1000, validateOnly: false }
}
