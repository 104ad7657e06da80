// Members go: they leave, or are shut out because they did not keep up. A static member that says so is only away.

import type { RequestOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { Reply } from '../../runtime/reply.ts'
import { NOTHING } from '../../runtime/state-machine.ts'
import type { LeaveReply } from '../classic/leave.ts'
import type { GroupMachine, GroupOutcome } from '../group-machine.ts'
import { metadataHash } from '../modern/metadata-hash.ts'
import { type ConsumerGroup, countTopic } from './consumer-group.ts'
import {
  type ConsumerMember,
  type EpochAssignment,
  LEAVE_STATIC_EPOCH,
  NOTHING_ASSIGNED,
  regexOf,
} from './consumer-member.ts'
import {
  currentAssignmentRecord,
  groupEpochRecord,
  regexTombstone,
  removalRecords,
  targetEpochRecord,
} from './consumer-records.ts'
import { canDowngradeWithout, downgrade } from './downgrade.ts'
import { fencedInstance, unknownInstance } from './enter.ts'
import { type HeartbeatReply, type HeartbeatRequest, heartbeatError, refuseHeartbeat } from './heartbeat.ts'
import { type Draft, runAll } from './progress.ts'
import { forgetMember } from './timers.ts'

/** ConsumerGroupHeartbeat with epoch -1 or -2. */
export function leaveConsumerGroup(
  machine: GroupMachine,
  group: ConsumerGroup,
  { memberId, memberEpoch, instanceId }: HeartbeatRequest,
  reply: HeartbeatReply,
): GroupOutcome {
  const member = instanceId === null ? group.members.get(memberId) : group.staticMember(instanceId)
  if (member === undefined) {
    if (instanceId !== null) return refuseHeartbeat(reply, unknownInstance(instanceId))
    const errorMessage = `Member ${memberId} is not a member of group ${group.groupId}.`
    return refuseHeartbeat(reply, { errorCode: ErrorCode.UNKNOWN_MEMBER_ID, errorMessage })
  }
  const fenced = instanceId === null ? null : fencedInstance(member, memberId, instanceId)
  if (fenced !== null) return refuseHeartbeat(reply, fenced)
  const answer = { ...heartbeatError(ErrorCode.NONE), memberId: member.memberId, memberEpoch }
  const outcome =
    instanceId !== null && memberEpoch === LEAVE_STATIC_EPOCH
      ? goAway(group, member)
      : fenceMembers(machine, group, [member])
  return answered(outcome, reply, answer)
}

/** The outcome, and the answer to whoever has asked for it. */
function answered<T>(outcome: GroupOutcome, reply: Reply<T>, answer: T): GroupOutcome {
  const { otherwise } = outcome
  return {
    ...outcome,
    ...(otherwise !== undefined && { otherwise: () => answered(otherwise(), reply, answer) }),
    applied: () => {
      outcome.applied?.()
      reply.send(answer)
    },
    refused: (errorCode) => reply.sendError(errorCode),
  }
}

/** Its session goes on, and with it everything that it has. */
function goAway({ groupId }: ConsumerGroup, member: ConsumerMember): GroupOutcome {
  const away = {
    ...member,
    memberEpoch: LEAVE_STATIC_EPOCH,
    pendingRevocation: NOTHING_ASSIGNED,
    assigned: withEpochZero(member.assigned),
  }
  return { records: [currentAssignmentRecord(groupId, away)] }
}

/** Whoever comes back under the instance begins at epoch 0, and may commit from then on. */
function withEpochZero(assigned: EpochAssignment): EpochAssignment {
  return new Map(
    [...assigned].map(([topicId, epochs]) => [topicId, new Map([...epochs.keys()].map((one) => [one, 0]))]),
  )
}

/** LeaveGroup, by which classic members go, and administrators let members of both protocols go. */
export function leaveByLeaveGroup(
  machine: GroupMachine,
  group: ConsumerGroup,
  leaving: readonly RequestOf<'LeaveGroup'>['members'][number][],
  reply: LeaveReply,
): GroupOutcome {
  const valid = new Set<ConsumerMember>()
  const members = leaving.map(({ memberId, groupInstanceId }) => {
    const member = groupInstanceId === null ? group.members.get(memberId) : group.staticMember(groupInstanceId)
    let errorCode: number = member === undefined ? ErrorCode.UNKNOWN_MEMBER_ID : ErrorCode.NONE
    if (member !== undefined && groupInstanceId !== null && memberId !== '') {
      errorCode = fencedInstance(member, memberId, groupInstanceId)?.errorCode ?? ErrorCode.NONE
    }
    if (member !== undefined && errorCode === ErrorCode.NONE) valid.add(member)
    return { memberId, groupInstanceId, errorCode }
  })
  const outcome: GroupOutcome = valid.size === 0 ? { records: [] } : fenceMembers(machine, group, [...valid])
  return answered(outcome, reply, { errorCode: ErrorCode.NONE, members })
}

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
  const group = machine.consumer(groupId)
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
