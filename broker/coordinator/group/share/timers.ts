// Members of share groups that are not heard of any more are removed.

import { NOTHING } from '../../runtime/state-machine.ts'
import type { GroupMachine } from '../model/group-machine.ts'
import { memberTimer } from '../model/member-timers.ts'
import { removeMember } from './leave.ts'
import { shareConfig } from './share-config.ts'
import { type ShareGroup, shareGroup } from './share-group.ts'

/** The log is loaded: every member gets a whole session to show up in. */
export function resumeShareGroup(machine: GroupMachine, group: ShareGroup): void {
  group.hasNewState = group.hasUnassigned
  for (const memberId of group.members.keys()) extendSession(machine, group.groupId, memberId)
}

export function extendSession(machine: GroupMachine, groupId: string, memberId: string): void {
  const { sessionTimeoutMs } = shareConfig(machine.config, groupId)
  machine.timers.schedule(memberTimer('session', groupId, memberId), sessionTimeoutMs, () => {
    const group = shareGroup(machine, groupId)
    const member = group?.members.get(memberId)
    if (group === undefined || member === undefined) return NOTHING
    machine.host.logger.info('share group: the session of a member has expired', { group: groupId, member: memberId })
    return { records: removeMember(machine, group, member), refused: () => extendSession(machine, groupId, memberId) }
  })
}
