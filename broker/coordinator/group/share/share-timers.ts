// Members of share groups that are not heard of any more are removed.

import { NOTHING } from '../../runtime/state-machine.ts'
import type { GroupMachine } from '../group-machine.ts'
import { memberTimer } from '../timer-key.ts'
import { shareConfig } from './share-config.ts'
import { shareGroup } from './share-group.ts'
import { removeMember } from './share-leave.ts'

const keyOf = (groupId: string, memberId: string): string => memberTimer('session', groupId, memberId)

export function extendSession(machine: GroupMachine, groupId: string, memberId: string): void {
  const { sessionTimeoutMs } = shareConfig(machine.config, groupId)
  machine.timers.schedule(keyOf(groupId, memberId), sessionTimeoutMs, () => {
    const group = shareGroup(machine, groupId)
    const member = group?.members.get(memberId)
    if (group === undefined || member === undefined) return NOTHING
    machine.host.logger.info('share group: the session of a member has expired', { group: groupId, member: memberId })
    return { records: removeMember(machine, group, member), refused: () => extendSession(machine, groupId, memberId) }
  })
}

export function cancelSession(machine: GroupMachine, groupId: string, memberId: string): void {
  machine.timers.cancel(keyOf(groupId, memberId))
}
