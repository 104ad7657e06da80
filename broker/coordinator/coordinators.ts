// The coordinators of a broker, and where clients find them.

import type { GroupCoordinator } from './group/group-coordinator.ts'
import { createGroupServices } from './group/group-services.ts'
import { CoordinatorFinder } from './runtime/find-coordinator.ts'
import type { CoordinatorSurroundings } from './runtime/surroundings.ts'

export interface Coordinators {
  readonly groups: GroupCoordinator
  readonly coordinators: CoordinatorFinder
}

/** Before the replicas elect: who leads is heard from then on. */
export function createCoordinators(surroundings: CoordinatorSurroundings): Coordinators {
  const { metadata } = surroundings
  const { groups, groupTopic } = createGroupServices(surroundings)
  const coordinators = new CoordinatorFinder({
    topics: { group: groupTopic },
    leaderOf: (topic, partition, listener) => {
      const leader = metadata.image.topics.partition(topic, partition)?.leader ?? -1
      const endPoint = metadata.image.brokers.get(leader)?.endPoints.find(({ name }) => name === listener)
      return endPoint === undefined ? undefined : { nodeId: leader, host: endPoint.host, port: endPoint.port }
    },
  })
  return { groups, coordinators }
}
