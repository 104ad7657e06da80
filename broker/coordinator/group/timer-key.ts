// By which name a member's timer is known. Ids of groups and members are what clients make of them, blanks included, so
// the length says where the one ends: a group `a` with a member `b c` shares no timer with a group `a b` and its `c`.

export function memberTimer(kind: string, groupId: string, memberId: string): string {
  return `${kind} ${groupId.length} ${groupId} ${memberId}`
}
