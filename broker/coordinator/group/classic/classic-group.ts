// A classic group: members that agree on a generation, and a leader among them that assigns (KIP-62, KIP-345 static
// members, KIP-394 member ids, KIP-429 cooperative rebalancing). This file holds what a group is; what happens to it is
// in rebalance.ts and in the files of the requests.
//
//              a member joins                       all have joined, or the rebalance timeout
//      Empty ────────────────▶ PreparingRebalance ────────────────▶ CompletingRebalance
//        ▲                        ▲   │ ▲                                 │     │
//        └──── no member left ────┼───┘ └──── joined, left, expired ──────┘     │ the leader's assignment
//                                 └───────────────────────────── Stable ◀───────┘ is in the log
//
//      Dead: the group is not there (deleted, expired, or never was).
//
// The log knows of Empty and Stable only, as one record with the whole group. Whoever is in between when the broker
// stops finds its generation gone, and joins again.
//
// Invariants: staticMembers maps onto members; leaderId is a member or null; awaitingJoinCount and protocolCounts are
// sums over members; pendingJoin (ids given out, not yet used: KIP-394) and members are disjoint; pendingSync is part
// of members.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { MalformedRequest } from '../../../../protocol/errors.ts'
import type { GroupMetadataValue } from '../../../../protocol/messages/group-state/classic-groups.ts'
import { ConsumerProtocolSubscription } from '../../../../protocol/messages/groups/consumer-protocol.ts'
import type { CommitRequest } from '../model/commit-request.ts'
import type { Group } from '../model/group.ts'
import type { GroupMachine } from '../model/group-machine.ts'
import { type GroupRecord, groupTombstone } from '../model/group-records.ts'
import type { CommittedOffset } from '../model/offset-store.ts'
import type { Refusal } from '../model/refusal.ts'
import { ClassicMember, type JoinReply, type MemberProtocol } from './classic-member.ts'

export type ClassicGroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

const PREVIOUS_STATES: Readonly<Record<ClassicGroupState, readonly ClassicGroupState[]>> = {
  Empty: ['PreparingRebalance'],
  PreparingRebalance: ['Stable', 'CompletingRebalance', 'Empty'],
  CompletingRebalance: ['PreparingRebalance'],
  Stable: ['CompletingRebalance'],
}

/** The protocol type of consumers, whose metadata we can read. */
const CONSUMER_PROTOCOL_TYPE = 'consumer'

export class ClassicGroup implements Group {
  readonly groupId: string
  readonly type = 'classic'
  readonly shouldExpire = true
  state: ClassicGroupState = 'Empty'
  previousState: ClassicGroupState = 'Empty'
  /** ms; -1 where a record of an old version did not tell. */
  stateTimestamp: number
  generationId = 0
  /** null: never had members; its offsets were committed by a consumer that assigns itself. */
  protocolType: string | null = null
  protocolName: string | null = null
  leaderId: string | null = null
  readonly members = new Map<string, ClassicMember>()
  /** Member id by group instance id. */
  readonly staticMembers = new Map<string, string>()
  readonly pendingJoin = new Set<string>()
  readonly pendingSync = new Set<string>()
  /** During the initial rebalance: somebody joined, so wait a little longer for more. */
  newMemberAdded = false
  /** null: not known, for the members do not speak the consumer protocol. */
  subscribedTopics: ReadonlySet<string> | null = null
  awaitingJoinCount = 0
  readonly #protocolCounts = new Map<string, number>()

  constructor(groupId: string, stateTimestamp: number) {
    this.groupId = groupId
    this.stateTimestamp = stateTimestamp
  }

  get stateName(): string {
    return this.state
  }

  get listedProtocolType(): string {
    return this.protocolType ?? ''
  }

  /** Nothing but offsets, of a consumer that assigns itself. */
  get isSimple(): boolean {
    return this.protocolType === null && this.isEmpty
  }

  get isEmpty(): boolean {
    return this.state === 'Empty' && this.pendingJoin.size === 0
  }

  get usesConsumerProtocol(): boolean {
    return this.protocolType === CONSUMER_PROTOCOL_TYPE
  }

  get canRebalance(): boolean {
    return PREVIOUS_STATES.PreparingRebalance.includes(this.state)
  }

  get hasAllMembersJoined(): boolean {
    return this.members.size === this.awaitingJoinCount && this.pendingJoin.size === 0
  }

  /** The longest of its members'. */
  get rebalanceTimeoutMs(): number {
    let longest = 0
    for (const member of this.members.values()) longest = Math.max(longest, member.rebalanceTimeoutMs)
    return longest
  }

  transitionTo(state: ClassicGroupState, now: number): void {
    if (!PREVIOUS_STATES[state].includes(this.state)) {
      throw new Error(`assertion: group ${this.groupId} goes from ${this.state} to ${state}`)
    }
    this.previousState = this.state
    this.state = state
    this.stateTimestamp = now
  }

