// The timers of a streams group's members: `session` until a member that does not heartbeat counts as gone, `rebalance`
// until one that has tasks to give up is shut out. Source: GroupMetadataManager of Apache Kafka.

import { NOTHING } from '../../runtime/state-machine.ts'
import type { GroupMachine, GroupOutcome } from '../model/group-machine.ts'
import { cancelMemberTimer, memberTimer } from '../model/member-timers.ts'
import { fenceMember } from './fence.ts'
import { streamsConfig } from './streams-config.ts'
import { type StreamsGroup, streamsGroup } from './streams-group.ts'
import { MEMBER_STATE, type StreamsMember } from './streams-member.ts'

/** Every member gets a whole session to show up in. */
export function resumeStreams(machine: GroupMachine, group: StreamsGroup): void {
  for (const member of group.members.values()) {
    extendSession(machine, group.groupId, member.memberId)
    if (member.state === MEMBER_STATE.unrevokedTasks) awaitRevocation(machine, group.groupId, member)
  }
}

export function extendSession(machine: GroupMachine, groupId: string, memberId: string): void {
  const { sessionTimeoutMs } = streamsConfig(machine.config, groupId)
  machine.timers.schedule(memberTimer('session', groupId, memberId), sessionTimeoutMs, () =>
    fence(machine, groupId, memberId, 'its session has expired'),
  )
}

/** A member that was told to give tasks up has the rebalance timeout to do it. */
export function awaitRevocation(machine: GroupMachine, groupId: string, member: StreamsMember): void {
  const { memberId, memberEpoch, rebalanceTimeoutMs } = member
  machine.timers.schedule(memberTimer('rebalance', groupId, memberId), rebalanceTimeoutMs, () => {
    // It has come further since.
    if (streamsGroup(machine, groupId)?.members.get(memberId)?.memberEpoch !== memberEpoch) return NOTHING
    return fence(machine, groupId, memberId, `it did not leave epoch ${memberEpoch} in ${rebalanceTimeoutMs} ms`)
  })
}

export function endRevocation(machine: GroupMachine, groupId: string, memberId: string): void {
  cancelMemberTimer(machine, 'rebalance', groupId, memberId)
}

function fence(machine: GroupMachine, groupId: string, memberId: string, reason: string): GroupOutcome {
  const group = streamsGroup(machine, groupId)
  const member = group?.members.get(memberId)
  if (group === undefined || member === undefined) return NOTHING
  machine.host.logger.info('group: member fenced', { group: groupId, member: memberId, reason })
  return fenceMember(machine, group, member)
}
