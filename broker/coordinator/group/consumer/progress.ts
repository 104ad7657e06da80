// What heartbeats of both protocols have in common: the member's part in the group changes, the group epoch with it, a
// new target is worked out when the last one is old enough, and the member takes a step towards it. Everything is
// decided on the group as it stands, with the member that speaks laid over it; records say what comes of it.
// Source: GroupMetadataManager.consumerGroupHeartbeat and classicGroupJoinToConsumerGroup of Apache Kafka.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { GroupMachine } from '../model/group-machine.ts'
import type { Refusal } from '../model/refusal.ts'
import { type Assignment, equalSets, NO_PARTITIONS, type TopicPartitions } from '../modern/assignment.ts'
import { count } from '../modern/counts.ts'
import type { Draft } from '../modern/draft.ts'
import { metadataHash } from '../modern/metadata-hash.ts'
import { METADATA_REFRESH_MS } from '../modern/modern-group.ts'
import { consumerConfig } from './consumer-config.ts'
import { consumerGroup, countTopic } from './consumer-group.ts'
import { type ConsumerMember, equalMembers, isReconciledTo, MEMBER_STATE, regexOf } from './consumer-member.ts'
import {
  currentAssignmentRecord,
  groupEpochRecord,
  memberRecord,
  partitionMetadataTombstone,
  regexTombstone,
} from './consumer-records.ts'
import { reconcile } from './reconcile.ts'
import { regexFault } from './regex.ts'
import { refreshRegexes } from './regex-refresh.ts'
import { hasAssignorChanged, type Speaker, type Subscribed } from './speaker.ts'
import { isHomogeneous, retarget } from './target.ts'
import { awaitRevocation, endRevocation } from './timers.ts'

type RegexChange = 'none' | 'updated' | 'updated and resolved'

/** Stores what the member asks for; the group epoch grows if that, or the topics behind it, have changed. */
export function subscribe(
  machine: GroupMachine,
  speaker: Speaker,
  draft: Draft,
  isClassic: boolean,
): Subscribed | Refusal {
  const { group, before, after } = speaker
  const { groupId } = group
  let haveTopicsChanged = false
  if (!equalMembers(before, after)) {
    draft.records.push(memberRecord(groupId, after))
    haveTopicsChanged = !equalSets(before.subscribedTopicNames, after.subscribedTopicNames)
  }
  const regexChange = changeRegex(machine, speaker, draft)
  if (typeof regexChange === 'object') return regexChange
  const hasRegexChanged = regexChange !== 'none'
  // Matches of a new expression are not known yet: the epoch grows when they are. A classic member has none.
  const bump =
    takesTwoPlaces(speaker) ||
    (isClassic
      ? haveTopicsChanged || hasRegexChanged
      : haveTopicsChanged || regexChange === 'updated and resolved' || hasAssignorChanged(machine, speaker))
  const hasSubscriptionChanged = haveTopicsChanged || hasRegexChanged
  if (!bump && !group.hasMetadataExpired(machine.host.clock.monotonic())) {
    const { groupEpoch } = group
    return { groupEpoch, isHomogeneous: () => isHomogeneous(group, group.subscriptions, null), hasSubscriptionChanged }
  }
  return { ...refreshMetadata(machine, speaker, draft, bump), hasSubscriptionChanged }
}

/** A static member comes back under the id of another member: what that one had must go to somebody. */
function takesTwoPlaces({ group, after, replaces }: Speaker): boolean {
  return replaces !== null && replaces.memberId !== after.memberId && group.members.has(after.memberId)
}

function changeRegex(machine: GroupMachine, speaker: Speaker, draft: Draft): RegexChange | Refusal {
  const { group, before, after } = speaker
  const [old, next] = [regexOf(before), regexOf(after)]
  let change: RegexChange = 'none'
  let isNew = false
  if (before.subscribedTopicRegex !== after.subscribedTopicRegex) {
    change = 'updated'
    if (old !== null && old !== next && group.regexCounts.get(old) === 1) {
      draft.records.push(regexTombstone(group.groupId, old))
    }
    if (next === null) {
      if (old !== null) change = 'updated and resolved'
    } else if (!group.regexCounts.has(next)) {
      const fault = regexFault(next)
      if (fault !== null) return { errorCode: ErrorCode.INVALID_REGULAR_EXPRESSION, errorMessage: fault }
      isNew = true
    } else if (group.resolvedRegexes.has(next)) change = 'updated and resolved'
  }
  if (isNew || group.regexCounts.size > 0) {
    const regexes = new Map(group.regexCounts)
    if (old !== null) count(regexes, old, -1)
    if (next !== null) count(regexes, next, 1)
    draft.whenApplied.push(() => refreshRegexes(machine, group.groupId, regexes, isNew))
  }
  return change
}

