// What the answers of ShareFetch and ShareAcknowledge have in common: partitions by topic, and who leads those that
// were looked for here in vain.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { Services } from '../../services.ts'
import { currentLeader, leaderEndpoints } from '../data/current-leader.ts'

export const NO_LEADER = { leaderId: 0, leaderEpoch: 0 }

interface Told {
  readonly topicId: string
  readonly partitionIndex: number
  readonly errorCode: number
  currentLeader: { readonly leaderId: number; readonly leaderEpoch: number }
}

export function byTopic<T extends Told>(told: readonly T[]): { topicId: string; partitions: T[] }[] {
  const topics = new Map<string, T[]>()
  for (const one of told) {
    const partitions = topics.get(one.topicId)
    if (partitions === undefined) topics.set(one.topicId, [one])
    else partitions.push(one)
  }
  return Array.from(topics, ([topicId, partitions]) => ({ topicId, partitions }))
}

/** Fills in the leaders, and returns where they are. */
export function nameLeaders(services: Services, listener: string, told: readonly Told[]) {
  const leaderIds = new Set<number>()
  for (const one of told) {
    if (one.errorCode !== ErrorCode.NOT_LEADER_OR_FOLLOWER && one.errorCode !== ErrorCode.FENCED_LEADER_EPOCH) continue
    one.currentLeader = currentLeader(services, '', one.topicId, one.partitionIndex)
    leaderIds.add(one.currentLeader.leaderId)
  }
  return leaderEndpoints(services, listener, leaderIds)
}
