// One step of a member towards its target: give up what it shall not have, then take what others have let go. It gets
// the target's epoch only when it has nothing left to give up; what somebody else still has it gets later, heartbeat by
// heartbeat. Source: CurrentAssignmentBuilder of Apache Kafka.

import type { Assignment, TopicPartitions } from '../modern/assignment.ts'
import { type ConsumerMember, type EpochAssignment, MEMBER_STATE, NOTHING_ASSIGNED } from './consumer-member.ts'

export interface Reconciliation {
  readonly member: ConsumerMember
  readonly targetEpoch: number
  readonly target: Assignment
  /** What it is no longer subscribed to goes at once, whatever the target says. */
  readonly hasSubscriptionChanged: boolean
  /** Topics that it is subscribed to and that exist. */
  readonly isSubscribedTo: (topicId: string) => boolean
  /** Of whoever has the partition; -1: nobody does. */
  readonly partitionEpoch: (topicId: string, partition: number) => number
  /** What it says that it owns; null: it did not say. */
  readonly owned: readonly TopicPartitions[] | null
}

/** The member as it is from now on, itself if nothing changes; null: it must be fenced. */
export function reconcile(given: Reconciliation): ConsumerMember | null {
  const { member, targetEpoch, hasSubscriptionChanged, owned } = given
  switch (member.state) {
    case MEMBER_STATE.stable:
      if (member.memberEpoch !== targetEpoch) return moveOn(given, member.memberEpoch)
      return hasSubscriptionChanged ? dropUnsubscribed(given) : member
    case MEMBER_STATE.unrevokedPartitions:
      if (!ownsAnyOf(owned, member.pendingRevocation)) return moveOn(given, member.memberEpoch)
      return hasSubscriptionChanged ? dropUnsubscribed(given) : member
    case MEMBER_STATE.unreleasedPartitions:
      return moveOn(given, member.memberEpoch)
    case MEMBER_STATE.unknown:
      // A broker of a later release has put it there. It begins anew.
      return owned === null || owned.length > 0 ? null : moveOn(given, targetEpoch)
  }
}

/** Not to say what it owns counts as owning everything. */
function ownsAnyOf(owned: readonly TopicPartitions[] | null, assignment: EpochAssignment): boolean {
  if (owned === null) return true
  return owned.some(({ topicId, partitions }) => {
    const epochs = assignment.get(topicId)
    return epochs !== undefined && partitions.some((partition) => epochs.has(partition))
  })
}

function dropUnsubscribed({ member, isSubscribedTo, owned }: Reconciliation): ConsumerMember {
  const dropped = [...member.assigned].filter(([topicId]) => !isSubscribedTo(topicId))
  if (dropped.length === 0) return member
  const assigned = new Map([...member.assigned].filter(([topicId]) => isSubscribedTo(topicId)))
  const pendingRevocation = new Map(member.pendingRevocation)
  for (const [topicId, epochs] of dropped) {
    pendingRevocation.set(topicId, new Map([...(pendingRevocation.get(topicId) ?? []), ...epochs]))
  }
  const next = { ...member, previousMemberEpoch: member.memberEpoch, assigned }
  if (!ownsAnyOf(owned, pendingRevocation)) return next
  return { ...next, state: MEMBER_STATE.unrevokedPartitions, pendingRevocation }
}

function moveOn(given: Reconciliation, memberEpoch: number): ConsumerMember {
  const { member, target, targetEpoch, isSubscribedTo, partitionEpoch, owned } = given
  const assigned = new Map<string, Map<number, number>>()
  const toRevoke = new Map<string, Map<number, number>>()
  const toAssign = new Map<string, number[]>()
  let hasUnreleased = false
  for (const topicId of new Set([...target.keys(), ...member.assigned.keys()])) {
    const wanted = isSubscribedTo(topicId) ? (target.get(topicId) ?? NO_PARTITIONS) : NO_PARTITIONS
    const current = member.assigned.get(topicId) ?? NO_EPOCHS
    const kept = new Map([...current].filter(([partition]) => wanted.has(partition)))
    const surplus = new Map([...current].filter(([partition]) => !wanted.has(partition)))
    const missing = [...wanted].filter((partition) => !kept.has(partition))
    // What it is giving up itself it may have back.
    const isFree = (partition: number): boolean =>
      partitionEpoch(topicId, partition) === -1 || member.pendingRevocation.get(topicId)?.has(partition) === true
    const free = missing.filter(isFree)
    if (free.length < missing.length) hasUnreleased = true
    if (kept.size > 0) assigned.set(topicId, kept)
    if (surplus.size > 0) toRevoke.set(topicId, surplus)
    if (free.length > 0) toAssign.set(topicId, free)
  }
  const next = { ...member, previousMemberEpoch: member.memberEpoch, assigned }
  if (toRevoke.size > 0 && ownsAnyOf(owned, toRevoke)) {
    return { ...next, memberEpoch, state: MEMBER_STATE.unrevokedPartitions, pendingRevocation: toRevoke }
  }
  for (const [topicId, partitions] of toAssign) {
    const epochs = assigned.get(topicId) ?? new Map<number, number>()
    for (const partition of partitions) epochs.set(partition, targetEpoch)
    assigned.set(topicId, epochs)
  }
  const state = hasUnreleased ? MEMBER_STATE.unreleasedPartitions : MEMBER_STATE.stable
  return { ...next, memberEpoch: targetEpoch, state, pendingRevocation: NOTHING_ASSIGNED }
}

const NO_PARTITIONS: ReadonlySet<number> = new Set()
const NO_EPOCHS: ReadonlyMap<number, number> = new Map()
