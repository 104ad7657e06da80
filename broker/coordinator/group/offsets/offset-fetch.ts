// OffsetFetch, for one group. What is asked and not there comes as offset -1, never as an error: a group that nobody
// has committed to looks like one that does not exist.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../../protocol/wire.ts'
import type { GroupMachine } from '../model/group-machine.ts'
import type { CommittedOffset } from '../model/offset-store.ts'

export interface FetchTopic {
  readonly name: string
  /** Echoed; ZERO_UUID where topics go by name. */
  readonly topicId: string
  readonly partitionIndexes: readonly number[]
}

export interface FetchedPartition {
  readonly partitionIndex: number
  readonly committedOffset: bigint
  readonly committedLeaderEpoch: number
  readonly metadata: string
  readonly errorCode: number
}

export interface FetchedTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly FetchedPartition[]
}

/**
 * `topics` null: all that the group has. `requireStable`: an offset that an open transaction may change is an error.
 */
export function fetchOffsets(
  machine: GroupMachine,
  groupId: string,
  topics: readonly FetchTopic[] | null,
  requireStable: boolean,
): FetchedTopic[] {
  const fetch = (topic: string, partition: number): FetchedPartition => {
    if (requireStable && machine.offsets.isUnstable(groupId, topic, partition)) {
      return noOffset(partition, ErrorCode.UNSTABLE_OFFSET_COMMIT)
    }
    const committed = machine.offsets.get(groupId, topic, partition)
    if (committed === undefined || isOfFormerTopic(machine, topic, committed)) {
      return noOffset(partition, ErrorCode.NONE)
    }
    return {
      partitionIndex: partition,
      committedOffset: committed.offset,
      committedLeaderEpoch: committed.leaderEpoch,
      metadata: committed.metadata,
      errorCode: ErrorCode.NONE,
    }
  }
  if (topics !== null) {
    return topics.map(({ name, topicId, partitionIndexes }) => {
      return { name, topicId, partitions: partitionIndexes.map((partition) => fetch(name, partition)) }
    })
  }
  return [...machine.offsets.of(groupId)].flatMap(([name, partitions]) => {
    const indexes = [...partitions].flatMap(([index, one]) => (isOfFormerTopic(machine, name, one) ? [] : index))
    const fetched = indexes.map((partition) => fetch(name, partition))
    return fetched.length === 0 ? [] : { name, topicId: ZERO_UUID, partitions: fetched }
  })
}

/**
 * The topic was deleted and made anew under its name, and its offsets have survived: a broker that stops in between
 * hears of the deletion no more. To go on from there would pass over records. Kafka compares ids from v10 on only.
 */
function isOfFormerTopic({ topics }: GroupMachine, name: string, { topicId }: CommittedOffset): boolean {
  if (topicId === ZERO_UUID) return false
  const current = topics.idOf(name)
  return current !== undefined && current !== topicId
}

export function noOffset(partitionIndex: number, errorCode: number): FetchedPartition {
  return { partitionIndex, committedOffset: -1n, committedLeaderEpoch: -1, metadata: '', errorCode }
}
