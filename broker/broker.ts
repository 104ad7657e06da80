// The composition root: a broker and its controller in one process, put together in the order of docs/ARCHITECTURE.md,
// taken apart in the reverse one.

import type { Host } from '../host/host.ts'
import { LogCleaner } from '../storage/cleaner/log-cleaner.ts'
import { createStorageEnvironment } from '../storage/environment.ts'
import { METADATA_LOG } from '../storage/file-names.ts'
import { BrokerConfig } from './config/broker-config.ts'
import { cleanerSettings } from './config/cleaner-settings.ts'
import { createLoggers, LOGGERS } from './config/loggers.ts'
import { checkProperties, type Properties } from './config/properties.ts'
import { LocalChannel } from './controller/channel.ts'
import { Controller } from './controller/controller.ts'
import { LocalQuorum } from './controller/local-quorum.ts'
import { createCoordinators } from './coordinator/coordinators.ts'
import { Dispatch } from './dispatch.ts'
import { embedded } from './embedded.ts'
import { servedApis } from './handlers/handler.ts'
import { controllerHandlers, handlers } from './handlers/table.ts'
import { OperatorHttp } from './http/operator-http.ts'
import { openLogDirs } from './log-dirs.ts'
import { BrokerLifecycle } from './metadata/broker-lifecycle.ts'
import { MetadataLoader } from './metadata/loader.ts'
import { RequestMetrics } from './metrics/request-metrics.ts'
import { type ListenerAddress, parsePairs, planListener } from './network/listeners.ts'
import { MemoryBudget } from './network/memory-budget.ts'
import { Server } from './network/server.ts'
import { Quotas } from './quotas/quotas.ts'
import { FetchSessions } from './replication/fetch-sessions.ts'
import { ReplicaManager } from './replication/replica-manager.ts'
import { requestMemory, serverLimits } from './server-limits.ts'
import type { Services } from './services.ts'
import { createSharePartitions } from './share/share-services.ts'
import { ClientTelemetry } from './telemetry/client-telemetry.ts'

/** SecurityProtocol.PLAINTEXT. */
const PLAINTEXT = 0

export interface BrokerOptions {
  /** Kafka's server properties. */
  readonly properties?: Properties
  readonly host?: Host
}

/** Properties that no broker can start with; one line. */
export class ConfigError extends Error {}

