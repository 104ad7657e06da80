// A consumer group (KIP-848): what it is, and how a record changes it. What its members do is in the files of the
// requests. Members may speak the classic protocol, while a group moves from one to the other.
//
//      Empty ──▶ Assigning: the group epoch is ahead of the target ──▶ Reconciling: a member is behind ──▶ Stable
//
// Invariants, sums over members: subscriptions (by name and by resolved expression), regexCounts, assignorCounts,
// classicCount, classicProtocolCounts; partitionEpochs holds every partition that a member has or has yet to give up.
// Source: ConsumerGroup of Apache Kafka.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { CommitPartitionCheck, CommitRequest } from '../model/commit-request.ts'
import type { Group } from '../model/group.ts'
import type { GroupMachine } from '../model/group-machine.ts'
import type { GroupRecord } from '../model/group-records.ts'
import type { CommittedOffset } from '../model/offset-store.ts'
import { type Assignment, NO_PARTITIONS } from '../modern/assignment.ts'
import { count } from '../modern/counts.ts'
import { MEMBER_EPOCH_SINCE, ModernGroup } from '../modern/modern-group.ts'
import { type ConsumerMember, type EpochAssignment, isReconciledTo, regexOf } from './consumer-member.ts'
import {
  currentAssignmentTombstone,
  groupEpochTombstone,
  memberTombstone,
  partitionMetadataTombstone,
  regexTombstone,
  targetEpochTombstone,
  targetTombstone,
} from './consumer-records.ts'
import type { ResolvedRegex } from './resolved-regex.ts'

/** How many members name a topic, and how many regular expressions match it. */
export interface Subscription {
  readonly byName: number
  readonly byRegex: number
}

export class ConsumerGroup extends ModernGroup<ConsumerMember, Assignment> implements Group {
  protected readonly noTarget = NO_PARTITIONS
  readonly type = 'consumer'
  readonly shouldExpire = true
  readonly listedProtocolType = 'consumer'
  readonly subscriptions = new Map<string, Subscription>()
  readonly regexCounts = new Map<string, number>()
  readonly resolvedRegexes = new Map<string, ResolvedRegex>()
  readonly assignorCounts = new Map<string, number>()
  classicCount = 0
  /** By protocol name, how many of the classic members support it. */
  readonly classicProtocolCounts = new Map<string, number>()
  /** By topic id, by partition: epoch of the member that has it, which no other may get until it lets go. */
  readonly #partitionEpochs = new Map<string, Map<number, number>>()
  /** A record of Kafka before 4.1, to be deleted at the next occasion. */
  hasPartitionMetadata = false
  /** Its regular expressions are about to be resolved: once at a time. */
  isResolving = false
  /** Classic members that were told to join, and have not. */
  readonly awaitedJoins = new Set<string>()

  get stateName(): 'Empty' | 'Assigning' | 'Reconciling' | 'Stable' {
    if (this.members.size === 0) return 'Empty'
    if (this.groupEpoch > this.assignmentEpoch) return 'Assigning'
    for (const member of this.members.values()) {
      if (!isReconciledTo(member, this.assignmentEpoch)) return 'Reconciling'
    }
    return 'Stable'
  }

  isSubscribedTo(topic: string): boolean {
    return this.subscriptions.has(topic)
  }

  /** The assignor that most members ask for; null: none of them does. */
  get preferredAssignor(): string | null {
    return mostWanted(this.assignorCounts)
  }

  /** Of whoever has the partition; -1: nobody does. */
  partitionEpoch(topicId: string, partition: number): number {
    return this.#partitionEpochs.get(topicId)?.get(partition) ?? -1
  }

  /** When the expressions were resolved last, ms, and on which image. */
  get lastResolved(): { readonly timestamp: number; readonly version: number } {
    const { value } = this.resolvedRegexes.values().next()
    return value ?? { timestamp: Number.NEGATIVE_INFINITY, version: 0 }
  }

  /** Adds a member or replaces what is known of it. */
  update(member: ConsumerMember): void {
    const old = this.members.get(member.memberId)
    if (old !== undefined) this.#forget(old)
    this.put(member)
    for (const topic of member.subscribedTopicNames) countTopic(this.subscriptions, topic, 1, 0)
    if (member.serverAssignor !== null) count(this.assignorCounts, member.serverAssignor, 1)
    const regex = regexOf(member)
    if (regex !== null) count(this.regexCounts, regex, 1)
    if (member.classic !== null) this.classicCount++
    for (const { name } of member.classic?.supportedProtocols ?? []) count(this.classicProtocolCounts, name, 1)
    this.#occupy(member.assigned, member.memberEpoch)
    this.#occupy(member.pendingRevocation, member.memberEpoch)
  }

  remove(memberId: string): void {
    const member = this.members.get(memberId)
    if (member === undefined) return
    this.#forget(member)
    this.drop(member)
  }

  resolve(regex: string, resolved: ResolvedRegex | null): void {
    for (const topic of this.resolvedRegexes.get(regex)?.topics ?? []) countTopic(this.subscriptions, topic, 0, -1)
    if (resolved === null) {
      this.resolvedRegexes.delete(regex)
      return
    }
    this.resolvedRegexes.set(regex, resolved)
    for (const topic of resolved.topics) countTopic(this.subscriptions, topic, 0, 1)
  }

