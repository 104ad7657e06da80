// The coordinators of a broker, and where clients find them.

import { createGroupServices, type GroupServices } from './group/group-services.ts'
import { CoordinatorFinder } from './runtime/find-coordinator.ts'
import type { CoordinatorSurroundings } from './runtime/surroundings.ts'
import type { ShareCoordinator } from './share/share-coordinator.ts'
import { createShareStateServices } from './share/share-services.ts'
import type { AllocateBlock } from './transaction/producer-ids.ts'
import { createTransactionServices, type TransactionServices } from './transaction/transaction-services.ts'

export interface Coordinators extends Omit<GroupServices, 'groupTopic'>, Omit<TransactionServices, 'transactionTopic'> {
  readonly shareState: ShareCoordinator
  readonly coordinators: CoordinatorFinder
}

/** Before the replicas elect: who leads is heard from then on. */
export function createCoordinators(
  surroundingsOf: (part: 'groupCoordinator' | 'transactionCoordinator' | 'shareCoordinator') => CoordinatorSurroundings,
  allocateBlock: AllocateBlock,
): Coordinators {
  const surroundings = surroundingsOf('groupCoordinator')
  const { metadata } = surroundings
  const { groupTopic, ...groupServices } = createGroupServices(surroundings)
  const { transactionTopic, ...transactionServices } = createTransactionServices(
    surroundingsOf('transactionCoordinator'),
    groupServices.groups,
    allocateBlock,
  )
  const { shareTopic, shareState } = createShareStateServices(surroundingsOf('shareCoordinator'))
  const coordinators = new CoordinatorFinder({
    topics: { group: groupTopic, transaction: transactionTopic, share: shareTopic },
    leaderOf: (topic, partition, listener) => {
      const leader = metadata.image.topics.partition(topic, partition)?.leader ?? -1
      const endPoint = metadata.image.brokers.get(leader)?.endPoints.find(({ name }) => name === listener)
      return endPoint === undefined ? undefined : { nodeId: leader, host: endPoint.host, port: endPoint.port }
    },
  })
  return { ...groupServices, ...transactionServices, shareState, coordinators }
}
