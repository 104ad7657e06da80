// The loggers there are, each after the class of Apache Kafka that writes of the same, so that what operators know by
// heart works here; and levels as a property gives them.

import { type Logger, type LogLevel, logLevels } from '../../host/host.ts'
import { Loggers, ROOT } from '../../host/loggers.ts'
import { splitList } from './config-row.ts'

export const LOGGERS = {
  /** Nothing of their own: those below inherit from them. Kafka's configuration as distributed has them too. */
  kafka: 'kafka',
  apacheKafka: 'org.apache.kafka',
  /** A line a request, at DEBUG. */
  requests: 'kafka.request.logger',
  network: 'kafka.network.SocketServer',
  handlers: 'kafka.server.KafkaApis',
  replicas: 'kafka.server.ReplicaManager',
  shares: 'kafka.server.share.SharePartitionManager',
  lifecycle: 'org.apache.kafka.server.BrokerLifecycleManager',
  groupCoordinator: 'org.apache.kafka.coordinator.group.GroupCoordinatorService',
  shareCoordinator: 'org.apache.kafka.coordinator.share.ShareCoordinatorService',
  transactionCoordinator: 'kafka.coordinator.transaction.TransactionCoordinator',
  controller: 'org.apache.kafka.controller.QuorumController',
  metadata: 'org.apache.kafka.image.loader.MetadataLoader',
  /** Logs, their recovery, their directories. */
  storage: 'org.apache.kafka.storage.internals.log.LogManager',
  cleaner: 'org.apache.kafka.storage.internals.log.LogCleaner',
  http: 'milena.http',
} as const

/** As Kafka lists them where it refuses another. */
export const LEVEL_NAMES: readonly string[] = logLevels.map((level) => level.toUpperCase()).sort()

export function levelOfName(name: string): LogLevel | undefined {
  return logLevels.find((level) => level.toUpperCase() === name)
}

/** With the levels of milena.log.levels. */
export function createLoggers(writer: Logger, startLevels: readonly string[]): Loggers {
  const loggers = new Loggers(writer, Object.values(LOGGERS))
  // As in Kafka's configuration as distributed: who sets root to DEBUG does not mean a line a request.
  loggers.set(LOGGERS.requests, 'warn')
  for (const entry of startLevels) {
    const [name, level] = nameAndLevel(entry)
    loggers.set(name, levelOfName(level) ?? null)
  }
  return loggers
}

export function startLevelsFault(text: string): string | null {
  const names: readonly string[] = [ROOT, ...Object.values(LOGGERS)]
  for (const entry of splitList(text)) {
    const [name, level] = nameAndLevel(entry)
    if (!names.includes(name)) return `There is no logger ${name}; there are ${names.join(', ')}`
    if (levelOfName(level) === undefined) return `Must be LOGGER:LEVEL, a level being one of ${LEVEL_NAMES.join(', ')}`
  }
  return null
}

function nameAndLevel(entry: string): [name: string, level: string] {
  const [name = '', level = ''] = entry.split(':')
  return [name.trim(), level.trim()]
}
