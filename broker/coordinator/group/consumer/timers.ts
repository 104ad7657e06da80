// The timers of a consumer group's members, by key: `session GROUP MEMBER` until a member that does not heartbeat
// counts as gone; `rebalance GROUP MEMBER` until one that has partitions to give up is shut out; for members of the
// classic protocol `join GROUP MEMBER` until one that was told to join has, and `sync GROUP MEMBER` until it has
// fetched its assignment. Source: GroupMetadataManager.

import { NOTHING } from '../../runtime/state-machine.ts'
import type { GroupMachine, GroupOutcome } from '../model/group-machine.ts'
import { cancelMemberTimer, type MemberTimer, memberTimer } from '../model/member-timers.ts'
import { consumerConfig } from './consumer-config.ts'
import { type ConsumerGroup, consumerGroup } from './consumer-group.ts'
import { type ConsumerMember, MEMBER_STATE } from './consumer-member.ts'
import { fenceMembers } from './fence.ts'

/** Every member gets a whole session to show up in. */
export function resumeConsumers(machine: GroupMachine, group: ConsumerGroup): void {
  for (const member of group.members.values()) {
    extendSession(machine, group.groupId, member)
    if (member.state === MEMBER_STATE.unrevokedPartitions) awaitRevocation(machine, group.groupId, member)
  }
}

export function extendSession(machine: GroupMachine, groupId: string, { memberId, classic }: ConsumerMember): void {
  const timeoutMs = classic?.sessionTimeoutMs ?? consumerConfig(machine.config, groupId).sessionTimeoutMs
  fenceAfter(machine, 'session', groupId, memberId, timeoutMs, 'its session has expired')
}

/** A member that was told to give partitions up has the rebalance timeout to do it. */
export function awaitRevocation(machine: GroupMachine, groupId: string, member: ConsumerMember): void {
  const { memberId, memberEpoch, rebalanceTimeoutMs } = member
  machine.timers.schedule(memberTimer('rebalance', groupId, memberId), rebalanceTimeoutMs, () => {
    // It has come further since.
    if (consumerGroup(machine, groupId)?.members.get(memberId)?.memberEpoch !== memberEpoch) return NOTHING
    return fence(machine, groupId, memberId, `it did not leave epoch ${memberEpoch} in ${rebalanceTimeoutMs} ms`)
  })
}

export function endRevocation(machine: GroupMachine, groupId: string, memberId: string): void {
  cancelMemberTimer(machine, 'rebalance', groupId, memberId)
}

/** A classic member was told to join; it is told so with every heartbeat, and the first time counts. */
export function awaitJoin(machine: GroupMachine, group: ConsumerGroup, member: ConsumerMember): void {
  const { memberId, rebalanceTimeoutMs } = member
  if (group.awaitedJoins.has(memberId)) return
  group.awaitedJoins.add(memberId)
  fenceAfter(machine, 'join', group.groupId, memberId, rebalanceTimeoutMs, 'it did not join in time')
}

export function endJoin(machine: GroupMachine, group: ConsumerGroup, memberId: string): void {
  group.awaitedJoins.delete(memberId)
  cancelMemberTimer(machine, 'join', group.groupId, memberId)
}

export function awaitSync(machine: GroupMachine, groupId: string, memberId: string, timeoutMs: number): void {
  fenceAfter(machine, 'sync', groupId, memberId, timeoutMs, 'it did not fetch its assignment in time')
}

export function endSync(machine: GroupMachine, groupId: string, memberId: string): void {
  cancelMemberTimer(machine, 'sync', groupId, memberId)
}

function fenceAfter(
  machine: GroupMachine,
  kind: MemberTimer,
  groupId: string,
  memberId: string,
  delayMs: number,
  reason: string,
): void {
  machine.timers.schedule(memberTimer(kind, groupId, memberId), delayMs, () =>
    fence(machine, groupId, memberId, reason),
  )
}

function fence(machine: GroupMachine, groupId: string, memberId: string, reason: string): GroupOutcome {
  const group = consumerGroup(machine, groupId)
  const member = group?.members.get(memberId)
  if (group === undefined || member === undefined) return NOTHING
  machine.host.logger.info('group: member fenced', { group: groupId, member: memberId, reason })
  return fenceMembers(machine, group, [member])
}
