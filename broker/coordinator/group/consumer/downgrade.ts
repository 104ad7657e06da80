// A consumer group becomes a classic group while it is in use, when the last member has gone that speaks the newer
// protocol. The others keep what their target says and, as somebody has gone, are told to join.
// group.consumer.migration.policy may forbid it.

import { ClassicGroup, classicGroup } from '../classic/classic-group.ts'
import { ClassicMember } from '../classic/classic-member.ts'
import { extendSession, groupRecord, prepareRebalance } from '../classic/rebalance.ts'
import type { GroupMachine } from '../model/group-machine.ts'
import type { Draft } from '../modern/draft.ts'
import { mayMigrate } from './consumer-config.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import type { ConsumerMember } from './consumer-member.ts'
import { CONSUMER_PROTOCOL, writeAssignment } from './embedded-protocol.ts'

export interface Replacement {
  /** A static member of the newer protocol … */
  readonly leaving: ConsumerMember
  /** … whose place one of the classic protocol takes. */
  readonly joining: ConsumerMember
}

export function canDowngradeWithout(
  { config }: GroupMachine,
  group: ConsumerGroup,
  leaving: readonly ConsumerMember[],
): boolean {
  const leavingClassic = leaving.filter(({ classic }) => classic !== null).length
  const left = group.members.size - leaving.length
  if (left === 0 || group.classicCount - leavingClassic !== left) return false
  return mayMigrate(config, 'downgrade') && left <= config.groupMaxSize
}

export function canDowngradeReplacing(
  { config }: GroupMachine,
  group: ConsumerGroup,
  leaving: ConsumerMember,
): boolean {
  if (leaving.classic !== null || group.classicCount !== group.members.size - 1) return false
  return mayMigrate(config, 'downgrade') && group.members.size <= config.groupMaxSize
}

/** `rebalance`: why the members must join; null: they need not. */
export function downgrade(
  machine: GroupMachine,
  group: ConsumerGroup,
  leaving: readonly ConsumerMember[],
  replacement: Replacement | null,
  rebalance: string | null,
  draft: Draft,
): void {
  const { groupId } = group
  const classic = toClassic(machine, group, new Set(leaving), replacement)
  const renamed = replacement && { from: replacement.leaving.memberId, to: replacement.joining.memberId }
  draft.records.push(...group.tombstones(renamed), groupRecord(classic))
  draft.whenApplied.push(() => {
    machine.forgetTimers(group)
    const restored = classicGroup(machine, groupId)
    if (restored === undefined) throw new Error(`assertion: ${groupId} is not there after it became a classic group`)
    for (const member of classic.members.values()) {
      // The log has of a member's protocols only the one in use.
      const known = restored.members.get(member.memberId)
      if (known !== undefined) restored.update(known, member.protocols)
      extendSession(machine, restored, member.memberId)
    }
    machine.host.logger.info('group: a consumer group becomes a classic group', { group: groupId })
    if (rebalance !== null) prepareRebalance(machine, restored, rebalance)
  })
}

function toClassic(
  machine: GroupMachine,
  group: ConsumerGroup,
  leaving: ReadonlySet<ConsumerMember>,
  replacement: Replacement | null,
): ClassicGroup {
  const classic = new ClassicGroup(group.groupId, machine.now())
  const add = (member: ConsumerMember): void => {
    if (member.classic === null) throw new Error(`assertion: ${member.memberId} does not speak the classic protocol`)
    const { memberId, instanceId, clientId, clientHost, rebalanceTimeoutMs } = member
    const { sessionTimeoutMs, supportedProtocols: protocols } = member.classic
    const input = { memberId, groupInstanceId: instanceId, clientId, clientHost, rebalanceTimeoutMs, sessionTimeoutMs }
    classic.add(new ClassicMember({ ...input, protocols }), CONSUMER_PROTOCOL, null)
  }
  for (const member of group.members.values()) {
    if (!leaving.has(member) && member !== replacement?.leaving) add(member)
  }
  if (replacement !== null) add(replacement.joining)
  classic.generationId = group.groupEpoch
  classic.protocolName = classic.selectProtocol()
  for (const member of classic.members.values()) {
    const isReplacement = member.memberId === replacement?.joining.memberId
    const target = group.targetOf(isReplacement ? replacement.leaving.memberId : member.memberId)
    member.assignment = writeAssignment(machine.topics, target, member.metadata(classic.protocolName))
  }
  return classic
}
