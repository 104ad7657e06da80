// The composition root: a broker and its controller in one process, put together in the order of docs/ARCHITECTURE.md.
// `assemble` names the steps; below it they follow, each with why it stands where it does. A step gets what those
// before it have made, and nothing reaches forward.
//
// Each part that must be ended says how as soon as it is there, so that a step that fails leaves nothing behind.
// Endings run latest first: a part goes before what it stands on.

import type { Host } from '../host/host.ts'
import { LogCleaner } from '../storage/cleaner/log-cleaner.ts'
import { createStorageEnvironment } from '../storage/environment.ts'
import { METADATA_LOG } from '../storage/file-names.ts'
import { BrokerConfig } from './config/broker-config.ts'
import { cleanerSettings } from './config/cleaner-settings.ts'
import { createLoggers, LOGGERS } from './config/loggers.ts'
import type { Properties } from './config/properties.ts'
import { LocalChannel } from './controller/channel.ts'
import { Controller } from './controller/controller.ts'
import { LocalQuorum } from './controller/local-quorum.ts'
import { createCoordinators } from './coordinator/coordinators.ts'
import type { CreateTopics } from './coordinator/runtime/internal-topic.ts'
import { Dispatch } from './dispatch.ts'
import { servedApis } from './handlers/handler.ts'
import { controllerHandlers, handlers } from './handlers/table.ts'
import { OperatorHttp } from './http/operator-http.ts'
import { openLogDirs } from './log-dirs.ts'
import { BrokerLifecycle } from './metadata/broker-lifecycle.ts'
import { MetadataLoader } from './metadata/loader.ts'
import { RequestMetrics } from './metrics/request-metrics.ts'
import type { MetricSources } from './metrics/sources.ts'
import { type ListenerAddress, type ListenerPlan, parsePairs, planListener } from './network/listeners.ts'
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

/** What must be ended, latest first. */
export type Ending = () => void | Promise<void>

/** What whoever started the broker may know of it. */
export interface BrokerFacts {
  readonly clusterId: string
  readonly nodeId: number
  /** Where it listens. */
  readonly address: ListenerAddress
  /** What clients are told to connect to. */
  readonly advertised: ListenerAddress
  readonly logDirs: readonly string[]
}

/** Resolves when the broker serves. Where it throws, `endings` are the caller's to run, as at a stop. */
export async function assemble(host: Host, properties: Properties, endings: Ending[]): Promise<BrokerFacts> {
  const base = createBase(host, properties, endings)
  const http = await openHttp(base)
  const plan = planListeners(base)
  const storage = openStorage(base)
  const ports = await takePorts(base, plan)
  const control = openController(base, storage, ports)
  const data = createReplicas(base, storage, control)
  await control.metadata.start()
  await register(base, storage, control, data)
  await startReplicas(storage, control, data)
  const cleaner = startCleaner(base, storage)
  const services = createServices(base, storage, ports, control, data)
  serve(base, ports, services)
  serveHttp(base, http, { ...services, servers: ports.servers, environment: storage.environment, cleaner })
  const { address, advertised } = ports.clients
  const logDirs = storage.directories.map(({ path }) => path)
  return { clusterId: storage.clusterId, nodeId: base.nodeId, address, advertised, logDirs }
}

type Base = ReturnType<typeof createBase>
type Storage = ReturnType<typeof openStorage>
type Ports = Awaited<ReturnType<typeof takePorts>>
type Control = ReturnType<typeof openController>
type Data = ReturnType<typeof createReplicas>

/** What every step is given. */
function createBase(host: Host, properties: Properties, endings: Ending[]) {
  const config = new BrokerConfig(properties)
  const loggers = createLoggers(host.logger, config.get('milena.log.levels'))
  endings.push(() => loggers.close())
  return {
    host,
    properties,
    config,
    nodeId: config.nodeId,
    loggers,
    /** The host as a part sees it: with its own logger. */
    hostOf: (part: keyof typeof LOGGERS): Host => ({ ...host, logger: loggers.named(LOGGERS[part]) }),
    /** Memory of what is on its way. A batch is a request's until it is written, so that storage counts with it too. */
    budgets: {
      requests: new MemoryBudget(requestMemory(config), (run) => host.timers.endOfTurn(run)),
      answers: new MemoryBudget(config.get('milena.queued.max.answer.bytes')),
    },
    endings,
  }
}

/** Opened first and closed last: who asks is told that the broker starts, or stops, for as long as that takes. */
async function openHttp({ config, hostOf, endings }: Base): Promise<OperatorHttp> {
  const http = new OperatorHttp(hostOf('http'))
  endings.push(() => http.close())
  await http.listen(config.get('milena.http.listeners') ?? [])
  return http
}

