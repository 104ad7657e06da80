// Where the replicas of new partitions go. One function, so that racks and load can be weighed later without the
// callers.

import { ErrorCode } from '../../protocol/error-codes.ts'
import { type BrokerImage, DIRECTORY, type MetadataImage } from '../metadata/image.ts'
import { type Fault, fault } from './decision.ts'

/**
 * Replica lists of `count` partitions: leaders round robin over the live brokers, followers on the brokers after them.
 */
export function placeReplicas(
  image: MetadataImage,
  count: number,
  replicationFactor: number,
  firstIndex: number,
): number[][] | Fault {
  const brokers = [...image.brokers.values()].filter(takesReplicas).map((broker) => broker.id)
  const live = brokers.filter((id) => !image.brokers.get(id)!.fenced).sort((left, right) => left - right)
  if (live.length === 0)
    return unplaced(replicationFactor, 'All brokers are currently fenced or have all their log directories cordoned.')
  if (replicationFactor > brokers.length) {
    const target = `The target replication factor of ${replicationFactor} cannot be reached`
    const cordoned = 'or some brokers have all their log directories cordoned.'
    const why = `only ${brokers.length} broker(s) are registered ${cordoned}`
    return unplaced(replicationFactor, `${target} because ${why}`)
  }
  // Fenced brokers come last: they take followers only when there are not enough others.
  const fenced = brokers.filter((id) => image.brokers.get(id)!.fenced)
  return Array.from({ length: count }, (_, index) => {
    const start = (firstIndex + index) % live.length
    const order = [...live.slice(start), ...live.slice(0, start), ...fenced]
    return order.slice(0, replicationFactor)
  })
}

function takesReplicas(broker: BrokerImage): boolean {
  const { logDirs, cordonedLogDirs } = broker
  return logDirs.length === 0 || logDirs.some((directory) => !(cordonedLogDirs ?? []).includes(directory))
}

function unplaced(replicationFactor: number, reason: string): Fault {
  const message = `Unable to replicate the partition ${replicationFactor} time(s): ${reason}`
  return fault(ErrorCode.INVALID_REPLICATION_FACTOR, message)
}

/** The directory of a new replica: known when the broker has but one, else the broker chooses. */
export function directoryFor(broker: BrokerImage | undefined): string {
  const open = broker?.logDirs.filter((directory) => !(broker.cordonedLogDirs ?? []).includes(directory)) ?? []
  return open.length === 1 ? open[0]! : DIRECTORY.unassigned
}
