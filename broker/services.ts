// The parts of a broker that handlers reach, in the order in which assembly.ts makes them.

import type { Host } from '../host/host.ts'
import type { Loggers, NamedLogger } from '../host/loggers.ts'
import type { ApiName } from '../protocol/apis.ts'
import type { BrokerConfig } from './config/broker-config.ts'
import type { GroupCoordinator } from './coordinator/group/group-coordinator.ts'
import type { CoordinatorFinder } from './coordinator/runtime/find-coordinator.ts'
import type { ShareCoordinator } from './coordinator/share/share-coordinator.ts'
import type { Admission } from './coordinator/transaction/admission.ts'
import type { MarkerWriter } from './coordinator/transaction/marker-writer.ts'
import type { ProducerIds } from './coordinator/transaction/producer-ids.ts'
import type { TransactionCoordinator } from './coordinator/transaction/transaction-coordinator.ts'
import type { ControllerChannel } from './metadata/controller-channel.ts'
import type { MetadataLoader } from './metadata/loader.ts'
import type { RequestMetrics } from './metrics/request-metrics.ts'
import type { Quotas } from './quotas/quotas.ts'
import type { FetchMemory } from './replication/delayed-fetch.ts'
import type { FetchSessions } from './replication/fetch-sessions.ts'
import type { ReplicaManager } from './replication/replica-manager.ts'
import type { SharePartitions } from './share/share-partitions.ts'
import type { ClientTelemetry } from './telemetry/client-telemetry.ts'

export interface ServedApi {
  readonly apiKey: number
  readonly name: ApiName
  readonly minVersion: number
  readonly maxVersion: number
}

export interface Services {
  readonly host: Host
  readonly loggers: Loggers
  /** A line for each request, at DEBUG. */
  readonly requestLogger: NamedLogger
  readonly config: BrokerConfig
  readonly clusterId: string
  readonly nodeId: number
  readonly controller: ControllerChannel
  readonly metadata: MetadataLoader
  readonly replicas: ReplicaManager
  readonly fetchSessions: FetchSessions
  /** What answers may hold that are being read from disk, or wait for slow peers. */
  readonly answerMemory: FetchMemory
  readonly transactions: TransactionCoordinator
  readonly admission: Admission
  readonly producerIds: ProducerIds
  /** Of transactions, to the partitions that this broker leads. */
  readonly markers: MarkerWriter
  readonly groups: GroupCoordinator
  /** Where share groups keep what has become of records. */
  readonly shareState: ShareCoordinator
  /** What they have in flight of the partitions led here. */
  readonly shares: SharePartitions
  readonly coordinators: CoordinatorFinder
  readonly quotas: Quotas
  readonly telemetry: ClientTelemetry
  readonly requestMetrics: RequestMetrics
  /** Where the controller is asked past the broker; null: it is not. */
  readonly controllerListener: { readonly name: string; readonly host: string; readonly port: number } | null
  /** What ApiVersions lists. */
  readonly servedApis: readonly ServedApi[]
}
