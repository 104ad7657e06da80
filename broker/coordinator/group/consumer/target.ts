// The target assignment of a consumer group: the assignor is asked, and what has changed is written.

import type { GroupMachine } from '../model/group-machine.ts'
import { type Assignment, equalAssignments, NO_PARTITIONS } from '../modern/assignment.ts'
import { type Assign, type AssignedMember, draftOf, take } from '../modern/assignor.ts'
import type { Draft } from '../modern/draft.ts'
import { assignRange } from './assignors/range.ts'
import { assignUniform } from './assignors/uniform.ts'
import type { ConsumerGroup, Subscription } from './consumer-group.ts'
import { type ConsumerMember, regexOf } from './consumer-member.ts'
import { targetEpochRecord, targetRecord } from './consumer-records.ts'
import { preferredAssignor, type Speaker, type Subscribed } from './speaker.ts'

export const ASSIGNORS: Readonly<Record<string, Assign>> = { uniform: assignUniform, range: assignRange }

/** Whether all members are subscribed to the same topics. `changed`: what the subscriptions are counted over. */
export function isHomogeneous(
  group: ConsumerGroup,
  subscriptions: ReadonlyMap<string, Subscription>,
  changed: { readonly regexes: ReadonlyMap<string, number>; readonly memberCount: number } | null,
): boolean {
  const regexes = changed?.regexes ?? group.regexCounts
  const memberCount = changed?.memberCount ?? group.members.size
  const counts = [...subscriptions.values()]
  if (regexes.size === 0) return counts.every(({ byName }) => byName === memberCount)
  if (regexes.values().next().value !== memberCount) return false
  return counts.every(({ byName, byRegex }) => byRegex === 1 && byName <= 0)
}

/** The new targets of all members, by member id. */
export function retarget(
  machine: GroupMachine,
  speaker: Speaker,
  subscribed: Subscribed,
  { records }: Draft,
): ReadonlyMap<string, Assignment> {
  const { group, after, replaces } = speaker
  const { groupId } = group
  const members = assignedMembers(machine, speaker)
  const assign = ASSIGNORS[preferredAssignor(machine, speaker)] ?? assignUniform
  const partitionCount = (topicId: string) => machine.topics.partitionCount(machine.topics.nameOf(topicId) ?? '')
  const targets = assign({
    members: withoutNonsense(members, partitionCount),
    isHomogeneous: subscribed.isHomogeneous(),
    partitionCount,
  })
  for (const { memberId } of members) {
    // A static member that comes back has had its former target written under its new id by now.
    const old =
      memberId === after.memberId && replaces !== null
        ? group.targetOf(replaces.memberId)
        : group.targetAssignment.get(memberId)
    const target = targets.get(memberId) ?? NO_PARTITIONS
    if (old === undefined || !equalAssignments(target, old)) records.push(targetRecord(groupId, memberId, target))
  }
  records.push(targetEpochRecord(groupId, subscribed.groupEpoch, machine.now()))
  return targets
}

/**
 * The last targets without partitions that there are not, or that another member has as well: what a leader of the
 * classic protocol has assigned became the group's first target. Assignors take it for granted.
 */
function withoutNonsense(
  members: readonly AssignedMember[],
  partitionCount: (topicId: string) => number,
): readonly AssignedMember[] {
  const claimed = new Map<string, { readonly count: number; readonly partitions: Set<number> }>()
  return members.map((member) => {
    const nonsense: { topicId: string; partition: number }[] = []
    for (const [topicId, partitions] of member.target) {
      const known = claimed.get(topicId) ?? { count: partitionCount(topicId), partitions: new Set() }
      claimed.set(topicId, known)
      for (const partition of partitions) {
        const isSound = partition >= 0 && partition < known.count && !known.partitions.has(partition)
        if (isSound) known.partitions.add(partition)
        else nonsense.push({ topicId, partition })
      }
    }
    if (nonsense.length === 0) return member
    const target = draftOf(member.target)
    for (const { topicId, partition } of nonsense) take(target, topicId, partition)
    return { ...member, target }
  })
}

function assignedMembers(machine: GroupMachine, { group, after, replaces }: Speaker): AssignedMember[] {
  const ids = new Map<string, string | undefined>()
  const idOf = (name: string): string | undefined => {
    if (!ids.has(name)) ids.set(name, machine.topics.idOf(name))
    return ids.get(name)
  }
  const assigned = (member: ConsumerMember, target: Assignment): AssignedMember => {
    const matched = group.resolvedRegexes.get(regexOf(member) ?? '')?.topics ?? []
    const names = [...new Set([...member.subscribedTopicNames, ...matched])].sort()
    const topicIds = new Set(names.flatMap((name) => idOf(name) ?? []))
    return { memberId: member.memberId, instanceId: member.instanceId, topicIds, target }
  }
  const members: AssignedMember[] = []
  let isKnown = false
  for (const member of group.members.values()) {
    const speaks = member.memberId === (replaces ?? after).memberId
    // A static member may come back under the id of another member, whose place it takes as well.
    if (!speaks && member.memberId === after.memberId) continue
    if (speaks) isKnown = true
    members.push(assigned(speaks ? after : member, group.targetOf(member.memberId)))
  }
  if (!isKnown) members.push(assigned(after, group.targetOf(after.memberId)))
  return members
}