  commitError(commit: CommitRequest, isTransactional: boolean): number {
    const { generationId, memberId, groupInstanceId, apiVersion } = commit
    if (generationId < 0 && this.members.size === 0) return ErrorCode.NONE
    if (isTransactional && generationId === -1 && memberId === '' && groupInstanceId === null) return ErrorCode.NONE
    const member = this.members.get(memberId)
    if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    if (!isTransactional && member.classic === null && apiVersion < MEMBER_EPOCH_SINCE) {
      return ErrorCode.UNSUPPORTED_VERSION
    }
    return generationId > member.memberEpoch ? wrongEpoch(member) : ErrorCode.NONE
  }

  /** A member that is behind may commit what it has had since (KIP-1251). */
  commitCheck({ generationId, memberId }: CommitRequest): CommitPartitionCheck | null {
    const member = this.members.get(memberId)
    if (member === undefined || generationId >= member.memberEpoch) return null
    return (topicId, partition) => {
      const assigned = member.assigned.get(topicId)?.get(partition)
      const since = assigned ?? member.pendingRevocation.get(topicId)?.get(partition)
      return since === undefined || generationId < since ? wrongEpoch(member) : ErrorCode.NONE
    }
  }

  fetchError(memberId: string | null, memberEpoch: number): number {
    if (memberId === null && memberEpoch < 0) return ErrorCode.NONE
    const member = this.members.get(memberId ?? '')
    if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    return memberEpoch === member.memberEpoch ? ErrorCode.NONE : wrongEpoch(member)
  }

  retainedSince(topic: string, offset: CommittedOffset): number | null {
    return this.members.size > 0 && this.isSubscribedTo(topic) ? null : Number(offset.commitTimestamp)
  }

  deleteOffsetsError(): number {
    return ErrorCode.NONE
  }

  /** In Kafka's order. `renamed`: the records of a member stand under another id in the same batch. */
  tombstones(renamed: { readonly from: string; readonly to: string } | null = null): GroupRecord[] {
    const { groupId } = this
    const memberIds = [...this.members.keys()].map((memberId) => (memberId === renamed?.from ? renamed.to : memberId))
    return [
      ...memberIds.map((memberId) => currentAssignmentTombstone(groupId, memberId)),
      ...memberIds.map((memberId) => targetTombstone(groupId, memberId)),
      targetEpochTombstone(groupId),
      ...memberIds.map((memberId) => memberTombstone(groupId, memberId)),
      ...[...this.resolvedRegexes.keys()].map((regex) => regexTombstone(groupId, regex)),
      partitionMetadataTombstone(groupId),
      groupEpochTombstone(groupId),
    ]
  }

  #forget(member: ConsumerMember): void {
    for (const topic of member.subscribedTopicNames) countTopic(this.subscriptions, topic, -1, 0)
    if (member.serverAssignor !== null) count(this.assignorCounts, member.serverAssignor, -1)
    const regex = regexOf(member)
    if (regex !== null) count(this.regexCounts, regex, -1)
    if (member.classic !== null) this.classicCount--
    for (const { name } of member.classic?.supportedProtocols ?? []) count(this.classicProtocolCounts, name, -1)
    this.#vacate(member.assigned, member.memberEpoch)
    this.#vacate(member.pendingRevocation, member.memberEpoch)
  }

  #occupy(assignment: EpochAssignment, epoch: number): void {
    for (const [topicId, partitions] of assignment) {
      let epochs = this.#partitionEpochs.get(topicId)
      if (epochs === undefined) {
        epochs = new Map()
        this.#partitionEpochs.set(topicId, epochs)
      }
      // Compaction may leave a former owner's record before the one by which it let go: the newer epoch counts.
      for (const partition of partitions.keys()) {
        epochs.set(partition, Math.max(epoch, epochs.get(partition) ?? epoch))
      }
    }
  }

  #vacate(assignment: EpochAssignment, epoch: number): void {
    for (const [topicId, partitions] of assignment) {
      const epochs = this.#partitionEpochs.get(topicId)
      if (epochs === undefined) continue
      for (const partition of partitions.keys()) if (epochs.get(partition) === epoch) epochs.delete(partition)
      if (epochs.size === 0) this.#partitionEpochs.delete(topicId)
    }
  }
}

const wrongEpoch = ({ classic }: ConsumerMember): number =>
  classic === null ? ErrorCode.STALE_MEMBER_EPOCH : ErrorCode.ILLEGAL_GENERATION

export function mostWanted(counts: ReadonlyMap<string, number>): string | null {
  let winner: string | null = null
  let most = 0
  for (const [name, wanted] of counts) if (wanted >= most) [winner, most] = [name, wanted]
  return winner
}

/** A topic that nobody is subscribed to any more is dropped. */
export function countTopic(topics: Map<string, Subscription>, topic: string, byName: number, byRegex: number): void {
  const old = topics.get(topic)
  const next = { byName: (old?.byName ?? 0) + byName, byRegex: (old?.byRegex ?? 0) + byRegex }
  if (next.byName <= 0 && next.byRegex <= 0) topics.delete(topic)
  else topics.set(topic, next)
}

/** The group, if there is one and it is a consumer group. */
export function consumerGroup(machine: GroupMachine, groupId: string): ConsumerGroup | undefined {
  const group = machine.groups.get(groupId)
  return group instanceof ConsumerGroup ? group : undefined
}