  add(member: ClassicMember, protocolType: string, join: JoinReply | null): void {
    const { memberId, groupInstanceId } = member
    if (this.members.has(memberId)) throw new Error(`assertion: ${memberId} joins ${this.groupId} twice`)
    if (groupInstanceId !== null) this.staticMembers.set(groupInstanceId, memberId)
    if (this.members.size === 0) this.protocolType = protocolType
    this.leaderId ??= memberId
    this.members.set(memberId, member)
    this.#count(member, 1)
    this.park(member, join)
    this.pendingJoin.delete(memberId)
  }

  remove(memberId: string): void {
    const member = this.members.get(memberId)
    this.pendingJoin.delete(memberId)
    this.pendingSync.delete(memberId)
    if (member === undefined) return
    this.members.delete(memberId)
    this.#count(member, -1)
    if (member.join !== null) this.awaitingJoinCount--
    if (member.groupInstanceId !== null) this.staticMembers.delete(member.groupInstanceId)
    if (this.leaderId === memberId) this.leaderId = this.members.keys().next().value ?? null
  }

  update(member: ClassicMember, protocols: readonly MemberProtocol[]): void {
    this.#count(member, -1)
    member.protocols = protocols
    this.#count(member, 1)
  }

  /** Parks the join of a member, or takes note that it is answered (null). */
  park(member: ClassicMember, join: JoinReply | null): void {
    if (member.join !== null) this.awaitingJoinCount--
    member.join = join
    if (member.join !== null) this.awaitingJoinCount++
  }

  /** A static member has come back under a new member id: everything else stays as it was. */
  replaceStatic(member: ClassicMember, newMemberId: string): ClassicMember {
    const { memberId, groupInstanceId } = member
    if (groupInstanceId === null) throw new Error(`assertion: ${memberId} of ${this.groupId} is no static member`)
    if (member.join !== null) throw new Error(`assertion: ${memberId} is replaced while its join is parked`)
    const replacement = new ClassicMember({ ...member, memberId: newMemberId, groupInstanceId })
    replacement.assignment = member.assignment
    this.members.delete(memberId)
    this.members.set(newMemberId, replacement)
    this.pendingSync.delete(memberId)
    this.staticMembers.set(groupInstanceId, newMemberId)
    if (this.leaderId === memberId) this.leaderId = newMemberId
    return replacement
  }

