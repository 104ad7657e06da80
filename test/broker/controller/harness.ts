// A broker's metadata side on a simulated machine: controller, quorum log, loader and lifecycle.

import { BrokerConfig } from '../../../broker/config/broker-config.ts'
import { LocalChannel } from '../../../broker/controller/channel.ts'
import { Controller } from '../../../broker/controller/controller.ts'
import { LocalQuorum } from '../../../broker/controller/local-quorum.ts'
import { BrokerLifecycle } from '../../../broker/metadata/broker-lifecycle.ts'
import type { MetadataImage } from '../../../broker/metadata/image.ts'
import { recordsOf } from '../../../broker/metadata/image-records.ts'
import { MetadataLoader } from '../../../broker/metadata/loader.ts'
import type { Host } from '../../../host/host.ts'
import type { SimulatedNode } from '../../../host/simulated/node.ts'
import { type Simulation, simulate } from '../../../host/simulated/simulation.ts'
import type { RequestOf } from '../../../protocol/apis.ts'
import { createStorageEnvironment } from '../../../storage/environment.ts'

export const DIRECTORY_ID = 'Dir1Dir1Dir1Dir1Dir1Aw'
const CLUSTER_ID = 'OExQfSewS4ukr3oz6vrcTg'

export interface Running {
  readonly host: Host
  readonly quorum: LocalQuorum
  readonly controller: Controller
  readonly channel: LocalChannel
  readonly metadata: MetadataLoader
  readonly config: BrokerConfig
  readonly lifecycle: BrokerLifecycle
}

export class MetadataMachine {
  readonly simulation: Simulation
  readonly node: SimulatedNode
  readonly properties: Record<string, string>
  previousBrokerEpoch = -1n
  /** Of the one log directory. */
  directoryId = DIRECTORY_ID

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
    const environment = createStorageEnvironment(host)
    const quorum = LocalQuorum.open({
      environment,
      directory: '/data/__cluster_metadata-0',
      nodeId: config.nodeId,
      directoryId: this.directoryId,
      controllerEndpoint: { name: 'CONTROLLER', host: '127.0.0.1', port: 9093 },
      cleanShutdown,
      segmentBytes: config.get('metadata.log.segment.bytes'),
    })
    const controllerConfig = new BrokerConfig(this.properties)
    const controller = new Controller({ host, quorum, clusterId: CLUSTER_ID, config: controllerConfig })
    const channel = new LocalChannel(host, controller)
    const metadata = new MetadataLoader({ host, channel, nodeId: config.nodeId })
    metadata.subscribe((image, delta) => config.apply(image.configs, delta.changedConfigs))
    const lifecycle = new BrokerLifecycle({
      host,
      channel,
      metadata,
      nodeId: config.nodeId,
      clusterId: CLUSTER_ID,
      endPoints: [{ name: 'PLAINTEXT', host: '127.0.0.1', port: 9092, securityProtocol: 0 }],
      rack: null,
      logDirs: [this.directoryId],
      previousBrokerEpoch: this.previousBrokerEpoch,
      offlineLogDirs: () => [],
      cordonedLogDirs: () => [],
      heartbeatIntervalMs: () => config.get('broker.heartbeat.interval.ms'),
    })
    return { host, quorum, controller, channel, metadata, config, lifecycle }
  }

  async stop(running: Running): Promise<void> {
    await this.simulation.complete(running.lifecycle.stop())
    running.metadata.stop()
    running.controller.close()
    running.quorum.close()
  }
}

type Topic = RequestOf<'CreateTopics'>['topics'][number]

export function topicOf(name: string, fields: Partial<Topic> = {}): Topic {
  return { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...fields }
}

export function createTopicsRequest(...topics: Topic[]): RequestOf<'CreateTopics'> {
  return { topics, timeoutMs: 1000, validateOnly: false }
}

/** All that is in an image, comparable. */
export function contentsOf(image: MetadataImage): string[] {
  return recordsOf(image)
    .map(({ bytes }) => Buffer.from(bytes).toString('hex'))
    .sort()
}
