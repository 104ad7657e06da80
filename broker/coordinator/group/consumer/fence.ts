// Members are taken out of a consumer group: they leave, or are shut out because they did not keep up.

import { NOTHING } from '../../runtime/state-machine.ts'
import type { GroupMachine, GroupOutcome } from '../model/group-machine.ts'
import { forgetMember } from '../model/member-timers.ts'
import { count } from '../modern/counts.ts'
import { type Draft, runAll } from '../modern/draft.ts'
import { metadataHash } from '../modern/metadata-hash.ts'
import { type ConsumerGroup, consumerGroup, countTopic } from './consumer-group.ts'
import { type ConsumerMember, regexOf } from './consumer-member.ts'
import { groupEpochRecord, regexTombstone, removalRecords, targetEpochRecord } from './consumer-records.ts'
import { canDowngradeWithout, downgrade } from './downgrade.ts'

/**
 * Takes members out of the group; the others are given what they had with the next target. Kafka refuses what does not
 * fit into one batch of its log (some 4,000 members).
 */
export function fenceMembers(
  machine: GroupMachine,
  group: ConsumerGroup,
  members: readonly ConsumerMember[],
): GroupOutcome {
  if (!canDowngradeWithout(machine, group, members)) return removeMembers(machine, group, members)
  const draft: Draft = { records: [], whenApplied: [] }
  downgrade(machine, group, members, null, `${members.length} members leave, the last ones of their protocol`, draft)
  return {
    records: draft.records,
    applied: () => runAll(draft),
    otherwise: () => {
      const outcome = removeMembers(machine, group, members)
      return {
        ...outcome,
        applied: () => {
          outcome.applied?.()
          machine.timers.post(() => downgradeRest(machine, group.groupId))
        },
      }
    },
  }
}

/** Those that are left may be few enough. If they are not, they are served as they are. */
function downgradeRest(machine: GroupMachine, groupId: string): GroupOutcome {
  const group = consumerGroup(machine, groupId)
  if (group === undefined || !canDowngradeWithout(machine, group, [])) return NOTHING
  const draft: Draft = { records: [], whenApplied: [] }
  downgrade(machine, group, [], null, 'many members have left, the last ones of their protocol', draft)
  return { records: draft.records, applied: () => runAll(draft), refused: () => {} }
}

/**
 * The new epoch comes first and the records of a member stay together: whatever of it a crash leaves is a group whose
 * next target goes by the members that are left.
 */
function removeMembers(machine: GroupMachine, group: ConsumerGroup, members: readonly ConsumerMember[]): GroupOutcome {
  const { groupId } = group
  const regexes = regexesOfNobodyElse(group, members)
  const groupEpoch = group.groupEpoch + 1
  const hash = metadataHash(machine.topics, topicsWithout(group, members, regexes))
  const records = [
    groupEpochRecord(groupId, groupEpoch, hash),
    ...regexes.map((regex) => regexTombstone(groupId, regex)),
    ...members.flatMap(({ memberId }) => removalRecords(groupId, memberId)),
  ]
  // Nobody is left whom a target could be worked out for.
  if (group.members.size === members.length) records.push(targetEpochRecord(groupId, groupEpoch, 0))
  return {
    records,
    inPieces: true,
    beginsPiece: (record) => record.kind === 'consumer' && !FURTHER_OF_MEMBER.has(record.type),
    applied: () => {
      for (const { memberId } of members) {
        group.awaitedJoins.delete(memberId)
        forgetMember(machine, groupId, memberId)
      }
    },
  }
}

/** The types that follow the first one of removalRecords. */
const FURTHER_OF_MEMBER = new Set(['ConsumerGroupTargetAssignmentMember', 'ConsumerGroupMemberMetadata'])

function regexesOfNobodyElse(group: ConsumerGroup, members: readonly ConsumerMember[]): string[] {
  const counts = new Map<string, number>()
  for (const member of members) {
    const regex = regexOf(member)
    if (regex !== null) count(counts, regex, 1)
  }
  return [...counts].filter(([regex, users]) => group.regexCounts.get(regex) === users).map(([regex]) => regex)
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
