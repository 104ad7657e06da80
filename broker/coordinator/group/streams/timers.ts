// The timers of a streams group, by key: `session GROUP MEMBER` until a member that does not heartbeat counts as gone;
// `rebalance GROUP MEMBER` until one that has tasks to give up is shut out; `initial GROUP` until a group that was
// empty gives out tasks for the first time. Source: GroupMetadataManager of Apache Kafka.

import { NOTHING } from '../../runtime/state-machine.ts'
import type { GroupMachine, GroupOutcome } from '../group-machine.ts'
import { memberTimer } from '../timer-key.ts'
import { fenceMember } from './leave.ts'
import { firstTarget } from './progress.ts'
import { streamsConfig } from './streams-config.ts'
import { type StreamsGroup, streamsGroup } from './streams-group.ts'
import { MEMBER_STATE, type StreamsMember } from './streams-member.ts'

const sessionKey = (groupId: string, memberId: string): string => memberTimer('session', groupId, memberId)
const rebalanceKey = (groupId: string, memberId: string): string => memberTimer('rebalance', groupId, memberId)
const initialKey = (groupId: string): string => `initial ${groupId}`

/** Every member gets a whole session to show up in. */
export function resumeMembers(machine: GroupMachine, group: StreamsGroup): void {
  for (const member of group.members.values()) {
    extendSession(machine, group.groupId, member.memberId)
    if (member.state === MEMBER_STATE.unrevokedTasks) awaitRevocation(machine, group.groupId, member)
  }
}

export function forgetGroup(machine: GroupMachine, group: StreamsGroup): void {
  for (const memberId of group.members.keys()) forgetMember(machine, group.groupId, memberId)
  machine.timers.cancel(initialKey(group.groupId))
}

export function forgetMember(machine: GroupMachine, groupId: string, memberId: string): void {
  machine.timers.cancel(sessionKey(groupId, memberId))
  machine.timers.cancel(rebalanceKey(groupId, memberId))
}

export function extendSession(machine: GroupMachine, groupId: string, memberId: string): void {
  const { sessionTimeoutMs } = streamsConfig(machine.config, groupId)
  machine.timers.schedule(sessionKey(groupId, memberId), sessionTimeoutMs, () =>
    fence(machine, groupId, memberId, 'its session has expired'),
  )
}

/** A member that was told to give tasks up has the rebalance timeout to do it. */
export function awaitRevocation(machine: GroupMachine, groupId: string, member: StreamsMember): void {
  const { memberId, memberEpoch, rebalanceTimeoutMs } = member
  machine.timers.schedule(rebalanceKey(groupId, memberId), rebalanceTimeoutMs, () => {
    // It has come further since.
    if (streamsGroup(machine, groupId)?.members.get(memberId)?.memberEpoch !== memberEpoch) return NOTHING
    return fence(machine, groupId, memberId, `it did not leave epoch ${memberEpoch} in ${rebalanceTimeoutMs} ms`)
  })
}

export function endRevocation(machine: GroupMachine, groupId: string, memberId: string): void {
  machine.timers.cancel(rebalanceKey(groupId, memberId))
}

/** The first member has come; others may be about to. */
export function delayFirstTarget(machine: GroupMachine, groupId: string): void {
  const group = streamsGroup(machine, groupId)
  if (group === undefined || group.isDelayed) return
  group.isDelayed = true
  machine.timers.schedule(initialKey(groupId), streamsConfig(machine.config, groupId).initialRebalanceDelayMs, () => {
    group.isDelayed = false
    if (streamsGroup(machine, groupId) !== group) return NOTHING
    // The next heartbeat does it if the log refuses.
    return { records: firstTarget(machine, group), refused: () => {} }
  })
}

function fence(machine: GroupMachine, groupId: string, memberId: string, reason: string): GroupOutcome {
  const group = streamsGroup(machine, groupId)
  const member = group?.members.get(memberId)
  if (group === undefined || member === undefined) return NOTHING
  machine.host.logger.info('group: member fenced', { group: groupId, member: memberId, reason })
  return fenceMember(machine, group, member)
}
