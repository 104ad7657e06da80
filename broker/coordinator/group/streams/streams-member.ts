// A member of a streams group: one stream thread of one process. What it asked for (MemberMetadata) and where it stands
// (CurrentMemberAssignment) are in the log. Never changed, only replaced. Source: StreamsGroupMember of Apache Kafka.

import type { ModernMember } from '../modern/modern-group.ts'
import { type HeldTasks, isSameHeld, NONE_HELD } from './tasks.ts'

/**
 * Where a member stands on its way to its target:
 *
 *   stable ──▶ unrevoked: has tasks to give up, and says when it has ──▶ unreleased: waits for tasks that others
 *     ▲                                                               │  have yet to give up
 *     └───────────────────────────────────────────────────────────────┴──────────────┘
 */
export const MEMBER_STATE = { stable: 1, unrevokedTasks: 2, unreleasedTasks: 3, unknown: 127 } as const
export type MemberState = (typeof MEMBER_STATE)[keyof typeof MEMBER_STATE]

/** Where the process answers queries of its state. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

export interface StreamsMember extends ModernMember {
  readonly rebalanceTimeoutMs: number
  readonly topologyEpoch: number
  /** Threads of one process share its state: no two of them may hold the same task. */
  readonly processId: string
  readonly userEndpoint: Endpoint | null
  readonly clientTags: ReadonlyMap<string, string>
  readonly state: MemberState
  readonly assigned: HeldTasks
  readonly pendingRevocation: HeldTasks
}

export function newMember(memberId: string): StreamsMember {
  return {
    memberId,
    memberEpoch: 0,
    previousMemberEpoch: 0,
    instanceId: null,
    rackId: null,
    clientId: '',
    clientHost: '',
    rebalanceTimeoutMs: -1,
    topologyEpoch: -1,
    processId: '',
    userEndpoint: null,
    clientTags: new Map(),
    state: MEMBER_STATE.stable,
    assigned: NONE_HELD,
    pendingRevocation: NONE_HELD,
  }
}

export function isReconciledTo(member: StreamsMember, epoch: number): boolean {
  return member.state === MEMBER_STATE.stable && member.memberEpoch === epoch
}

/** They ask for the same. */
export function equalMetadata(a: StreamsMember, b: StreamsMember): boolean {
  return (
    a.instanceId === b.instanceId &&
    a.clientId === b.clientId &&
    a.clientHost === b.clientHost &&
    a.rebalanceTimeoutMs === b.rebalanceTimeoutMs &&
    equalEndpoints(a.userEndpoint, b.userEndpoint) &&
    equalPlace(a, b)
  )
}

/** What a target depends on is the same. */
export function equalPlace(a: StreamsMember, b: StreamsMember): boolean {
  return (
    a.topologyEpoch === b.topologyEpoch &&
    a.rackId === b.rackId &&
    a.processId === b.processId &&
    equalTags(a.clientTags, b.clientTags)
  )
}

export function equalEndpoints(a: Endpoint | null, b: Endpoint | null): boolean {
  return a?.host === b?.host && a?.port === b?.port
}

function equalTags(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)
}

export function equalProgress(a: StreamsMember, b: StreamsMember): boolean {
  return (
    a.memberEpoch === b.memberEpoch &&
    a.previousMemberEpoch === b.previousMemberEpoch &&
    a.state === b.state &&
    isSameHeld(a.assigned, b.assigned) &&
    isSameHeld(a.pendingRevocation, b.pendingRevocation)
  )
}
