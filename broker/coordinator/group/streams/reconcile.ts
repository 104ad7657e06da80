// One step of a member towards its target: give up what it shall not have, then take what others have let go. It gets
// the target's epoch only when it has nothing left to give up; what somebody else still holds it gets later, heartbeat
// by heartbeat. A task that the member keeps in another role changes the role without being given up, for its state
// stays on the same disk:
//
//   active ──▶ standby                  at once, while the active copy is given up
//   standby ◀─▶ warm-up                 at once
//   standby, warm-up ──▶ active         when the active copy is free; the old role is kept until then
//
// Source: CurrentAssignmentBuilder of Apache Kafka.

import type { TaskOwners } from './owners.ts'
import { MEMBER_STATE, type StreamsMember } from './streams-member.ts'
import { eachTask, hasTask, isEmpty, NONE_HELD, overlap, type TaskPartitions, type TaskSets } from './tasks.ts'

export interface Reconciliation {
  readonly member: StreamsMember
  readonly targetEpoch: number
  readonly target: TaskSets
  readonly owners: TaskOwners
  /** What it says that it has; null: it did not say, which counts as everything. */
  readonly owned: TaskSets | null
}

/** The member as it is from now on, itself if nothing changes; null: it must be fenced. */
export function reconcile(given: Reconciliation): StreamsMember | null {
  const { member, targetEpoch, owned } = given
  switch (member.state) {
    case MEMBER_STATE.stable:
      return member.memberEpoch === targetEpoch ? member : moveOn(given, member.memberEpoch)
    case MEMBER_STATE.unrevokedTasks:
      if (owned === null || overlap(owned, member.pendingRevocation)) return member
      return moveOn(given, member.memberEpoch + 1)
    case MEMBER_STATE.unreleasedTasks:
      return moveOn(given, member.memberEpoch)
    case MEMBER_STATE.unknown:
      // A broker of a later release has put it there. It begins anew.
      return owned === null || !isEmpty(owned) ? null : moveOn(given, targetEpoch)
  }
}

/** Tasks while they are moved about. */
type Draft = Map<string, Map<number, number>>
type Role = 'active' | 'standby' | 'warmup'
type Drafts = Readonly<Record<Role, Draft>>

interface Difference {
  /** What it has and shall have. */
  readonly kept: Drafts
  readonly toRevoke: Drafts
  /** What it may have now. */
  readonly toAssign: Drafts
  /** There is more that it shall have, and others still hold. */
  readonly isWaiting: boolean
}

/** `memberEpoch`: while it has something to give up. */
function moveOn(given: Reconciliation, memberEpoch: number): StreamsMember {
  const { member, targetEpoch, owned } = given
  const { kept, toRevoke, toAssign, isWaiting } = difference(given)
  changeRoles(member, kept, toRevoke, toAssign)
  promote(given, kept, toRevoke, toAssign)
  const next = { ...member, previousMemberEpoch: member.memberEpoch }
  if (mustRevoke(toRevoke, owned)) {
    const [assigned, pendingRevocation] = [heldOf(kept), heldOf(toRevoke)]
    return { ...next, memberEpoch, state: MEMBER_STATE.unrevokedTasks, assigned, pendingRevocation }
  }
  for (const role of ROLES) {
    for (const [subtopologyId, epochs] of toAssign[role]) {
      for (const [partition, epoch] of epochs) put(kept[role], subtopologyId, partition, epoch)
    }
  }
  const state = isWaiting ? MEMBER_STATE.unreleasedTasks : MEMBER_STATE.stable
  return { ...next, memberEpoch: targetEpoch, state, assigned: heldOf(kept), pendingRevocation: NONE_HELD }
}

const ROLES: readonly Role[] = ['active', 'standby', 'warmup']
const newDrafts = (): Drafts => ({ active: new Map(), standby: new Map(), warmup: new Map() })

function difference(given: Reconciliation): Difference {
  const { member, target, targetEpoch } = given
  const [kept, toRevoke, toAssign] = [newDrafts(), newDrafts(), newDrafts()]
  let isWaiting = false
  for (const role of ROLES) {
    for (const [subtopologyId, partition] of eachTask(member.assigned[role])) {
      const draft = hasTask(target[role], subtopologyId, partition) ? kept : toRevoke
      put(draft[role], subtopologyId, partition, member.assigned.active.get(subtopologyId)?.get(partition) ?? 0)
    }
    for (const [subtopologyId, partition] of eachTask(target[role])) {
      if (hasTask(member.assigned[role], subtopologyId, partition)) continue
      if (isFree[role](given, subtopologyId, partition)) put(toAssign[role], subtopologyId, partition, targetEpoch)
      else isWaiting = true
    }
  }
  return { kept, toRevoke, toAssign, isWaiting }
}

