// The parts of a broker that handlers reach, in the order in which broker.ts builds them. Each part adds its line here.

import type { Host } from '../host/host.ts'

export interface Services {
  readonly host: Host
  readonly clusterId: string
  readonly nodeId: number
}
