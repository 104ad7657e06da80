// Whether the configs of a resource are valid, all of them together, in Kafka's codes and words. Source:
// ControllerConfigurationValidator, LogConfig.validate, GroupConfig.validate, ClientMetricsConfigs.validate.

import { ErrorCode } from '../../protocol/error-codes.ts'
import { clientMetricsConfigs } from '../config/client-metrics-configs.ts'
import { type ConfigRow, type ConfigTable, configFault, parseConfig, splitList } from '../config/config-row.ts'
import { groupConfigs } from '../config/group-configs.ts'
import { topicConfigRow } from '../config/log-configs.ts'
import { RESOURCE } from '../metadata/image.ts'
import { parsePattern } from '../telemetry/subscription.ts'
import { type ControllerState, type Fault, fault } from './decision.ts'
import { topicNameFault } from './topic-names.ts'

type Values = ReadonlyMap<string, string | null>

export function resourceConfigFault(state: ControllerState, type: number, name: string, values: Values): Fault | null {
  switch (type) {
    case RESOURCE.topic:
      return topicResourceFault(state, name, values)
    case RESOURCE.broker:
      return brokerNameFault(name)
    case RESOURCE.group:
      return groupConfigFault(state, name, values)
    case RESOURCE.clientMetrics:
      return clientMetricsFault(name, values)
    default:
      return fault(ErrorCode.INVALID_REQUEST, `Unknown resource type ${type}`)
  }
}

function topicResourceFault(state: ControllerState, name: string, values: Values): Fault | null {
  if (name === '') return fault(ErrorCode.INVALID_REQUEST, 'Default topic resources are not allowed.')
  const invalid = topicNameFault(name)
  if (invalid !== null) return fault(ErrorCode.INVALID_TOPIC_EXCEPTION, invalid)
  return topicConfigFault(state, name, values)
}

export function topicConfigFault(state: ControllerState, _topic: string, values: Values): Fault | null {
  const nulls = [...values].filter(([, value]) => value === null).map(([name]) => name)
  const invalid = (message: string) => fault(ErrorCode.INVALID_CONFIG, message)
  if (nulls.length > 0) return invalid(`Null value not supported for topic configs: ${nulls.join(',')}`)
  const own = new Map<string, string>()
  for (const [name, value] of values) {
    const row = topicConfigRow(name)
    if (row === undefined) return invalid(`Unknown topic config name: ${name}`)
    const wrong = configFault(name, row, value ?? '')
    if (wrong !== null) return invalid(wrong)
    own.set(name, value ?? '')
  }
  const config = state.config.topicValues(own)
  if (config['min.compaction.lag.ms'] > config['max.compaction.lag.ms']) {
    const [least, most] = [config['min.compaction.lag.ms'], config['max.compaction.lag.ms']]
    const conflict = `min.compaction.lag.ms (${least}) > max.compaction.lag.ms (${most})`
    const message = `conflict topic config setting ${conflict}`
    return invalid(message)
  }
  if (config['remote.storage.enable']) {
    return invalid(
      'Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.',
    )
  }
  return null
}

/** Values of brokers are checked by the broker itself, which knows what it can change. */
function brokerNameFault(name: string): Fault | null {
  if (name === '') return null
  if (!/^[+-]?\d+$/.test(name)) {
    return fault(ErrorCode.INVALID_REQUEST, 'Unable to parse broker name as a base 10 number.')
  }
  return Number(name) < 0 ? fault(ErrorCode.INVALID_REQUEST, 'Invalid negative broker ID.') : null
}

function rowsFault(table: ConfigTable, kind: string, values: Values): Fault | null {
  for (const [name, value] of values) {
    const row = Object.hasOwn(table, name) ? table[name] : undefined
    if (row === undefined) return fault(ErrorCode.INVALID_CONFIG, `Unknown ${kind} config name: ${name}`)
    const wrong = configFault(name, row, value ?? '')
    if (wrong !== null) return fault(ErrorCode.INVALID_CONFIG, wrong)
  }
  return null
}

/** Keys of a group that brokers bound with properties of their own, such as group.consumer.min.session.timeout.ms. */
const GROUP_BOUNDED = [
  ['consumer', 'session.timeout.ms'],
  ['consumer', 'heartbeat.interval.ms'],
  ['share', 'session.timeout.ms'],
  ['share', 'heartbeat.interval.ms'],
  ['share', 'record.lock.duration.ms'],
  ['share', 'delivery.count.limit'],
  ['share', 'partition.max.record.locks'],
  ['streams', 'session.timeout.ms'],
  ['streams', 'heartbeat.interval.ms'],
  ['consumer', 'assignment.interval.ms'],
  ['share', 'assignment.interval.ms'],
  ['streams', 'assignment.interval.ms'],
] as const

/** Those with a bound on one side, and the property that is the bound. */
const GROUP_BOUNDED_ABOVE = [
  ['streams.num.standby.replicas', 'group.streams.max.standby.replicas'],
  ['streams.num.warmup.replicas', 'group.streams.max.warmup.replicas'],
] as const
const GROUP_BOUNDED_BELOW = [['streams.task.offset.interval.ms', 'group.streams.min.task.offset.interval.ms']] as const