/** Whether nobody holds the task in a way that keeps the member from having it in the role. */
const isFree: Readonly<Record<Role, (given: Reconciliation, subtopologyId: string, partition: number) => boolean>> = {
  active: (given, subtopologyId, partition) =>
    given.owners.active(subtopologyId, partition) === undefined &&
    !isHeldBeside(given, 'standby', subtopologyId, partition) &&
    !isHeldBeside(given, 'warmup', subtopologyId, partition),
  standby: (given, subtopologyId, partition) => {
    const { owners, member } = given
    const isRunHere = owners.active(subtopologyId, partition) === member.processId
    return (
      !(isRunHere && !hasTask(member.assigned.active, subtopologyId, partition)) &&
      !owners.standby(subtopologyId, partition).has(member.processId) &&
      !isHeldBeside(given, 'warmup', subtopologyId, partition)
    )
  },
  warmup: (given, subtopologyId, partition) => {
    const { owners, member } = given
    return (
      owners.active(subtopologyId, partition) !== member.processId &&
      !isHeldBeside(given, 'standby', subtopologyId, partition) &&
      !owners.warmup(subtopologyId, partition).has(member.processId)
    )
  },
}

/** By another member of the same process. */
function isHeldBeside(
  { owners, member }: Reconciliation,
  role: 'standby' | 'warmup',
  subtopologyId: string,
  partition: number,
): boolean {
  const isHeldHere = owners[role](subtopologyId, partition).has(member.processId)
  return isHeldHere && !hasTask(member.assigned[role], subtopologyId, partition)
}

function changeRoles({ assigned }: StreamsMember, kept: Drafts, toRevoke: Drafts, toAssign: Drafts): void {
  for (const [subtopologyId, partition] of eachTask(assigned.active)) {
    if (!hasTask(toAssign.standby, subtopologyId, partition)) continue
    move(toAssign.standby, kept.standby, subtopologyId, partition)
  }
  for (const [from, to] of [
    ['standby', 'warmup'],
    ['warmup', 'standby'],
  ] as const) {
    for (const [subtopologyId, partition] of eachTask(assigned[from])) {
      if (!hasTask(toAssign[to], subtopologyId, partition)) continue
      move(toAssign[to], kept[to], subtopologyId, partition)
      take(toRevoke[from], subtopologyId, partition)
    }
  }
}

/** Copies that are to become active are not given up; they stay what they are until the active copy is free. */
function promote(given: Reconciliation, kept: Drafts, toRevoke: Drafts, toAssign: Drafts): void {
  const { member, target, owned } = given
  const promoted = (role: 'standby' | 'warmup') =>
    [...eachTask(member.assigned[role])].filter(([subtopologyId, partition]) =>
      hasTask(target.active, subtopologyId, partition),
    )
  for (const role of ['standby', 'warmup'] as const) {
    for (const [subtopologyId, partition] of promoted(role)) take(toRevoke[role], subtopologyId, partition)
  }
  const revokesFirst = mustRevoke(toRevoke, owned)
  for (const role of ['standby', 'warmup'] as const) {
    for (const [subtopologyId, partition] of promoted(role)) {
      const isGiven = !revokesFirst && hasTask(toAssign.active, subtopologyId, partition)
      if (!isGiven) put(kept[role], subtopologyId, partition, 0)
    }
  }
}

function mustRevoke(toRevoke: Drafts, owned: TaskSets | null): boolean {
  return !isEmpty(heldOf(toRevoke)) && (owned === null || overlap(owned, heldOf(toRevoke)))
}

function put(draft: Draft, subtopologyId: string, partition: number, epoch: number): void {
  const epochs = draft.get(subtopologyId)
  if (epochs === undefined) draft.set(subtopologyId, new Map([[partition, epoch]]))
  else epochs.set(partition, epoch)
}

function take(draft: Draft, subtopologyId: string, partition: number): void {
  const epochs = draft.get(subtopologyId)
  epochs?.delete(partition)
  if (epochs?.size === 0) draft.delete(subtopologyId)
}

function move(from: Draft, to: Draft, subtopologyId: string, partition: number): void {
  take(from, subtopologyId, partition)
  put(to, subtopologyId, partition, 0)
}

function heldOf({ active, standby, warmup }: Drafts) {
  const withoutEpochs = (draft: Draft): ReadonlyMap<string, ReadonlySet<number>> =>
    new Map(
      [...draft].map(([subtopologyId, epochs]: [string, TaskPartitions]) => [subtopologyId, new Set(epochs.keys())]),
    )
  return { active, standby: withoutEpochs(standby), warmup: withoutEpochs(warmup) }
}
