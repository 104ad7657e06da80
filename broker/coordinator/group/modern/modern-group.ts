// What consumer, share and streams groups have in common: members with epochs of their own, a group epoch that grows
// with every change of members, subscriptions or topics, and a target assignment that is worked out for a group epoch
// and that the members are then moved to, one by one.
//
//   group epoch  ≥  assignment epoch  ≥  epoch of every member          (members behind are still being moved)
//
// Everything here is a fold over records but for `metadataDeadline`, which says when the topics are to be looked at
// again. Invariant: staticMembers maps onto members. Source: ModernGroup of Apache Kafka.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { Refusal } from '../model/refusal.ts'

/** OffsetCommit and OffsetFetch carry member epochs since then. */
export const MEMBER_EPOCH_SINCE = 9
/** Far enough away to be never; the topics are looked at again when one of them changes. */
export const METADATA_REFRESH_MS = 0x7fffffff
/** A heartbeat with this epoch: the member leaves. */
export const LEAVE_EPOCH = -1
/** A static member is away, and may come back within its session timeout. */
export const LEAVE_STATIC_EPOCH = -2

export interface ModernMember {
  readonly memberId: string
  /** Not null: a static member, which keeps its place when it comes back within its session timeout. */
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly memberEpoch: number
  readonly previousMemberEpoch: number
}

export abstract class ModernGroup<M extends ModernMember, Target> {
  readonly groupId: string
  /** Of a member that has none. */
  protected abstract readonly noTarget: Target
  readonly isSimple = false
  /** Of a group without any record; its first change makes it 2. */
  groupEpoch = 1
  /** Of the topics that the members are subscribed to, at the group epoch (metadata-hash.ts); 0n: none. */
  metadataHash = 0n
  readonly members = new Map<string, M>()
  /** Member id by instance id. */
  readonly staticMembers = new Map<string, string>()
  assignmentEpoch = 1
  /** When the target was worked out, ms; 0: not known. */
  assignmentTimestamp = 0
  readonly targetAssignment = new Map<string, Target>()
  /** Until when the topics count as looked at, monotonic ms, and for which group epoch. 0: look now. */
  metadataDeadline = { at: 0, groupEpoch: 0 }

  constructor(groupId: string) {
    this.groupId = groupId
  }

  get isEmpty(): boolean {
    return this.members.size === 0
  }

  /** What keeps DeleteGroups from deleting it. */
  deleteError(): Refusal | null {
    return this.isEmpty ? null : { errorCode: ErrorCode.NON_EMPTY_GROUP, errorMessage: null }
  }

  staticMember(instanceId: string): M | undefined {
    const memberId = this.staticMembers.get(instanceId)
    return memberId === undefined ? undefined : this.members.get(memberId)
  }

  targetOf(memberId: string): Target {
    return this.targetAssignment.get(memberId) ?? this.noTarget
  }

  /** As a record says; null: its tombstone. */
  setAssignmentEpoch(stored: { readonly assignmentEpoch: number; readonly assignmentTimestamp: bigint } | null): void {
    this.assignmentEpoch = stored?.assignmentEpoch ?? -1
    this.assignmentTimestamp = Number(stored?.assignmentTimestamp ?? 0n)
  }

  /** Likewise. */
  setTarget(memberId: string, target: Target | null): void {
    if (target === null) this.targetAssignment.delete(memberId)
    else this.targetAssignment.set(memberId, target)
  }

  /** The last target is not yet so old that it may be worked out anew; one of the future tells of a clock set back. */
  isTargetYoung(now: number, intervalMs: number): boolean {
    const { assignmentTimestamp } = this
    return assignmentTimestamp > 0 && now >= assignmentTimestamp && now < assignmentTimestamp + intervalMs
  }

  /** Topics have changed: the next heartbeat looks at them. */
  requestMetadataRefresh(): void {
    this.metadataDeadline = { at: 0, groupEpoch: 0 }
  }

  setMetadataDeadline(at: number): void {
    this.metadataDeadline = { at, groupEpoch: this.groupEpoch }
  }

  hasMetadataExpired(now: number): boolean {
    return now >= this.metadataDeadline.at || this.groupEpoch < this.metadataDeadline.groupEpoch
  }

  protected put(member: M): void {
    const old = this.members.get(member.memberId)?.instanceId ?? null
    if (old !== null && old !== member.instanceId) this.staticMembers.delete(old)
    this.members.set(member.memberId, member)
    if (member.instanceId !== null) this.staticMembers.set(member.instanceId, member.memberId)
  }

  protected drop({ memberId, instanceId }: M): void {
    this.members.delete(memberId)
    // A static member that was replaced is dropped after its replacement has come.
    if (instanceId !== null && this.staticMembers.get(instanceId) === memberId) this.staticMembers.delete(instanceId)
  }
}
