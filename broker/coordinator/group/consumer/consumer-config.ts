// What counts for one consumer group: what was set for it while running, within the bounds that the server sets, else
// what the server says.

import type { GroupConfig } from '../model/group-config.ts'

export interface ConsumerConfig {
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  /** Between two targets, at least. */
  readonly assignmentIntervalMs: number
}

export function consumerConfig(config: GroupConfig, groupId: string): ConsumerConfig {
  const own = config.ownValues(groupId)
  const value = (key: 'session.timeout.ms' | 'heartbeat.interval.ms' | 'assignment.interval.ms'): number => {
    const text = own.get(`consumer.${key}`)
    if (text === undefined) return config.get(`group.consumer.${key}`)
    // The bounds may have become narrower since it was set.
    const least = config.get(`group.consumer.min.${key}`)
    return Math.min(Math.max(Number(text), least), config.get(`group.consumer.max.${key}`))
  }
  return {
    sessionTimeoutMs: value('session.timeout.ms'),
    heartbeatIntervalMs: value('heartbeat.interval.ms'),
    assignmentIntervalMs: value('assignment.interval.ms'),
  }
}

/** group.consumer.migration.policy: which way a group may go while it has members. */
export function mayMigrate(config: GroupConfig, way: 'upgrade' | 'downgrade'): boolean {
  const policy = config.get('group.consumer.migration.policy').toLowerCase()
  return policy === 'bidirectional' || policy === way
}
