// Classic members of a consumer group: JoinGroup, SyncGroup and Heartbeat, served as if somebody else led and had
// assigned already. A join is a heartbeat that is answered at once; the assignment comes with SyncGroup; and when the
// member has another step to take, its heartbeats tell it to join again. Generation = member epoch.

import { randomUuid } from '../../../../host/random-uuid.ts'
import type { RequestOf, ResponseInputOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { NOTHING } from '../../runtime/state-machine.ts'
import { EMPTY_BYTES, type JoinReply, type SyncReply } from '../classic/classic-member.ts'
import { type JoinRequest, joinError } from '../classic/join.ts'
import type { GroupMachine, GroupOutcome } from '../model/group-machine.ts'
import { isRefusal } from '../model/refusal.ts'
import { type Draft, runAll } from '../modern/draft.ts'
import { fullError } from '../modern/entry.ts'
import { inPiecesByTarget } from '../modern/target-pieces.ts'
import { type ConsumerGroup, consumerGroup } from './consumer-group.ts'
import { type ClassicMemberMetadata, type ConsumerMember, MEMBER_STATE } from './consumer-member.ts'
import { canDowngradeReplacing, downgrade } from './downgrade.ts'
import { CONSUMER_PROTOCOL, readSubscription, withIds, writeAssignment } from './embedded-protocol.ts'
import { enterMember } from './enter.ts'
import { approach, subscribe, targetOf } from './progress.ts'
import type { Speaker } from './speaker.ts'
import { awaitJoin, awaitSync, endJoin, endSync, extendSession } from './timers.ts'

type Subscription = NonNullable<ReturnType<typeof readSubscription>>

export function joinConsumers(
  machine: GroupMachine,
  group: ConsumerGroup,
  request: JoinRequest,
  reply: JoinReply,
): GroupOutcome {
  const { groupInstanceId: instanceId, protocols } = request
  const refuse = (errorCode: number): GroupOutcome => {
    reply.send(joinError(errorCode, request.memberId))
    return NOTHING
  }
  const isUnknown = request.memberId === ''
  if (machine.config.get('group.consumer.migration.policy').toLowerCase() === 'disabled') {
    return refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  }
  const limit = machine.config.get('group.consumer.max.size')
  const full = fullError(group, limit, request.memberId, instanceId)
  if (full !== null) return refuse(full.errorCode)
  if (!supports(group, request)) return refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  const memberId = isUnknown ? randomUuid(machine.host.random) : request.memberId
  if (isUnknown && instanceId === null && request.requiresMemberId) {
    reply.send(joinError(ErrorCode.MEMBER_ID_REQUIRED, memberId))
    return NOTHING
  }
  const draft: Draft = { records: [], whenApplied: [] }
  const entry = { memberId, memberEpoch: -1, instanceId, owned: [], isClassic: true, isUnknown }
  const entered = enterMember(machine, group, entry, draft)
  if (isRefusal(entered)) return refuse(entered.errorCode)
  const subscription = readSubscription(protocols[0]!.metadata)
  if (subscription === null) return refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  const speaker: Speaker = { group, ...entered, after: joined(entered.before, request, subscription) }
  const member = take(machine, speaker, subscription, draft)
  if (typeof member === 'number') return refuse(member)
  return {
    records: draft.records,
    ...inPiecesByTarget(draft.records),
    applied: () => {
      runAll(draft)
      const joinedGroup = consumerGroup(machine, group.groupId)
      if (joinedGroup !== undefined) {
        endJoin(machine, joinedGroup, member.memberId)
        extendSession(machine, group.groupId, member)
        awaitSync(machine, group.groupId, member.memberId, request.rebalanceTimeoutMs)
      }
      reply.send(joinAnswer(member))
    },
    refused: (errorCode) => reply.sendError(errorCode),
  }
}

/** The member after its step; a number: why it may not take it. */
function take(
  machine: GroupMachine,
  speaker: Speaker,
  subscription: Subscription,
  draft: Draft,
): ConsumerMember | number {
  const { group, after, replaces } = speaker
  const replaced = replaces ?? (after.instanceId === null ? undefined : group.staticMember(after.instanceId))
  const downgrades = replaced !== undefined && canDowngradeReplacing(machine, group, replaced)
  const subscribed = subscribe(machine, speaker, draft, true)
  if (isRefusal(subscribed)) return subscribed.errorCode
  const owned = withIds(machine.topics, subscription.ownedPartitions)
  const { hasSubscriptionChanged } = subscribed
  if (!downgrades) {
    const target = targetOf(machine, speaker, subscribed, draft)
    return approach(machine, speaker, target, hasSubscriptionChanged, owned, draft) ?? ErrorCode.UNKNOWN_MEMBER_ID
  }
  const isStale = group.assignmentEpoch < subscribed.groupEpoch
  const last = { epoch: group.assignmentEpoch, target: group.targetOf(replaced.memberId) }
  const joining = isStale ? after : approach(machine, speaker, last, hasSubscriptionChanged, owned, draft)
  if (joining === null) return ErrorCode.UNKNOWN_MEMBER_ID
  const reason = isStale ? 'the consumer group had no target of its last epoch' : null
  downgrade(machine, group, [], { leaving: replaced, joining }, reason, draft)
  return joining
}

/** A protocol that all classic members know. */
function supports(group: ConsumerGroup, { protocolType, protocols }: JoinRequest): boolean {
  if (protocolType !== CONSUMER_PROTOCOL || protocols.length === 0) return false
  return protocols.some(({ name }) => (group.classicProtocolCounts.get(name) ?? 0) === group.classicCount)
}

function joined(member: ConsumerMember, request: JoinRequest, { topics, rackId }: Subscription): ConsumerMember {
  const { groupInstanceId, rebalanceTimeoutMs, sessionTimeoutMs, protocols, clientId, clientHost } = request
  return {
    ...member,
    instanceId: groupInstanceId ?? member.instanceId,
    rackId: rackId === null || rackId === '' ? member.rackId : rackId,
    rebalanceTimeoutMs: rebalanceTimeoutMs === -1 ? member.rebalanceTimeoutMs : rebalanceTimeoutMs,
    subscribedTopicNames: new Set(topics),
    subscribedTopicRegex: '',
    clientId,
    clientHost,
    classic: { sessionTimeoutMs, supportedProtocols: protocols.map(({ name, metadata }) => ({ name, metadata })) },
  }
}

/** Nobody leads, so that nobody assigns. */
function joinAnswer({ memberId, memberEpoch, classic }: ConsumerMember): ResponseInputOf<'JoinGroup'> {
  return {
    errorCode: ErrorCode.NONE,
    generationId: memberEpoch,
    protocolType: CONSUMER_PROTOCOL,
    protocolName: classic?.supportedProtocols[0]?.name ?? null,
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  }
}

interface ClassicRequest {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly generationId: number
}

/** The classic member that a request may speak for; a number: the error. */
function findMember(group: ConsumerGroup, request: ClassicRequest): [ConsumerMember, ClassicMemberMetadata] | number {
  const { memberId, groupInstanceId, generationId } = request
  const member = groupInstanceId === null ? group.members.get(memberId) : group.staticMember(groupInstanceId)
  if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
  if (member.memberId !== memberId) return ErrorCode.FENCED_INSTANCE_ID
  if (member.classic === null) return ErrorCode.UNKNOWN_MEMBER_ID
  return member.memberEpoch === generationId ? [member, member.classic] : ErrorCode.ILLEGAL_GENERATION
}

export function syncConsumers(
  machine: GroupMachine,
  group: ConsumerGroup,
  request: RequestOf<'SyncGroup'>,
  reply: SyncReply,
): GroupOutcome {
  reply.send(syncAnswer(machine, group, request))
  return NOTHING
}

function syncAnswer(
  machine: GroupMachine,
  group: ConsumerGroup,
  request: RequestOf<'SyncGroup'>,
): ResponseInputOf<'SyncGroup'> {
  const failed = (errorCode: number): ResponseInputOf<'SyncGroup'> => ({ errorCode, assignment: EMPTY_BYTES })
  const found = findMember(group, request)
  if (typeof found === 'number') return failed(found)
  const [member, { supportedProtocols }] = found
  const { protocolType, protocolName } = request
  const own = supportedProtocols[0]
  if (protocolType !== null && protocolType !== CONSUMER_PROTOCOL) return failed(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  if (protocolName !== null && protocolName !== own?.name) return failed(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  if (group.assignmentEpoch > member.memberEpoch && member.state !== MEMBER_STATE.unrevokedPartitions) {
    awaitJoin(machine, group, member)
    return failed(ErrorCode.REBALANCE_IN_PROGRESS)
  }
  endSync(machine, group.groupId, member.memberId)
  extendSession(machine, group.groupId, member)
  const assigned = new Map([...member.assigned].map(([topicId, epochs]) => [topicId, new Set(epochs.keys())]))
  const assignment = writeAssignment(machine.topics, assigned, own?.metadata ?? EMPTY_BYTES)
  return { errorCode: ErrorCode.NONE, protocolType, protocolName, assignment }
}

/** The error code to answer. */
export function heartbeatConsumers(
  machine: GroupMachine,
  group: ConsumerGroup,
  request: RequestOf<'Heartbeat'>,
): number {
  const found = findMember(group, request)
  if (typeof found === 'number') return found
  const [member] = found
  extendSession(machine, group.groupId, member)
  const mustJoin =
    member.memberEpoch < group.assignmentEpoch ||
    member.state === MEMBER_STATE.unrevokedPartitions ||
    (member.state === MEMBER_STATE.unreleasedPartitions && !waitsForOthers(group, member))
  if (!mustJoin) return ErrorCode.NONE
  awaitJoin(machine, group, member)
  return ErrorCode.REBALANCE_IN_PROGRESS
}

/** To join now would bring it nothing. */
function waitsForOthers(group: ConsumerGroup, member: ConsumerMember): boolean {
  for (const [topicId, partitions] of group.targetOf(member.memberId)) {
    const assigned = member.assigned.get(topicId)
    for (const partition of partitions) {
      if (assigned?.has(partition) !== true && group.partitionEpoch(topicId, partition) !== -1) return true
    }
  }
  return false
}