/** Before anything is written: a mistake in the listeners leaves the disk as it is. */
function planListeners({ config }: Base): ListenerPlan {
  return planListener(
    config.get('listeners'),
    config.get('advertised.listeners'),
    config.get('controller.listener.names') ?? [],
    parsePairs(config.get('listener.security.protocol.map')),
  )
}

/** The log directories, locked: from here on no other process has them. */
function openStorage({ config, hostOf, budgets, endings }: Base) {
  const options = {
    producerIdExpirationMs: config.get('producer.id.expiration.ms'),
    journalSize: config.get('milena.journal.size'),
    journalAfterSyncs: config.get('milena.journal.after.syncs'),
    journalBesideSize: config.get('milena.journal.beside.size'),
  }
  const environment = createStorageEnvironment(hostOf('storage'), options, budgets.requests)
  endings.push(() => environment.reserve.stop())
  /** Of this life, for the next one to tell; -1 while the broker is not registered. */
  const life = { brokerEpoch: () => -1 }
  const { online, offlinePaths, metadata, metadataPath } = openLogDirs(environment, config, (directory) => {
    endings.push(() => directory.close(life.brokerEpoch()))
  })
  return { environment, directories: online, offlinePaths, metadata, metadataPath, clusterId: metadata.clusterId, life }
}

/** Before the controller, which is told where it is reached, and the registration. Nothing is read before `serve`. */
async function takePorts({ host, config, hostOf, budgets, endings }: Base, plan: ListenerPlan) {
  const quotas = new Quotas(host.clock, config)
  const { network, clock, timers, slabs, logger } = hostOf('network')
  const take = async ({ listen, advertise }: Pick<ListenerPlan, 'listen' | 'advertise'>) => {
    const server = new Server({
      ...{ network, clock, timers, slabs, logger, ...budgets },
      listener: listen.name,
      limits: serverLimits(config),
      admission: quotas.connections,
    })
    endings.push(() => server.close())
    const { port } = await server.listen(listen)
    // Port 0 has become whichever was free.
    const advertised = { ...advertise, port: advertise.port === 0 ? port : advertise.port }
    return { server, address: { ...listen, port }, advertised }
  }
  const clients = await take(plan)
  const controller = plan.controller === null ? null : await take(plan.controller)
  const doors = controller === null ? [clients] : [clients, controller]
  return { quotas, clients, controller, servers: new Map(doors.map((door) => [door.address.name, door.server])) }
}

/** The metadata log, who writes it, and who reads it for this broker; and this broker as the controller sees it. */
function openController({ host, properties, config, nodeId, hostOf, endings }: Base, storage: Storage, ports: Ports) {
  const { environment, directories, metadata: first, clusterId } = storage
  const { quotas, clients } = ports
  const quorum = LocalQuorum.open({
    environment,
    directory: `${storage.metadataPath}/${METADATA_LOG}`,
    nodeId,
    directoryId: first.directoryId,
    controllerEndpoint: ports.controller?.advertised ?? { ...clients.address, name: 'CONTROLLER' },
    cleanShutdown: first.wasCleanShutdown,
    segmentBytes: config.get('metadata.log.segment.bytes'),
  })
  endings.push(() => quorum.close())
  // With settings of its own: its image is ahead of the broker's.
  const controllerConfig = new BrokerConfig(properties)
  const controller = new Controller({ host: hostOf('controller'), quorum, clusterId, config: controllerConfig })
  endings.push(() => controller.close())
  const channel = new LocalChannel(host, controller)
  const metadata = new MetadataLoader({ host: hostOf('metadata'), channel, nodeId })
  endings.push(() => metadata.stop())
  const telemetry = new ClientTelemetry(host.clock, host.random, () => config.get('telemetry.max.bytes'))
  // The first to hear of an image, so that all others find its settings in force.
  metadata.subscribe((image, delta) => {
    config.apply(image.configs, delta.changedConfigs)
    environment.options.producerIdExpirationMs = config.get('producer.id.expiration.ms')
    if (delta.quotasChanged) quotas.apply(image)
    telemetry.apply(image, delta.changedConfigs)
  })
  const epochs = new Set(directories.map(({ previousBrokerEpoch }) => previousBrokerEpoch))
  const { name, host: advertisedHost, port } = clients.advertised
  const lifecycle = new BrokerLifecycle({
    host: hostOf('lifecycle'),
    channel,
    metadata,
    nodeId,
    clusterId,
    endPoints: [{ name, host: advertisedHost, port, securityProtocol: PLAINTEXT }],
    rack: config.get('broker.rack'),
    logDirs: directories.map(({ directoryId }) => directoryId),
    offlineLogDirs: () => directories.filter(({ isOffline }) => isOffline).map(({ directoryId }) => directoryId),
    cordonedLogDirs: () =>
      directories.filter(({ path }) => config.isCordoned(path)).map(({ directoryId }) => directoryId),
    previousBrokerEpoch: BigInt(epochs.size === 1 ? first.previousBrokerEpoch : -1),
    heartbeatIntervalMs: () => config.get('broker.heartbeat.interval.ms'),
  })
  /** In what this broker sends to the controller. */
  const sender = () => ({ brokerId: nodeId, brokerEpoch: lifecycle.brokerEpoch })
  return { channel, metadata, telemetry, lifecycle, sender }
}

