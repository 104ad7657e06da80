// A share group (KIP-932): members that are given records of the same partitions, and the partitions that it has
// delivery state of. What its members do is in the files of the requests.
//
//   Empty ⇄ Stable
//
//   partition   subscribed to ──▶ initializing: the share coordinator is asked ──▶ initialized: may be assigned
//               deleting: the group's offsets of the topic are being deleted there
//
// Invariant: subscriptions holds how many members name each topic. Source: ShareGroup of Apache Kafka.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { Group } from '../model/group.ts'
import type { GroupMachine } from '../model/group-machine.ts'
import type { GroupRecord } from '../model/group-records.ts'
import { type Assignment, NO_PARTITIONS } from '../modern/assignment.ts'
import { count } from '../modern/counts.ts'
import { ModernGroup } from '../modern/modern-group.ts'
import type { ShareMember } from './share-member.ts'
import { groupTombstones, removalRecords } from './share-records.ts'
import { NO_STATE, type StateTopics } from './state-topics.ts'

export class ShareGroup extends ModernGroup<ShareMember, Assignment> implements Group {
  protected readonly noTarget = NO_PARTITIONS
  readonly type = 'share'
  readonly shouldExpire = false
  readonly listedProtocolType = 'share'
  readonly subscriptions = new Map<string, number>()
  state: StateTopics = NO_STATE
  /** More may be assigned than when the target was worked out. */
  hasNewState = false
  /** When partitions were last sent to the share coordinator, monotonic ms: it is asked again after a while. */
  initializingSince = Number.NEGATIVE_INFINITY

  get stateName(): 'Empty' | 'Stable' {
    return this.members.size === 0 ? 'Empty' : 'Stable'
  }

  isSubscribedTo(topic: string): boolean {
    return this.subscriptions.has(topic)
  }

  update(member: ShareMember): void {
    this.#forget(this.members.get(member.memberId))
    this.put(member)
    for (const topic of member.subscribedTopicNames) count(this.subscriptions, topic, 1)
  }

  remove(memberId: string): void {
    const member = this.members.get(memberId)
    if (member === undefined) return
    this.#forget(member)
    this.drop(member)
  }

  #forget(member: ShareMember | undefined): void {
    for (const topic of member?.subscribedTopicNames ?? []) count(this.subscriptions, topic, -1)
  }

  /** It has no offsets of the kind that consumers commit. */
  commitError(): number {
    return ErrorCode.GROUP_ID_NOT_FOUND
  }

  commitCheck(): null {
    return null
  }

  /** Nobody is told that it has none of these. */
  fetchError(): number {
    return ErrorCode.NONE
  }

  retainedSince(): null {
    return null
  }

  deleteOffsetsError(): number {
    return ErrorCode.GROUP_ID_NOT_FOUND
  }

  tombstones(): GroupRecord[] {
    const { groupId } = this
    return [...[...this.members.keys()].flatMap((id) => removalRecords(groupId, id)), ...groupTombstones(groupId)]
  }

  /** A partition that may be assigned, and that no target has. */
  get hasUnassigned(): boolean {
    if (this.isEmpty) return false
    const targets = [...this.targetAssignment.values()]
    for (const [topicId, { partitions }] of this.state.initialized) {
      for (const partition of partitions) {
        if (!targets.some((target) => target.get(topicId)?.has(partition) === true)) return true
      }
    }
    return false
  }
}

/** The group, if there is one and it is a share group. */
export function shareGroup(machine: GroupMachine, groupId: string): ShareGroup | undefined {
  const group = machine.groups.get(groupId)
  return group instanceof ShareGroup ? group : undefined
}

/** One that is not there yet, nor in the machine before its records are. undefined: there is one of another kind. */
export function newShareGroup(machine: GroupMachine, groupId: string): ShareGroup | undefined {
  const group = machine.groups.get(groupId)
  if (group !== undefined && !group.isSimple) return undefined
  return new ShareGroup(groupId)
}
