// The parts of a broker that its metrics are read from.

import type { Host } from '../../host/host.ts'
import type { LogCleaner } from '../../storage/cleaner/log-cleaner.ts'
import type { StorageEnvironment } from '../../storage/environment.ts'
import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts'
import type { ShareCoordinator } from '../coordinator/share/share-coordinator.ts'
import type { TransactionCoordinator } from '../coordinator/transaction/transaction-coordinator.ts'
import type { MetadataLoader } from '../metadata/loader.ts'
import type { MemoryBudget } from '../network/memory-budget.ts'
import type { Server } from '../network/server.ts'
import type { ReplicaManager } from '../replication/replica-manager.ts'
import type { ClientTelemetry } from '../telemetry/client-telemetry.ts'
import type { RequestMetrics } from './request-metrics.ts'

export interface MetricSources {
  readonly host: Host
  readonly clusterId: string
  readonly nodeId: number
  readonly requestMetrics: RequestMetrics
  /** By the name of its listener. */
  readonly servers: ReadonlyMap<string, Server>
  /** Memory of what is on its way in and out. */
  readonly budgets: ReadonlyMap<string, MemoryBudget>
  readonly environment: StorageEnvironment
  readonly cleaner: LogCleaner
  readonly metadata: MetadataLoader
  readonly replicas: ReplicaManager
  readonly groups: GroupCoordinator
  readonly shareState: ShareCoordinator
  readonly transactions: TransactionCoordinator
  readonly telemetry: ClientTelemetry
}
