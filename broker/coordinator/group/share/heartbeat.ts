// ShareGroupHeartbeat: members join (epoch 0), tell that they are alive and what they subscribe to, and leave (epoch
// -1). Partitions are assigned once the share coordinator keeps state of them, which is asked for because of the
// heartbeat that first names their topic. Source: GroupMetadataManager of Apache Kafka.

import type { RequestOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { Reply } from '../../runtime/reply.ts'
import type { GroupMachine, GroupOutcome } from '../model/group-machine.ts'
import type { GroupRecord } from '../model/group-records.ts'
import { groupNotFound } from '../model/refusal.ts'
import { type Assignment, equalAssignments, equalSets, NO_PARTITIONS, toTopicPartitions } from '../modern/assignment.ts'
import { fencedEpoch, fullError, notAMember } from '../modern/entry.ts'
import { metadataHash } from '../modern/metadata-hash.ts'
import { LEAVE_EPOCH, METADATA_REFRESH_MS } from '../modern/modern-group.ts'
import { inPiecesByTarget } from '../modern/target-pieces.ts'
import { type ShareHeartbeat, type ShareHeartbeatAnswer, shareRefusal } from './heartbeat-answer.ts'
import { leaveShareGroup } from './leave.ts'
import { shareConfig } from './share-config.ts'
import { newShareGroup, type ShareGroup, shareGroup } from './share-group.ts'
import { newShareMember, type ShareMember } from './share-member.ts'
import {
  currentAssignmentRecord,
  groupEpochRecord,
  memberRecord,
  stateRecord,
  targetEpochRecord,
  targetRecord,
} from './share-records.ts'
import { assignSimple } from './simple-assignor.ts'
import { type StatePartitions, withPartitions } from './state-topics.ts'
import { extendSession } from './timers.ts'

export interface ShareHeartbeatRequest extends RequestOf<'ShareGroupHeartbeat'> {
  readonly clientId: string
  readonly clientHost: string
}

export function shareHeartbeat(
  machine: GroupMachine,
  request: ShareHeartbeatRequest,
  reply: Reply<ShareHeartbeat>,
): GroupOutcome {
  const { groupId, memberId, memberEpoch } = request
  if (memberEpoch === LEAVE_EPOCH) return leaveShareGroup(machine, request, reply)
  const group = shareGroup(machine, groupId) ?? (memberEpoch === 0 ? newShareGroup(machine, groupId) : undefined)
  if (group === undefined) return shareRefusal(reply, groupNotFound(machine, groupId, 'share'))
  const full = fullError(group, machine.config.get('group.share.max.size'), memberId, null)
  if (full !== null) return shareRefusal(reply, full)
  const known = group.members.get(memberId)
  if (known === undefined && memberEpoch !== 0) return shareRefusal(reply, notAMember(groupId, memberId))
  if (known !== undefined && ![0, known.memberEpoch, known.previousMemberEpoch].includes(memberEpoch)) {
    return shareRefusal(reply, fencedEpoch('share', known, memberEpoch))
  }
  return progress(machine, group, known ?? newShareMember(memberId), request, reply)
}

function progress(
  machine: GroupMachine,
  group: ShareGroup,
  before: ShareMember,
  request: ShareHeartbeatRequest,
  reply: Reply<ShareHeartbeat>,
): GroupOutcome {
  const { groupId } = group
  const { rackId, subscribedTopicNames: names, clientId, clientHost } = request
  const records: GroupRecord[] = []
  const told: ShareMember = {
    ...before,
    rackId: rackId ?? before.rackId,
    subscribedTopicNames: names === null ? before.subscribedTopicNames : new Set(names),
    clientId,
    clientHost,
  }
  const hasSubscriptionChanged = !equalSets(before.subscribedTopicNames, told.subscribedTopicNames)
  if (hasSubscriptionChanged || !isSameMember(before, told) || !group.members.has(before.memberId)) {
    records.push(memberRecord(groupId, told))
  }
  const { groupEpoch, topics } = refreshMetadata(
    machine,
    group,
    before,
    told,
    hasSubscriptionChanged || group.hasNewState,
    records,
  )
  const toInitialize = partitionsToInitialize(machine, group, topics, groupEpoch, records)
  const target = targetOf(machine, group, told, groupEpoch, records)
  const after = approach(group, told, target, records)
  return {
    records,
    ...inPiecesByTarget(records),
    applied: () => {
      const now = machine.host.clock.monotonic()
      const current = shareGroup(machine, groupId)
      current?.setMetadataDeadline(now + METADATA_REFRESH_MS)
      if (current !== undefined && toInitialize.length > 0) current.initializingSince = now
      if (current !== undefined && target.isNew) current.hasNewState = false
      extendSession(machine, groupId, after.memberId)
      reply.send({ answer: answerFor(machine, request, before, after), toInitialize })
    },
    refused: (errorCode) => reply.sendError(errorCode),
  }
}

/** The group epoch grows with the subscriptions, the topics behind them, and what of them may be assigned. */
function refreshMetadata(
  machine: GroupMachine,
  group: ShareGroup,
  before: ShareMember,
  after: ShareMember,
  bump: boolean,
  records: GroupRecord[],
): { groupEpoch: number; topics: ReadonlySet<string> } {
  const topics = new Set(group.subscriptions.keys())
  for (const name of before.subscribedTopicNames) if (group.subscriptions.get(name) === 1) topics.delete(name)
  for (const name of after.subscribedTopicNames) topics.add(name)
  if (!bump && !group.hasMetadataExpired(machine.host.clock.monotonic())) {
    return { groupEpoch: group.groupEpoch, topics }
  }
  const hash = metadataHash(machine.topics, topics)
  if (!bump && hash === group.metadataHash) return { groupEpoch: group.groupEpoch, topics }
  const groupEpoch = group.groupEpoch + 1
  records.push(groupEpochRecord(group.groupId, groupEpoch, hash))
  machine.host.logger.info('share group: new epoch', { group: group.groupId, epoch: groupEpoch })
  return { groupEpoch, topics }
}

/** Partitions of the group's topics that nobody keeps state of yet. */
function partitionsToInitialize(
  machine: GroupMachine,
  group: ShareGroup,
  names: ReadonlySet<string>,
  stateEpoch: number,
  records: GroupRecord[],
): StatePartitions[] {
  const { initializing, initialized } = group.state
  const retryMs = machine.config.get('group.share.initialize.retry.interval.ms')
  const isRetry = machine.host.clock.monotonic() - group.initializingSince >= retryMs
  const missing: StatePartitions[] = []
  for (const name of [...names].sort()) {
    const topicId = machine.topics.idOf(name)
    if (topicId === undefined) continue
    const partitions: number[] = []
    for (let index = 0; index < machine.topics.partitionCount(name); index++) {
      if (initialized.get(topicId)?.partitions.has(index) === true) continue
      if (!isRetry && initializing.get(topicId)?.partitions.has(index) === true) continue
      partitions.push(index)
    }
    if (partitions.length > 0) missing.push({ topicId, name, partitions, stateEpoch })
  }
  if (missing.length === 0) return missing
  records.push(stateRecord(group.groupId, { ...group.state, initializing: withPartitions(initializing, missing) }))
  return missing
}

interface Target {
  readonly epoch: number
  readonly assignment: Assignment
  readonly isNew: boolean
}

function targetOf(
  machine: GroupMachine,
  group: ShareGroup,
  speaker: ShareMember,
  groupEpoch: number,
  records: GroupRecord[],
): Target {
  const { groupId } = group
  const last = { epoch: group.assignmentEpoch, assignment: group.targetOf(speaker.memberId), isNew: false }
  if (group.assignmentEpoch >= groupEpoch) return last
  const { assignmentIntervalMs } = shareConfig(machine.config, groupId)
  // What was initialised meanwhile is waited for: by members that have nothing.
  if (group.isTargetYoung(machine.now(), assignmentIntervalMs) && !group.hasNewState) return last
  const targets = assignSimple(assignable(machine, group, speaker), assignablePartitions(machine, group))
  for (const [memberId, target] of targets) {
    if (!equalAssignments(group.targetOf(memberId), target) || !group.targetAssignment.has(memberId)) {
      records.push(targetRecord(groupId, memberId, target))
    }
  }
  records.push(targetEpochRecord(groupId, groupEpoch, machine.now()))
  return { epoch: groupEpoch, assignment: targets.get(speaker.memberId) ?? NO_PARTITIONS, isNew: true }
}

function assignable(machine: GroupMachine, group: ShareGroup, speaker: ShareMember) {
  const members = new Map(group.members).set(speaker.memberId, speaker)
  return [...members.values()].map(({ memberId, subscribedTopicNames }) => ({
    memberId,
    topicIds: new Set([...subscribedTopicNames].flatMap((name) => machine.topics.idOf(name) ?? [])),
    current: group.targetOf(memberId),
  }))
}

/** What there is state of, of topics that are there and not about to lose it. */
function assignablePartitions(machine: GroupMachine, { state }: ShareGroup): Map<string, ReadonlySet<number>> {
  const partitions = new Map<string, ReadonlySet<number>>()
  for (const [topicId, topic] of state.initialized) {
    if (machine.topics.nameOf(topicId) !== undefined && !state.deleting.has(topicId))
      partitions.set(topicId, topic.partitions)
  }
  return partitions
}

function approach(group: ShareGroup, member: ShareMember, target: Target, records: GroupRecord[]): ShareMember {
  if (member.memberEpoch === target.epoch && equalAssignments(member.assigned, target.assignment)) return member
  const after = {
    ...member,
    memberEpoch: target.epoch,
    previousMemberEpoch: member.memberEpoch,
    assigned: target.assignment,
  }
  records.push(currentAssignmentRecord(group.groupId, after))
  return after
}

function answerFor(
  machine: GroupMachine,
  request: ShareHeartbeatRequest,
  before: ShareMember,
  after: ShareMember,
): ShareHeartbeatAnswer {
  const isFull = request.memberEpoch === 0 || request.rackId !== null || request.subscribedTopicNames !== null
  const isNews = isFull || !equalAssignments(before.assigned, after.assigned)
  return {
    throttleTimeMs: 0,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    memberId: after.memberId,
    memberEpoch: after.memberEpoch,
    heartbeatIntervalMs: shareConfig(machine.config, request.groupId).heartbeatIntervalMs,
    assignment: isNews ? { topicPartitions: toTopicPartitions(after.assigned) } : null,
  }
}

function isSameMember(a: ShareMember, b: ShareMember): boolean {
  return a.rackId === b.rackId && a.clientId === b.clientId && a.clientHost === b.clientHost
}
