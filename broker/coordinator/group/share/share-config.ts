// What counts for the membership of one share group: what was set for it while running, else what the server says.

import type { GroupConfig } from '../model/group-config.ts'

export interface ShareMembershipConfig {
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  /** Between two targets, at least. */
  readonly assignmentIntervalMs: number
}

export function shareConfig(config: GroupConfig, groupId: string): ShareMembershipConfig {
  const own = config.ownValues(groupId)
  const numberOf = (name: string): number | undefined => {
    const text = own.get(name)
    return text === undefined ? undefined : Number(text)
  }
  return {
    sessionTimeoutMs: numberOf('share.session.timeout.ms') ?? config.get('group.share.session.timeout.ms'),
    heartbeatIntervalMs: numberOf('share.heartbeat.interval.ms') ?? config.get('group.share.heartbeat.interval.ms'),
    assignmentIntervalMs: numberOf('share.assignment.interval.ms') ?? config.get('group.share.assignment.interval.ms'),
  }
}