  /** Whether a member with these protocols could be in the group: one of them must be known to everybody. */
  supportsProtocols(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (this.state === 'Empty') return protocolType !== '' && protocols.length > 0
    if (this.protocolType !== protocolType) return false
    return protocols.some(({ name }) => this.#isSupportedByAll(name))
  }

  /** Of the protocols that all support, the one that most members prefer. */
  selectProtocol(): string {
    const votes = new Map<string, number>()
    for (const member of this.members.values()) {
      const vote = member.protocols.find(({ name }) => this.#isSupportedByAll(name))
      if (vote === undefined) throw new Error(`assertion: the members of ${this.groupId} have no protocol in common`)
      votes.set(vote.name, (votes.get(vote.name) ?? 0) + 1)
    }
    let winner = ''
    let most = 0
    for (const [name, count] of votes) {
      if (count > most) [winner, most] = [name, count]
    }
    return winner
  }

  /** False when nobody has joined. A leader that has not joined loses the lead to one that has. */
  electJoinedLeader(): boolean {
    const leader = this.leaderId === null ? undefined : this.members.get(this.leaderId)
    if (leader !== undefined && leader.join !== null) return true
    for (const member of this.members.values()) {
      if (member.join === null) continue
      this.leaderId = member.memberId
      return true
    }
    return false
  }

  startGeneration(now: number): void {
    this.generationId++
    this.pendingSync.clear()
    this.protocolName = this.members.size === 0 ? null : this.selectProtocol()
    this.subscribedTopics = this.#subscriptions()
    this.transitionTo(this.members.size === 0 ? 'Empty' : 'CompletingRebalance', now)
  }

  /** Where nothing is known of subscriptions, a group of consumers counts as subscribed to everything. */
  isSubscribedTo(topic: string): boolean {
    return this.subscribedTopics?.has(topic) ?? this.usesConsumerProtocol
  }

  /** Its members watch topics themselves. */
  requestMetadataRefresh(): void {}

  /** NONE, UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID: the instance has come back under another member id meanwhile. */
  memberError(memberId: string, groupInstanceId: string | null): number {
    if (groupInstanceId !== null) {
      const current = this.staticMembers.get(groupInstanceId)
      if (current === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
      if (current !== memberId) return ErrorCode.FENCED_INSTANCE_ID
    }
    return this.members.has(memberId) ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID
  }

  commitError({ generationId, memberId, groupInstanceId }: CommitRequest, isTransactional = false): number {
    if (generationId < 0 && this.state === 'Empty') return ErrorCode.NONE
    if (generationId < 0 && memberId === '' && groupInstanceId === null) {
      // A transactional producer need not be a member: its coordinator fences it (before KIP-447 nothing else did).
      return isTransactional ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID
    }
    const errorCode = this.memberError(memberId, groupInstanceId)
    if (errorCode !== ErrorCode.NONE) return errorCode
    if (generationId !== this.generationId) return ErrorCode.ILLEGAL_GENERATION
    // It has not seen its assignment of this generation: it may no longer own what it commits.
    const isTooEarly = this.state === 'CompletingRebalance' && !isTransactional
    return isTooEarly ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
  }

  commitCheck(): null {
    return null
  }

  /** Classic members fetch without saying who they are. */
  fetchError(): number {
    return ErrorCode.NONE
  }

  retainedSince(topic: string, offset: CommittedOffset): number | null {
    const committedAt = Number(offset.commitTimestamp)
    if (this.protocolType === null) return committedAt
    if (this.state === 'Empty') return this.stateTimestamp === -1 ? committedAt : this.stateTimestamp
    const isKnown = this.usesConsumerProtocol && this.subscribedTopics !== null
    return isKnown && this.state === 'Stable' && !this.isSubscribedTo(topic) ? committedAt : null
  }

  /** Kafka 4.4 leaves the message of v3 empty. */
  deleteError(): Refusal | null {
    return this.state === 'Empty' ? null : { errorCode: ErrorCode.NON_EMPTY_GROUP, errorMessage: null }
  }

  deleteOffsetsError(): number {
    // Whose subscriptions cannot be read may be subscribed to anything.
    return this.state === 'Empty' || this.usesConsumerProtocol ? ErrorCode.NONE : ErrorCode.NON_EMPTY_GROUP
  }

  tombstones(): GroupRecord[] {
    return [groupTombstone(this.groupId)]
  }

  /** Makes the group what a record says. What the log does not hold stays with the members that the record names. */
  restore(value: GroupMetadataValue): void {
    const named = new Set(value.members.map(({ memberId }) => memberId))
    for (const memberId of [...this.members.keys()]) {
      if (!named.has(memberId)) this.remove(memberId)
    }
    for (const stored of value.members) this.#restoreMember(stored, value.protocol ?? '', value.protocolType)
    this.generationId = value.generation
    this.protocolType = value.protocolType === '' ? null : value.protocolType
    this.protocolName = value.protocol
    this.leaderId = value.leader
    this.stateTimestamp = Number(value.currentStateTimestamp)
    const state = this.members.size === 0 ? 'Empty' : 'Stable'
    if (state !== this.state) this.previousState = this.state
    this.state = state
    this.subscribedTopics = this.#subscriptions()
  }

  #restoreMember(stored: GroupMetadataValue['members'][number], protocolName: string, protocolType: string): void {
    const protocols = [{ name: protocolName, metadata: stored.subscription }]
    let member = this.members.get(stored.memberId)
    if (member === undefined) {
      member = new ClassicMember({
        memberId: stored.memberId,
        groupInstanceId: stored.groupInstanceId,
        clientId: stored.clientId,
        clientHost: stored.clientHost,
        rebalanceTimeoutMs: stored.rebalanceTimeout,
        sessionTimeoutMs: stored.sessionTimeout,
        protocols,
      })
      // An earlier record may have had the instance under another member id; that one is gone by now.
      this.add(member, protocolType, null)
    } else if (
      !member.supports(protocolName) ||
      Buffer.compare(member.metadata(protocolName), stored.subscription) !== 0
    ) {
      this.update(member, protocols)
    }
    member.sessionTimeoutMs = stored.sessionTimeout
    // Brokers before 0.10.1 knew one timeout only.
    member.rebalanceTimeoutMs = stored.rebalanceTimeout === -1 ? stored.sessionTimeout : stored.rebalanceTimeout
    member.assignment = stored.assignment
  }

  #isSupportedByAll(protocolName: string): boolean {
    return this.#protocolCounts.get(protocolName) === this.members.size
  }

  #count(member: ClassicMember, difference: 1 | -1): void {
    for (const { name } of member.protocols) {
      const count = (this.#protocolCounts.get(name) ?? 0) + difference
      if (count === 0) this.#protocolCounts.delete(name)
      else this.#protocolCounts.set(name, count)
    }
  }

  /** Every version of the subscription begins as version 0, which is therefore how all are read. */
  #subscriptions(): ReadonlySet<string> | null {
    if (!this.usesConsumerProtocol) return null
    const topics = new Set<string>()
    if (this.members.size === 0) return topics
    if (this.protocolName === null) return null
    try {
      for (const member of this.members.values()) {
        const metadata = member.metadata(this.protocolName)
        if (metadata.length < 2) return null
        for (const topic of ConsumerProtocolSubscription.decode(metadata.subarray(2), 0).topics) topics.add(topic)
      }
    } catch (error) {
      // Not what it claims to be; then nothing is known.
      if (error instanceof MalformedRequest) return null
      throw error
    }
    return topics
  }
}

/** The group, if there is one and it is a classic one. */
export function classicGroup(machine: GroupMachine, groupId: string): ClassicGroup | undefined {
  const group = machine.groups.get(groupId)
  return group instanceof ClassicGroup ? group : undefined
}
