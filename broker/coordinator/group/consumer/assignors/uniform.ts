// The uniform assignor, which is Kafka's default: everybody gets as many partitions as the others, or one more, and
// keeps what it has as far as that allows. Members with different subscriptions take another way (heterogeneous.ts).
// Source: UniformAssignor, UniformHomogeneousAssignmentBuilder of Apache Kafka.

import type { Assignment } from '../../modern/assignment.ts'
import {
  type Assign,
  type AssignedMember,
  type AssignorInput,
  type Draft,
  draftOf,
  give,
} from '../../modern/assignor.ts'
import { assignHeterogeneous } from './heterogeneous.ts'

interface Partition {
  readonly topicId: string
  readonly partition: number
}

export const assignUniform: Assign = (input) => {
  if (input.members.length === 0) return new Map()
  return input.isHomogeneous ? assignHomogeneous(input) : assignHeterogeneous(input)
}

function assignHomogeneous({ members, partitionCount }: AssignorInput): ReadonlyMap<string, Assignment> {
  const topicIds = members[0]!.topicIds
  if (topicIds.size === 0) return new Map()
  const { unassigned, total } = unassignedPartitions(members, topicIds, partitionCount)
  const quotas = new Quotas(total, members.length)
  const targets = new Map<string, Assignment>()
  const unfilled: { memberId: string; draft: Draft; room: number }[] = []
  for (const [index, { memberId, target }] of members.entries()) {
    const draft = draftOf(target)
    const room = quotas.settle(revokeSurplus(draft, topicIds, quotas.next, unassigned), members.length - index)
    if (room > 0) unfilled.push({ memberId, draft, room })
    targets.set(memberId, draft)
  }
  let next = 0
  for (const { draft, room } of unfilled) {
    for (let filled = 0; filled < room && next < unassigned.length; filled++) {
      const { topicId, partition } = unassigned[next++]!
      give(draft, topicId, partition)
    }
  }
  if (next < unassigned.length) throw new Error(`assertion: ${unassigned.length - next} partitions are left unassigned`)
  return targets
}

/** Each member's share: some get one partition more than the others. */
class Quotas {
  readonly #least: number
  #extraCount: number

  constructor(partitionCount: number, memberCount: number) {
    this.#least = Math.floor(partitionCount / memberCount)
    this.#extraCount = partitionCount % memberCount
  }

  /** How many the next member may keep. */
  get next(): number {
    return this.#extraCount > 0 ? this.#least + 1 : this.#least
  }

  /** A member that would have to be given the extra one leaves it to another, while enough of them are to come. */
  settle(room: number, membersLeft: number): number {
    if (this.#extraCount === 0) return room
    if (room > 0 && membersLeft > this.#extraCount) return room - 1
    this.#extraCount--
    return room
  }
}

/** Takes away what the member may not keep; how many it may be given yet. */
function revokeSurplus(draft: Draft, topicIds: ReadonlySet<string>, quota: number, unassigned: Partition[]): number {
  let room = quota
  for (const [topicId, partitions] of [...draft]) {
    if (!topicIds.has(topicId)) {
      draft.delete(topicId)
      continue
    }
    for (const partition of [...partitions].sort((a, b) => a - b)) {
      if (room > 0) {
        room--
        continue
      }
      partitions.delete(partition)
      unassigned.push({ topicId, partition })
    }
    if (partitions.size === 0) draft.delete(topicId)
  }
  return room
}

function unassignedPartitions(
  members: readonly AssignedMember[],
  topicIds: ReadonlySet<string>,
  partitionCount: (topicId: string) => number,
): { unassigned: Partition[]; total: number } {
  const assigned = new Map<string, Set<number>>([...topicIds].map((topicId) => [topicId, new Set()]))
  for (const { target } of members) {
    for (const [topicId, partitions] of target) {
      for (const partition of partitions) assigned.get(topicId)?.add(partition)
    }
  }
  const unassigned: Partition[] = []
  let total = 0
  for (const topicId of topicIds) {
    const count = partitionCount(topicId)
    total += count
    for (let partition = 0; partition < count; partition++) {
      if (!assigned.get(topicId)!.has(partition)) unassigned.push({ topicId, partition })
    }
  }
  return { unassigned, total }
}