/** Replicas follow the image, and coordinators the replicas: all of them are there before the first image is. */
function createReplicas({ config, nodeId, hostOf, endings }: Base, storage: Storage, control: Control) {
  const { channel, metadata, sender } = control
  const replicas = new ReplicaManager({
    nodeId,
    host: hostOf('replicas'),
    directories: storage.directories,
    offlinePaths: storage.offlinePaths,
    assignReplicas: (directories) => channel.send('AssignReplicasToDirs', { ...sender(), directories }),
    isCordoned: (path) => config.isCordoned(path),
    logConfigFor: (topic) => config.logConfigFor(topic),
    moveBytesPerSecond: () => config.moveRate,
    syncsAcksAll: config.get('milena.flush.on.acks.all'),
  })
  endings.push(() => replicas.stop())
  config.onLogConfigChange((topics) => replicas.refreshConfigs(topics))
  const createTopics: CreateTopics = (request) => channel.send('CreateTopics', request)
  const coordinators = createCoordinators(
    (part) => ({ host: hostOf(part), config, metadata, replicas, createTopics }),
    () => channel.send('AllocateProducerIds', sender()),
  )
  endings.push(() => coordinators.shareState.close())
  endings.push(() => coordinators.groups.close())
  endings.push(() => coordinators.transactions.close())
  return { replicas, coordinators, createTopics }
}

/** Until the controller has taken it in, the broker is nobody. At a stop it says so while all behind it still works. */
async function register({ endings }: Base, storage: Storage, { lifecycle }: Control, { replicas }: Data) {
  endings.push(() => lifecycle.stop())
  replicas.onDirectoryOffline = () => lifecycle.report()
  await lifecycle.start()
  // Asked for at the stop: the controller may have it register anew.
  storage.life.brokerEpoch = () => Number(lifecycle.brokerEpoch)
}

/**
 * Not before the registration, which moves every leader epoch: coordinators would load their logs twice. What has been
 * recovered is on disk when it resolves: before that nobody may be told of it.
 */
async function startReplicas({ directories }: Storage, { metadata }: Control, { replicas }: Data) {
  replicas.start(metadata.image)
  metadata.subscribe((image, delta) => replicas.apply(image, delta))
  for (const directory of directories) await directory.whenRecovered()
}

/** Compaction in the background, now that the logs are open. */
function startCleaner({ config, hostOf, endings }: Base, { environment, directories }: Storage): LogCleaner {
  const settings = () => cleanerSettings(config)
  const cleaner = new LogCleaner({ ...environment, host: hostOf('cleaner') }, directories, settings)
  cleaner.start()
  endings.push(() => cleaner.stop())
  return cleaner
}

/** What handlers reach. */
function createServices(base: Base, storage: Storage, ports: Ports, control: Control, data: Data): Services {
  const { host, config, nodeId, loggers, hostOf, endings } = base
  const { clusterId } = storage
  const { metadata, telemetry } = control
  const { replicas, coordinators, createTopics } = data
  const { shareState } = coordinators
  const shares = createSharePartitions({ host: hostOf('shares'), config, metadata, replicas, shareState, createTopics })
  endings.push(() => shares.close())
  return {
    host: hostOf('handlers'),
    loggers,
    requestLogger: loggers.named(LOGGERS.requests),
    config,
    clusterId,
    nodeId,
    controller: control.channel,
    metadata,
    replicas,
    answerMemory: base.budgets.answers,
    fetchSessions: new FetchSessions(config.get('max.incremental.fetch.session.cache.slots'), host.clock, host.random),
    ...coordinators,
    shares,
    quotas: ports.quotas,
    telemetry,
    requestMetrics: new RequestMetrics(),
    controllerListener: ports.controller?.advertised ?? null,
    servedApis: servedApis(handlers),
  }
}

/** The doors open, and close first: nobody is answered while the parts behind the answers go. */
function serve({ endings }: Base, { clients, controller }: Ports, services: Services): void {
  clients.server.serve(new Dispatch(services, handlers))
  const controllerServices = { ...services, servedApis: servedApis(controllerHandlers) }
  controller?.server.serve(new Dispatch(controllerServices, controllerHandlers))
  endings.push(() => clients.server.close())
}

/** Ready, in the eyes of who supervises the process; at a stop no more, before anything else is ended. */
function serveHttp({ budgets, endings }: Base, http: OperatorHttp, sources: Omit<MetricSources, 'budgets'>): void {
  http.serve({ ...sources, budgets: new Map(Object.entries(budgets)) })
  endings.push(() => http.stopping())
}
