// The metadata side of a broker in one call: the quorum's log, the controller on it, the channel to it, the broker's view of
// the metadata, and snapshots of it. The registration of the broker (BrokerLifecycle) comes later, when its listeners are known.

import type { Host } from '../../host/host.ts'
import type { StorageEnvironment } from '../../storage/environment.ts'
import { BrokerConfig } from '../config/broker-config.ts'
import type { Properties } from '../config/properties.ts'
import { MetadataLoader } from '../metadata/loader.ts'
import { LocalChannel } from './channel.ts'
import { Controller } from './controller.ts'
import { LocalQuorum } from './local-quorum.ts'
import { Snapshotter } from './snapshotter.ts'

export interface StartControllerOptions {
  readonly host: Host
  readonly environment: StorageEnvironment
  readonly clusterId: string
  /** Of the broker: takes the dynamic values of each new image before any other subscriber. */
  readonly config: BrokerConfig
  readonly properties: Properties
  /** The log directory that holds the metadata log, and its id from meta.properties. */
  readonly logDirectory: string
  readonly directoryId: string
  /** Kafka's address of this controller, in case it goes on from the directory. Nothing listens there. */
  readonly controllerEndpoint?: { readonly name: string; readonly host: string; readonly port: number }
  readonly cleanShutdown: boolean
}

export interface StartedController {
  readonly quorum: LocalQuorum
  readonly controller: Controller
  readonly channel: LocalChannel
  readonly metadata: MetadataLoader
  /** After the broker's lifecycle has stopped. */
  close(): void
}

/** `metadata.start()` is left to the caller, who subscribes first. */
export function startController(options: StartControllerOptions): StartedController {
  const { host, environment, config, properties } = options
  const { nodeId } = config
  const quorum = LocalQuorum.open({
    environment,
    directory: `${options.logDirectory}/__cluster_metadata-0`,
    nodeId,
    directoryId: options.directoryId,
    controllerEndpoint: options.controllerEndpoint ?? { name: 'CONTROLLER', host: 'localhost', port: 9093 },
    cleanShutdown: options.cleanShutdown,
    segmentBytes: config.get('metadata.log.segment.bytes'),
  })
  const controller = new Controller({
    host,
    quorum,
    clusterId: options.clusterId,
    config: new BrokerConfig(properties),
  })
  const channel = new LocalChannel(host, controller)
  const metadata = new MetadataLoader({ host, channel, nodeId })
  metadata.subscribe((image, delta) => config.apply(image.configs, delta.changedConfigs))
  const snapshotter = new Snapshotter({ host, quorum, metadata, config })
  return {
    quorum,
    controller,
    channel,
    metadata,
    close() {
      metadata.stop()
      snapshotter.stop()
      controller.close()
      quorum.close()
    },
  }
}