/** What must be ended, latest first. */
type Ending = () => void | Promise<void>

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
      return await build(host, properties, endings)
    } catch (error) {
      await end(endings)
      throw error
    }
  }

  /** @internal Use Broker.start. */
  constructor(parts: {
    clusterId: string
    nodeId: number
    address: ListenerAddress
    advertised: ListenerAddress
    logDirs: readonly string[]
    endings: Ending[]
  }) {
    this.clusterId = parts.clusterId
    this.nodeId = parts.nodeId
    this.address = parts.address
    this.advertised = parts.advertised
    this.logDirs = parts.logDirs
    this.#endings = parts.endings
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

/** Takes the port of a listener, whichever it is when the plan says 0. */
async function open(
  { listen, advertise }: { readonly listen: ListenerAddress; readonly advertise: ListenerAddress },
  serverOf: (listener: string) => Server,
  endings: Ending[],
) {
  const server = serverOf(listen.name)
  endings.push(() => server.close())
  const { port } = await server.listen(listen)
  const advertised = { ...advertise, port: advertise.port === 0 ? port : advertise.port }
  return { server, address: { ...listen, port }, advertised }
}

async function build(host: Host, properties: Properties, endings: Ending[]): Promise<Broker> {
  const config = new BrokerConfig(properties)
  const { nodeId } = config
  const loggers = createLoggers(host.logger, config.get('milena.log.levels'))
  endings.push(() => loggers.close())
  const hostOf = (part: keyof typeof LOGGERS): Host => ({ ...host, logger: loggers.named(LOGGERS[part]) })
  const http = new OperatorHttp(hostOf('http'))
  endings.push(() => http.close())
  await http.listen(config.get('milena.http.listeners') ?? [])
  const plan = planListener(
    config.get('listeners'),
    config.get('advertised.listeners'),
    config.get('controller.listener.names') ?? [],
    parsePairs(config.get('listener.security.protocol.map')),
  )

  // Storage: the log directories, locked.
  const requests = new MemoryBudget(requestMemory(config), (run) => host.timers.endOfTurn(run))
  const storageOptions = {
    producerIdExpirationMs: config.get('producer.id.expiration.ms'),
    journalSize: config.get('milena.journal.size'),
    journalAfterSyncs: config.get('milena.journal.after.syncs'),
  }
  const environment = createStorageEnvironment(hostOf('storage'), storageOptions, requests)
  endings.push(() => environment.reserve.stop())
  let brokerEpoch = -1
  const logDirs = openLogDirs(environment, config, (directory) => {
    endings.push(() => directory.close(brokerEpoch))
  })
  const { online: directories, metadata: first } = logDirs
  const { clusterId } = first

  // Network: the port is taken first, since the broker registers under it; nothing is read before `serve`.
  const answers = new MemoryBudget(config.get('milena.queued.max.answer.bytes'))
  const quotas = new Quotas(host.clock, config)
  const requestMetrics = new RequestMetrics()
  const telemetry = new ClientTelemetry(host.clock, host.random, () => config.get('telemetry.max.bytes'))
  const serverOf = (listener: string): Server => {
    const { network, clock, timers, slabs, logger } = hostOf('network')
    const limits = serverLimits(config)
    return new Server({
      ...{ network, clock, timers, slabs, logger, listener, requests, answers, limits },
      admission: quotas.connections,
    })
  }
  const { server, address, advertised } = await open(plan, serverOf, endings)
  const forController = plan.controller === null ? null : await open(plan.controller, serverOf, endings)

  // Controller and metadata.
  const quorum = LocalQuorum.open({
    environment,
    directory: `${logDirs.metadataPath}/${METADATA_LOG}`,
    nodeId,
    directoryId: first.directoryId,
    controllerEndpoint: forController?.advertised ?? { ...address, name: 'CONTROLLER' },
    cleanShutdown: first.wasCleanShutdown,
    segmentBytes: config.get('metadata.log.segment.bytes'),
  })
  endings.push(() => quorum.close())
  const controller = new Controller({
    host: hostOf('controller'),
    quorum,
    clusterId,
    config: new BrokerConfig(properties),
  })
  endings.push(() => controller.close())
  const channel = new LocalChannel(host, controller)
  const metadata = new MetadataLoader({ host: hostOf('metadata'), channel, nodeId })
  endings.push(() => metadata.stop())
  metadata.subscribe((image, delta) => config.apply(image.configs, delta.changedConfigs))
  metadata.subscribe(() => {
    environment.options.producerIdExpirationMs = config.get('producer.id.expiration.ms')
  })
  metadata.subscribe((image, delta) => {
    if (delta.quotasChanged) quotas.apply(image)
    telemetry.apply(image, delta.changedConfigs)
  })

  // Replicas follow the image, and coordinators follow the replicas.
  const replicas = new ReplicaManager({
    nodeId,
    host: hostOf('replicas'),
    directories,
    offlinePaths: logDirs.offlinePaths,
    assignReplicas: (assigned) =>
      channel.send('AssignReplicasToDirs', {
        brokerId: nodeId,
        brokerEpoch: lifecycle.brokerEpoch,
        directories: assigned,
      }),
    cordonedPaths: () => config.get('cordoned.log.dirs') ?? [],
    logConfigFor: (topic) => config.logConfigFor(topic),
    moveBytesPerSecond: () => config.moveRate,
    syncsAcksAll: config.get('milena.flush.on.acks.all'),
  })
  endings.push(() => replicas.stop())
  config.onLogConfigChange((topics) => replicas.refreshConfigs(topics))
  const coordinators = createCoordinators(
    (part) => ({
      host: hostOf(part),
      config,
      metadata,
      replicas,
      createTopics: (request) => channel.send('CreateTopics', request),
    }),
    () => channel.send('AllocateProducerIds', { brokerId: nodeId, brokerEpoch: lifecycle.brokerEpoch }),
  )
  endings.push(() => coordinators.shareState.close())
  endings.push(() => coordinators.groups.close())
  endings.push(() => coordinators.transactions.close())
  await metadata.start()

  const lifecycle = new BrokerLifecycle({
    host: hostOf('lifecycle'),
    channel,
    metadata,
    nodeId,
    clusterId,
    endPoints: [{ name: advertised.name, host: advertised.host, port: advertised.port, securityProtocol: PLAINTEXT }],
    rack: config.get('broker.rack'),
    logDirs: directories.map(({ directoryId }) => directoryId),
    offlineLogDirs: () => directories.filter(({ isOffline }) => isOffline).map(({ directoryId }) => directoryId),
    previousBrokerEpoch: BigInt(
      new Set(directories.map((one) => one.previousBrokerEpoch)).size === 1 ? first.previousBrokerEpoch : -1,
    ),
    heartbeatIntervalMs: () => config.get('broker.heartbeat.interval.ms'),
  })
  endings.push(() => lifecycle.stop())
  replicas.onDirectoryOffline = () => lifecycle.report()
  await lifecycle.start()
  brokerEpoch = Number(lifecycle.brokerEpoch)
  // Only now: registering moves every leader epoch, and coordinators would load their logs twice.
  replicas.start(metadata.image)
  metadata.subscribe((image, delta) => replicas.apply(image, delta))
  for (const directory of directories) await directory.whenRecovered()
  const cleaner = new LogCleaner({ ...environment, host: hostOf('cleaner') }, directories, () =>
    cleanerSettings(config),
  )
  cleaner.start()
  endings.push(() => cleaner.stop())

  const shares = createSharePartitions({
    host: hostOf('shares'),
    config,
    metadata,
    replicas,
    shareState: coordinators.shareState,
    createTopics: (request) => channel.send('CreateTopics', request),
  })
  endings.push(() => shares.close())

  // Handlers, and the doors open.
  const services: Services = {
    host: hostOf('handlers'),
    loggers,
    requestLogger: loggers.named(LOGGERS.requests),
    config,
    clusterId,
    nodeId,
    controller: channel,
    metadata,
    replicas,
    answerMemory: answers,
    fetchSessions: new FetchSessions(config.get('max.incremental.fetch.session.cache.slots'), host.clock, host.random),
    ...coordinators,
    shares,
    quotas,
    telemetry,
    requestMetrics,
    controllerListener: forController?.advertised ?? null,
    servedApis: servedApis(handlers),
  }
  server.serve(new Dispatch(services, handlers))
  const controllerServices = { ...services, servedApis: servedApis(controllerHandlers) }
  forController?.server.serve(new Dispatch(controllerServices, controllerHandlers))
  // Nobody is answered while the parts behind the answers go.
  endings.push(() => server.close())
  const servers = new Map([[plan.listen.name, server]])
  if (plan.controller !== null && forController !== null) servers.set(plan.controller.listen.name, forController.server)
  http.serve({
    ...services,
    servers,
    budgets: new Map([
      ['requests', requests],
      ['answers', answers],
    ]),
    environment,
    cleaner,
  })
  endings.push(() => http.stopping())
  return new Broker({ clusterId, nodeId, address, advertised, logDirs: directories.map(({ path }) => path), endings })
}
