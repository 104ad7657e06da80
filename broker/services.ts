// The parts of a broker that handlers reach, in the order in which broker.ts builds them. Each part adds its line here.

import type { Host } from '../host/host.ts'
import type { CoordinatorFinder } from './coordinator/group/find-coordinator.ts'
import type { GroupCoordinator } from './coordinator/group/group-coordinator.ts'

export interface Services {
  readonly host: Host
  readonly clusterId: string
  readonly nodeId: number
  readonly groups: GroupCoordinator
  readonly coordinators: CoordinatorFinder
}