function groupConfigFault(state: ControllerState, name: string, values: Values): Fault | null {
  if (name === '') return fault(ErrorCode.INVALID_REQUEST, 'Default group resources are not allowed.')
  const wrong = rowsFault(groupConfigs, 'group', values)
  if (wrong !== null) return wrong
  for (const [kind, key] of GROUP_BOUNDED) {
    const text = values.get(`${kind}.${key}`)
    if (text === undefined || text === null) continue
    const least = Number(state.config.text(`group.${kind}.min.${key}`) ?? Number.NEGATIVE_INFINITY)
    const most = Number(state.config.text(`group.${kind}.max.${key}`) ?? Number.POSITIVE_INFINITY)
    if (Number(text) < least || Number(text) > most) {
      const message = `${kind}.${key} must be in the range ${least} to ${most} inclusive.`
      return fault(ErrorCode.INVALID_CONFIG, message)
    }
  }
  return boundFault(state, values) ?? streamsFault(state, values) ?? heartbeatFault(values)
}

function boundFault(state: ControllerState, values: Values): Fault | null {
  for (const [key, bound] of GROUP_BOUNDED_ABOVE) {
    const most = Number(state.config.text(bound) ?? Number.POSITIVE_INFINITY)
    if (Number(values.get(key) ?? most) <= most) continue
    return fault(ErrorCode.INVALID_CONFIG, `${key} must be less than or equal to ${most}`)
  }
  for (const [key, bound] of GROUP_BOUNDED_BELOW) {
    const least = Number(state.config.text(bound) ?? Number.NEGATIVE_INFINITY)
    if (Number(values.get(key) ?? least) >= least) continue
    return fault(ErrorCode.INVALID_CONFIG, `${key} must be greater than or equal to ${least}`)
  }
  return null
}

function streamsFault(state: ControllerState, values: Values): Fault | null {
  const tags = splitList(values.get('streams.rack.aware.assignment.tags') ?? '')
  if (new Set(tags).size < tags.length) {
    const message = 'streams.rack.aware.assignment.tags must not contain duplicate tag keys.'
    return fault(ErrorCode.INVALID_CONFIG, message)
  }
  const assignor = values.get('streams.assignor.name') ?? null
  const known = splitList(state.config.text('group.streams.assignors') ?? '')
  if (assignor === null || known.includes(assignor)) return null
  const message = `streams.assignor.name '${assignor}' is not a registered task assignor. Registered assignors are: `
  return fault(ErrorCode.INVALID_CONFIG, `${message}[${known.join(', ')}].`)
}

/** Session timeouts must be longer than the heartbeats that keep the sessions. */
function heartbeatFault(values: Values): Fault | null {
  const rows: ConfigTable = groupConfigs
  const number = (name: string): number => {
    const row: ConfigRow | undefined = rows[name]
    return row === undefined ? 0 : Number(parseConfig(row, values.get(name) ?? row.default ?? ''))
  }
  for (const kind of ['consumer', 'share', 'streams']) {
    const session = `${kind}.session.timeout.ms`
    const heartbeat = `${kind}.heartbeat.interval.ms`
    if (number(session) > number(heartbeat)) continue
    return fault(ErrorCode.INVALID_CONFIG, `${session} must be greater than ${heartbeat}`)
  }
  return null
}

const MIN_INTERVAL_MS = 100
const MAX_INTERVAL_MS = 3_600_000

function isClientMetricsKey(key: string): key is keyof typeof clientMetricsConfigs {
  return Object.hasOwn(clientMetricsConfigs, key)
}

function clientMetricsFault(name: string, values: Values): Fault | null {
  if (name === '') return fault(ErrorCode.INVALID_REQUEST, "Subscription name can't be empty")
  for (const [key, value] of values) {
    if (!isClientMetricsKey(key)) {
      return fault(ErrorCode.INVALID_REQUEST, `Unknown client metrics configuration: ${key}`)
    }
    const wrong = configFault(key, clientMetricsConfigs[key], value ?? '')
    if (wrong !== null) return fault(ErrorCode.INVALID_CONFIG, wrong)
    if (key === 'interval.ms') {
      const interval = Number(value)
      if (interval >= MIN_INTERVAL_MS && interval <= MAX_INTERVAL_MS) continue
      const bounds = `interval must be between ${MIN_INTERVAL_MS} and ${MAX_INTERVAL_MS} (1 hour)`
      const message = `Invalid value ${value} for interval.ms, ${bounds}`
      return fault(ErrorCode.INVALID_REQUEST, message)
    }
    if (key !== 'match') continue
    for (const pattern of splitList(value ?? '')) {
      if (parsePattern(pattern) !== null) continue
      return fault(ErrorCode.INVALID_CONFIG, `Illegal client matching pattern: ${pattern}`)
    }
  }
  return null
}
