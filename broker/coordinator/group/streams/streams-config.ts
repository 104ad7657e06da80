// What counts for one streams group: what was set for it while running, else what the server says.

import type { GroupConfig } from '../model/group-config.ts'

export interface StreamsConfig {
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  /** Between two targets, at least. */
  readonly assignmentIntervalMs: number
  /** How long a group without members waits for more of them than the first. */
  readonly initialRebalanceDelayMs: number
  readonly taskOffsetIntervalMs: number
  readonly acceptableRecoveryLag: number
}

/** Bounds may have changed since a value was set: it is brought within them, as in Kafka. */
export function streamsConfig(config: GroupConfig, groupId: string): StreamsConfig {
  const own = config.ownValues(groupId)
  const number = (key: string, server: number, least = 0, most = Number.POSITIVE_INFINITY): number => {
    const text = own.get(`streams.${key}`)
    return text === undefined ? server : Math.min(Math.max(Number(text), least), most)
  }
  return {
    sessionTimeoutMs: number(
      'session.timeout.ms',
      config.get('group.streams.session.timeout.ms'),
      config.get('group.streams.min.session.timeout.ms'),
      config.get('group.streams.max.session.timeout.ms'),
    ),
    heartbeatIntervalMs: number(
      'heartbeat.interval.ms',
      config.get('group.streams.heartbeat.interval.ms'),
      config.get('group.streams.min.heartbeat.interval.ms'),
      config.get('group.streams.max.heartbeat.interval.ms'),
    ),
    assignmentIntervalMs: number(
      'assignment.interval.ms',
      config.get('group.streams.assignment.interval.ms'),
      config.get('group.streams.min.assignment.interval.ms'),
      config.get('group.streams.max.assignment.interval.ms'),
    ),
    initialRebalanceDelayMs: number(
      'initial.rebalance.delay.ms',
      config.get('group.streams.initial.rebalance.delay.ms'),
    ),
    taskOffsetIntervalMs: number(
      'task.offset.interval.ms',
      config.get('group.streams.task.offset.interval.ms'),
      config.get('group.streams.min.task.offset.interval.ms'),
    ),
    acceptableRecoveryLag: number('acceptable.recovery.lag', config.get('group.streams.acceptable.recovery.lag')),
  }
}

const STANDBY_REPLICAS = 'num.standby.replicas'
const RACK_AWARE_TAGS = 'rack.aware.assignment.tags'

/** What a target depends on besides members and topics: it stands in the group's record, a change makes a new epoch. */
export type AssignmentConfigs = ReadonlyMap<string, string>

export function assignmentConfigs(config: GroupConfig, groupId: string): AssignmentConfigs {
  const own = config.ownValues(groupId)
  const wanted = own.get('streams.num.standby.replicas')
  const replicas =
    wanted === undefined
      ? config.get('group.streams.num.standby.replicas')
      : Math.min(Number(wanted), config.get('group.streams.max.standby.replicas'))
  const configs = new Map([[STANDBY_REPLICAS, String(replicas)]])
  const tags =
    own.get('streams.rack.aware.assignment.tags') ??
    (config.get('group.streams.rack.aware.assignment.tags') ?? []).join(',')
  if (tags !== '') configs.set(RACK_AWARE_TAGS, tags)
  return configs
}

export function standbyReplicas(configs: AssignmentConfigs): number {
  return Number(configs.get(STANDBY_REPLICAS) ?? '0')
}

/** Keys of client tags. */
export function rackAwareTags(configs: AssignmentConfigs): string[] {
  const tags = configs.get(RACK_AWARE_TAGS)?.trim() ?? ''
  return tags === '' ? [] : tags.split(/\s*,\s*/)
}

export function equalConfigs(a: AssignmentConfigs, b: AssignmentConfigs): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)
}

/** The only one there is; `streams.assignor.name` may name another one, which then counts as this. */
export const DEFAULT_ASSIGNOR = 'sticky'
