// A member of a consumer group (KIP-848), and what of it the log holds: what it asked for (MemberMetadata) and where
// it stands (CurrentMemberAssignment). Never changed, only replaced. A classic member, which speaks JoinGroup and is
// served as if its group were a classic one, has `classic`.

import type { ConsumerGroupMemberMetadataValue } from '../../../../protocol/messages/group-state/consumer-groups.ts'
import { equalSets } from '../modern/assignment.ts'
import type { ModernMember } from '../modern/modern-group.ts'

/**
 * Where a member stands on its way to its target:
 *
 *   stable ──▶ unrevoked: has partitions to give up, and says when it has ──▶ unreleased: waits for partitions that
 *     ▲                                                                    │  others have yet to give up
 *     └────────────────────────────────────────────────────────────────────┴──────────────┘
 */
export const MEMBER_STATE = { stable: 0, unrevokedPartitions: 1, unreleasedPartitions: 2, unknown: 127 } as const
export type MemberState = (typeof MEMBER_STATE)[keyof typeof MEMBER_STATE]

/** By topic id, by partition: the epoch at which the member got it (KIP-1251), from when on its commits count. */
export type EpochAssignment = ReadonlyMap<string, ReadonlyMap<number, number>>

export const NOTHING_ASSIGNED: EpochAssignment = new Map()

export type ClassicMemberMetadata = NonNullable<ConsumerGroupMemberMetadataValue['classicMemberMetadata']>

export interface ConsumerMember extends ModernMember {
  readonly rebalanceTimeoutMs: number
  readonly subscribedTopicNames: ReadonlySet<string>
  /** Empty or null: none. */
  readonly subscribedTopicRegex: string | null
  readonly serverAssignor: string | null
  readonly classic: ClassicMemberMetadata | null
  readonly state: MemberState
  readonly assigned: EpochAssignment
  readonly pendingRevocation: EpochAssignment
}

export function newMember(memberId: string): ConsumerMember {
  return {
    memberId,
    memberEpoch: 0,
    previousMemberEpoch: -1,
    instanceId: null,
    rackId: null,
    clientId: '',
    clientHost: '',
    rebalanceTimeoutMs: -1,
    subscribedTopicNames: new Set(),
    subscribedTopicRegex: '',
    serverAssignor: null,
    classic: null,
    state: MEMBER_STATE.stable,
    assigned: NOTHING_ASSIGNED,
    pendingRevocation: NOTHING_ASSIGNED,
  }
}

export function regexOf(member: ConsumerMember | undefined): string | null {
  const regex = member?.subscribedTopicRegex ?? null
  return regex === '' ? null : regex
}

export function isReconciledTo(member: ConsumerMember, epoch: number): boolean {
  return member.state === MEMBER_STATE.stable && member.memberEpoch === epoch
}

/** The same request would be stored for both, and both stand at the same place. */
export function equalMembers(a: ConsumerMember, b: ConsumerMember): boolean {
  return equalMetadata(a, b) && equalProgress(a, b)
}

function equalMetadata(a: ConsumerMember, b: ConsumerMember): boolean {
  return (
    a.instanceId === b.instanceId &&
    a.rackId === b.rackId &&
    a.clientId === b.clientId &&
    a.clientHost === b.clientHost &&
    a.rebalanceTimeoutMs === b.rebalanceTimeoutMs &&
    a.subscribedTopicRegex === b.subscribedTopicRegex &&
    a.serverAssignor === b.serverAssignor &&
    equalSets(a.subscribedTopicNames, b.subscribedTopicNames) &&
    equalClassic(a.classic, b.classic)
  )
}

function equalProgress(a: ConsumerMember, b: ConsumerMember): boolean {
  return (
    a.memberEpoch === b.memberEpoch &&
    a.previousMemberEpoch === b.previousMemberEpoch &&
    a.state === b.state &&
    equalEpochAssignments(a.assigned, b.assigned) &&
    equalEpochAssignments(a.pendingRevocation, b.pendingRevocation)
  )
}

function equalClassic(a: ClassicMemberMetadata | null, b: ClassicMemberMetadata | null): boolean {
  if (a === b) return true
  if (a === null || b === null || a.sessionTimeoutMs !== b.sessionTimeoutMs) return false
  if (a.supportedProtocols.length !== b.supportedProtocols.length) return false
  return a.supportedProtocols.every(({ name, metadata }, index) => {
    const other = b.supportedProtocols[index]!
    return name === other.name && Buffer.compare(metadata, other.metadata) === 0
  })
}

export function equalEpochAssignments(a: EpochAssignment, b: EpochAssignment): boolean {
  if (a === b) return true
  if (a.size !== b.size) return false
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId)
    if (others === undefined || others.size !== partitions.size) return false
    for (const [partition, epoch] of partitions) if (others.get(partition) !== epoch) return false
  }
  return true
}
