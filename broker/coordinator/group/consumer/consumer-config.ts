// What counts for one consumer group: what was set for it while running, else what the server says.

import type { GroupConfig } from '../group-config.ts'

export interface ConsumerConfig {
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  /** Between two targets, at least. */
  readonly assignmentIntervalMs: number
}

export function consumerConfig(config: GroupConfig, groupId: string): ConsumerConfig {
  const own = config.ownValues(groupId)
  return {
    sessionTimeoutMs: numberOf(own, 'consumer.session.timeout.ms') ?? config.get('group.consumer.session.timeout.ms'),
    heartbeatIntervalMs:
      numberOf(own, 'consumer.heartbeat.interval.ms') ?? config.get('group.consumer.heartbeat.interval.ms'),
    assignmentIntervalMs:
      numberOf(own, 'consumer.assignment.interval.ms') ?? config.get('group.consumer.assignment.interval.ms'),
  }
}

function numberOf(own: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = own.get(name)
  return text === undefined ? undefined : Number(text)
}

export type MigrationPolicy = 'disabled' | 'downgrade' | 'upgrade' | 'bidirectional'

/** group.consumer.migration.policy: which way a group may go while it has members. */
export function mayMigrate(config: GroupConfig, way: 'upgrade' | 'downgrade'): boolean {
  const policy = config.get('group.consumer.migration.policy').toLowerCase()
  return policy === 'bidirectional' || policy === way
}
