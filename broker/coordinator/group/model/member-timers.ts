// The timers of members, by key: `KIND GROUP MEMBER`. What each waits for is told where it is armed (KIND/timers.ts,
// classic/rebalance.ts). Ids of groups and members are what clients make of them, blanks included, so the length says
// where the one ends: a group `a` with a member `b c` shares no timer with a group `a b` and its `c`.

import type { GroupMachine } from './group-machine.ts'

export type MemberTimer = 'session' | 'rebalance' | 'join' | 'sync'

const MEMBER_TIMERS: readonly MemberTimer[] = ['session', 'rebalance', 'join', 'sync']

export function memberTimer(kind: MemberTimer, groupId: string, memberId: string): string {
  return `${kind} ${groupId.length} ${groupId} ${memberId}`
}

export function cancelMemberTimer(machine: GroupMachine, kind: MemberTimer, groupId: string, memberId: string): void {
  machine.timers.cancel(memberTimer(kind, groupId, memberId))
}

/** The member is gone: nothing of it may wake up again. */
export function forgetMember(machine: GroupMachine, groupId: string, memberId: string): void {
  for (const kind of MEMBER_TIMERS) cancelMemberTimer(machine, kind, groupId, memberId)
}

export function forgetMembers(machine: GroupMachine, groupId: string, memberIds: Iterable<string>): void {
  for (const memberId of memberIds) forgetMember(machine, groupId, memberId)
}
