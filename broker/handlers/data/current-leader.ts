// Who leads a partition that a client has looked for here in vain, and where that broker is (KIP-951): the client goes
// on without asking for metadata first. Produce says so from v10 on, Fetch from v16 on.

import { ZERO_UUID } from '../../../protocol/wire.ts'
import type { Services } from '../../services.ts'

export interface CurrentLeader {
  readonly leaderId: number
  readonly leaderEpoch: number
}

const NOBODY: CurrentLeader = { leaderId: -1, leaderEpoch: -1 }

export function currentLeader(services: Services, name: string, topicId: string, index: number): CurrentLeader {
  const { topics } = services.metadata.image
  const topic = topicId === ZERO_UUID ? topics.byName(name) : topics.byId(topicId)
  const partition = topic?.partitions[index]
  return partition === undefined ? NOBODY : { leaderId: partition.leader, leaderEpoch: partition.leaderEpoch }
}

/** Where these brokers listen, under the name of the listener that the client came in by. */
export function leaderEndpoints(services: Services, listener: string, leaderIds: ReadonlySet<number>) {
  const { brokers } = services.metadata.image
  return Array.from(leaderIds).flatMap((id) => brokers.endpoint(id, listener) ?? [])
}
