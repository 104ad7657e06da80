// Members go: they leave, or are shut out because they did not keep up. A static member that says so is only away.

import type { GroupMachine, GroupOutcome } from '../group-machine.ts'
import type { GroupRecord } from '../group-records.ts'
import { metadataHash } from '../modern/metadata-hash.ts'
import { type ConsumerGroup, countTopic } from './consumer-group.ts'
import { type ConsumerMember, regexOf } from './consumer-member.ts'
import { groupEpochRecord, regexTombstone, removalRecords, targetEpochRecord } from './consumer-records.ts'
import { forgetMember } from './timers.ts'

/** Takes members out of the group; the others are given what they had with the next target. */
export function fenceMembers(
  machine: GroupMachine,
  group: ConsumerGroup,
  members: readonly ConsumerMember[],
): GroupOutcome {
  const { groupId } = group
  const regexes = regexesOfNobodyElse(group, members)
  const groupEpoch = group.groupEpoch + 1
  const hash = metadataHash(machine.topics, topicsWithout(group, members, regexes))
  const records: GroupRecord[] = [
    ...members.flatMap(({ memberId }) => removalRecords(groupId, memberId)),
    ...regexes.map((regex) => regexTombstone(groupId, regex)),
    groupEpochRecord(groupId, groupEpoch, hash),
  ]
  // Nobody is left whom a target could be worked out for.
  if (group.members.size === members.length) records.push(targetEpochRecord(groupId, groupEpoch, 0))
  return {
    records,
    applied: () => {
      for (const { memberId } of members) forgetMember(machine, groupId, memberId)
    },
  }
}

function regexesOfNobodyElse(group: ConsumerGroup, members: readonly ConsumerMember[]): string[] {
  const counts = new Map<string, number>()
  for (const member of members) {
    const regex = regexOf(member)
    if (regex !== null) counts.set(regex, (counts.get(regex) ?? 0) + 1)
  }
  return [...counts].filter(([regex, count]) => group.regexCounts.get(regex) === count).map(([regex]) => regex)
}

function topicsWithout(
  group: ConsumerGroup,
  members: readonly ConsumerMember[],
  regexes: readonly string[],
): Iterable<string> {
  const subscriptions = new Map(group.subscriptions)
  for (const { subscribedTopicNames } of members) {
    for (const topic of subscribedTopicNames) countTopic(subscriptions, topic, -1, 0)
  }
  for (const regex of regexes) {
    for (const topic of group.resolvedRegexes.get(regex)?.topics ?? []) countTopic(subscriptions, topic, 0, -1)
  }
  return subscriptions.keys()
}
