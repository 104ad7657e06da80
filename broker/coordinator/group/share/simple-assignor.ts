// The assignor of share groups, `simple`: every partition goes to as many members as it takes for every member to have
// one, and members have about as many as each other. What a member has it keeps, as far as that allows. Source:
// SimpleAssignor (KIP-932), whose aims these are.

import type { Assignment } from '../modern/assignment.ts'

export interface AssignableMember {
  readonly memberId: string
  /** By id. */
  readonly topicIds: ReadonlySet<string>
  readonly current: Assignment
}

/**
 * `partitions`: those that may be assigned, by topic id. The result does not depend on the order of members and topics.
 */
export function assignSimple(
  members: readonly AssignableMember[],
  partitions: ReadonlyMap<string, ReadonlySet<number>>,
): Map<string, Assignment> {
  const sorted = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1))
  const result = new Map(sorted.map(({ memberId }) => [memberId, new Map<string, Set<number>>()]))
  // Members with the same subscription share all of its partitions; topics that not all have are shared one by one.
  for (const topicIds of topicSets(sorted, [...partitions.keys()].sort())) {
    const users = sorted.filter((member) => member.topicIds.has(topicIds[0]!))
    const targets = topicIds.flatMap((topicId) =>
      [...partitions.get(topicId)!].sort((a, b) => a - b).map((partition) => ({ topicId, partition })),
    )
    share(users, targets, result)
  }
  return result
}

/** Topics with the same users, together. */
function topicSets(members: readonly AssignableMember[], topicIds: readonly string[]): string[][] {
  const sets = new Map<string, string[]>()
  for (const topicId of topicIds) {
    const users = members.flatMap((member, index) => (member.topicIds.has(topicId) ? [index] : []))
    if (users.length === 0) continue
    const key = users.join()
    const set = sets.get(key)
    if (set === undefined) sets.set(key, [topicId])
    else set.push(topicId)
  }
  return [...sets.values()]
}

interface Target {
  readonly topicId: string
  readonly partition: number
}

function share(
  users: readonly AssignableMember[],
  targets: readonly Target[],
  result: ReadonlyMap<string, Map<string, Set<number>>>,
): void {
  if (targets.length === 0) return
  const sharing = Math.ceil(users.length / targets.length)
  const total = sharing * targets.length
  const [few, more] = [Math.floor(total / users.length), total % users.length]
  const room = new Map(targets.map((target) => [target, sharing]))
  const wanted = new Map(users.map(({ memberId }, index) => [memberId, few + (index < more ? 1 : 0)]))
  const give = (memberId: string, target: Target): void => {
    const assignment = result.get(memberId)!
    const partitions = assignment.get(target.topicId) ?? new Set()
    partitions.add(target.partition)
    assignment.set(target.topicId, partitions)
    room.set(target, room.get(target)! - 1)
    wanted.set(memberId, wanted.get(memberId)! - 1)
  }
  for (const { memberId, current } of users) {
    for (const target of targets) {
      if (wanted.get(memberId)! <= 0) break
      if (room.get(target)! > 0 && current.get(target.topicId)?.has(target.partition) === true) give(memberId, target)
    }
  }
  let next = 0
  for (const { memberId } of users) {
    for (let tried = 0; wanted.get(memberId)! > 0 && tried < targets.length; tried++) {
      const target = targets[next++ % targets.length]!
      const has = result.get(memberId)!.get(target.topicId)?.has(target.partition) === true
      if (room.get(target)! > 0 && !has) give(memberId, target)
    }
  }
}
