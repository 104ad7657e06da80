// A streams group (KIP-1071): threads of Kafka Streams processes that share the tasks of a topology. What its members
// do is in the files of the requests.
//
//      Empty ──▶ NotReady: topics are missing ──▶ Assigning: the group epoch is ahead of the target
//                                                     ──▶ Reconciling: a member is behind ──▶ Stable
//
// Invariant: the owners hold every task that a member has or has yet to give up, with the process of the member. Not in
// the log: `configured`, `taskOffsets`, `endpointEpoch`, `shutdownRequestedBy`, `isDelayed`. Source: StreamsGroup of
// Apache Kafka.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { CommitPartitionCheck, CommitRequest } from '../model/commit-request.ts'
import type { Group } from '../model/group.ts'
import type { GroupMachine } from '../model/group-machine.ts'
import type { GroupRecord } from '../model/group-records.ts'
import type { CommittedOffset } from '../model/offset-store.ts'
import { MEMBER_EPOCH_SINCE, ModernGroup } from '../modern/modern-group.ts'
import type { ConfiguredTopology } from './configured-topology.ts'
import { TaskOwners } from './owners.ts'
import type { AssignmentConfigs } from './streams-config.ts'
import { isReconciledTo, type StreamsMember } from './streams-member.ts'
import {
  currentAssignmentTombstone,
  type GroupEpoch,
  groupEpochTombstone,
  memberTombstone,
  targetEpochTombstone,
  targetTombstone,
  topologyTombstone,
} from './streams-records.ts'
import type { TaskOffsets } from './task-offsets.ts'
import { NO_TASKS, type TaskSets } from './tasks.ts'
import type { Topology } from './topology.ts'

export class StreamsGroup extends ModernGroup<StreamsMember, TaskSets> implements Group, GroupEpoch {
  readonly type = 'streams'
  readonly shouldExpire = true
  readonly listedProtocolType = 'streams'
  protected readonly noTarget = NO_TASKS
  #topology: Topology | null = null
  validatedTopologyEpoch = -1
  assignmentConfigs: AssignmentConfigs = new Map()
  storedDescriptionTopologyEpoch = -1
  failedDescriptionTopologyEpoch = -1
  readonly owners = new TaskOwners()
  configured: ConfiguredTopology | null = null
  /** As the members last reported them, by member id. */
  readonly taskOffsets = new Map<string, TaskOffsets>()
  /** Grows with every change of who serves which partitions under which endpoint. */
  endpointEpoch = 0
  /** The member that wants the whole application to end; all others are told, until nobody is left. */
  shutdownRequestedBy: string | null = null
  /** The first members are waited for. */
  isDelayed = false

  get topology(): Topology | null {
    return this.#topology
  }

  setTopology(topology: Topology | null): void {
    this.#topology = topology
    this.configured = null
  }

  get stateName(): 'Empty' | 'NotReady' | 'Assigning' | 'Reconciling' | 'Stable' {
    if (this.members.size === 0) return 'Empty'
    if (this.topology === null || this.topology.epoch !== this.validatedTopologyEpoch) return 'NotReady'
    if (this.groupEpoch > this.assignmentEpoch) return 'Assigning'
    for (const member of this.members.values()) {
      if (!isReconciledTo(member, this.assignmentEpoch)) return 'Reconciling'
    }
    return 'Stable'
  }

  isSubscribedTo(topic: string): boolean {
    return this.members.size > 0 && this.topology?.readerOf(topic) !== undefined
  }

  /** Heartbeats look at the topics whenever the metadata has changed. */
  override requestMetadataRefresh(): void {}

  /** Adds a member or replaces what is known of it. */
  update(member: StreamsMember): void {
    const old = this.members.get(member.memberId)
    if (old !== undefined) this.owners.remove(old)
    this.put(member)
    this.owners.add(member)
  }

  remove(memberId: string): void {
    const member = this.members.get(memberId)
    if (member === undefined) return
    this.owners.remove(member)
    this.drop(member)
    this.taskOffsets.delete(memberId)
    if (this.members.size === 0) this.shutdownRequestedBy = null
  }

  commitError(commit: CommitRequest, isTransactional: boolean): number {
    const { generationId, memberId, groupInstanceId, apiVersion } = commit
    if (generationId < 0 && this.members.size === 0) return ErrorCode.NONE
    if (isTransactional && generationId === -1 && memberId === '' && groupInstanceId === null) return ErrorCode.NONE
    const member = this.members.get(memberId)
    if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    if (!isTransactional && apiVersion < MEMBER_EPOCH_SINCE) return ErrorCode.UNSUPPORTED_VERSION
    const isKnown = generationId === member.memberEpoch || (generationId < member.memberEpoch && this.topology !== null)
    return isKnown ? ErrorCode.NONE : ErrorCode.STALE_MEMBER_EPOCH
  }

  /** A member that is behind may commit the inputs of active tasks that it has had since (KIP-1251). */
  commitCheck({ generationId, memberId, topics }: CommitRequest): CommitPartitionCheck | null {
    const member = this.members.get(memberId)
    if (member === undefined || generationId >= member.memberEpoch) return null
    const names = new Map(topics.map(({ name, topicId }) => [topicId, name]))
    return (topicId, partition) => {
      const subtopologyId = this.topology?.readerOf(names.get(topicId) ?? '') ?? ''
      const since =
        member.assigned.active.get(subtopologyId)?.get(partition) ??
        member.pendingRevocation.active.get(subtopologyId)?.get(partition)
      return since === undefined || generationId < since ? ErrorCode.STALE_MEMBER_EPOCH : ErrorCode.NONE
    }
  }

  fetchError(memberId: string | null, memberEpoch: number): number {
    if (memberId === null && memberEpoch < 0) return ErrorCode.NONE
    const member = this.members.get(memberId ?? '')
    if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    return memberEpoch === member.memberEpoch ? ErrorCode.NONE : ErrorCode.STALE_MEMBER_EPOCH
  }

  retainedSince(topic: string, offset: CommittedOffset): number | null {
    return this.isSubscribedTo(topic) ? null : Number(offset.commitTimestamp)
  }

  deleteOffsetsError(): number {
    return ErrorCode.NONE
  }

  /** In Kafka's order. */
  tombstones(): GroupRecord[] {
    const { groupId } = this
    const memberIds = [...this.members.keys()]
    return [
      ...memberIds.map((memberId) => currentAssignmentTombstone(groupId, memberId)),
      ...memberIds.map((memberId) => targetTombstone(groupId, memberId)),
      targetEpochTombstone(groupId),
      ...memberIds.map((memberId) => memberTombstone(groupId, memberId)),
      groupEpochTombstone(groupId),
      topologyTombstone(groupId),
    ]
  }
}

/** The group, if there is one and it is a streams group. */
export function streamsGroup(machine: GroupMachine, groupId: string): StreamsGroup | undefined {
  const group = machine.groups.get(groupId)
  return group instanceof StreamsGroup ? group : undefined
}