function refreshMetadata(
  machine: GroupMachine,
  { group, before, after, replaces }: Speaker,
  { records, whenApplied }: Draft,
  bump: boolean,
): Pick<Subscribed, 'groupEpoch' | 'isHomogeneous'> {
  const subscriptions = new Map(group.subscriptions)
  const regexes = new Map(group.regexCounts)
  const [old, next] = [regexOf(before), regexOf(after)]
  if (old !== null && old !== next && regexes.get(old) === 1) {
    for (const topic of group.resolvedRegexes.get(old)?.topics ?? []) countTopic(subscriptions, topic, 0, -1)
  }
  if (old !== null) count(regexes, old, -1)
  if (next !== null) count(regexes, next, 1)
  for (const topic of before.subscribedTopicNames) countTopic(subscriptions, topic, -1, 0)
  for (const topic of after.subscribedTopicNames) countTopic(subscriptions, topic, 1, 0)
  const hash = metadataHash(machine.topics, subscriptions.keys())
  const groupEpoch = bump || hash !== group.metadataHash ? group.groupEpoch + 1 : group.groupEpoch
  if (groupEpoch > group.groupEpoch) {
    records.push(groupEpochRecord(group.groupId, groupEpoch, hash))
    machine.host.logger.info('group: new epoch', { group: group.groupId, epoch: groupEpoch })
  }
  if (group.hasPartitionMetadata) records.push(partitionMetadataTombstone(group.groupId))
  const deadline = machine.host.clock.monotonic() + METADATA_REFRESH_MS
  whenApplied.push(() => consumerGroup(machine, group.groupId)?.setMetadataDeadline(deadline))
  const isNew = !group.members.has(after.memberId) && replaces === null
  const memberCount = group.members.size + (isNew ? 1 : 0)
  return { groupEpoch, isHomogeneous: () => isHomogeneous(group, subscriptions, { regexes, memberCount }) }
}

export interface Target {
  readonly epoch: number
  readonly target: Assignment
}

/** The target that the speaker is to go for: a new one, if one is due and the last one is not too young. */
export function targetOf(machine: GroupMachine, speaker: Speaker, subscribed: Subscribed, draft: Draft): Target {
  const { group, after, replaces } = speaker
  const last = { epoch: group.assignmentEpoch, target: group.targetOf(replaces?.memberId ?? after.memberId) }
  if (group.assignmentEpoch >= subscribed.groupEpoch) return last
  const { assignmentIntervalMs } = consumerConfig(machine.config, group.groupId)
  if (group.isTargetYoung(machine.now(), assignmentIntervalMs)) return last
  const targets = retarget(machine, speaker, subscribed, draft)
  return { epoch: subscribed.groupEpoch, target: targets.get(after.memberId) ?? NO_PARTITIONS }
}

/** The speaker's next step; null: it must be fenced. */
export function approach(
  machine: GroupMachine,
  { group, after }: Speaker,
  { epoch, target }: Target,
  hasSubscriptionChanged: boolean,
  owned: readonly TopicPartitions[] | null,
  draft: Draft,
): ConsumerMember | null {
  if (!hasSubscriptionChanged && isReconciledTo(after, epoch)) return after
  const matched = group.resolvedRegexes.get(regexOf(after) ?? '')?.topics
  const next = reconcile({
    member: after,
    targetEpoch: epoch,
    target,
    hasSubscriptionChanged,
    isSubscribedTo: (topicId) => {
      const name = machine.topics.nameOf(topicId)
      return name !== undefined && (after.subscribedTopicNames.has(name) || matched?.has(name) === true)
    },
    partitionEpoch: (topicId, partition) => group.partitionEpoch(topicId, partition),
    owned,
  })
  if (next === null || equalMembers(next, after)) return next
  draft.records.push(currentAssignmentRecord(group.groupId, next))
  if (next.classic === null) {
    draft.whenApplied.push(() => {
      if (next.state === MEMBER_STATE.unrevokedPartitions) awaitRevocation(machine, group.groupId, next)
      else endRevocation(machine, group.groupId, next.memberId)
    })
  }
  return next
}
