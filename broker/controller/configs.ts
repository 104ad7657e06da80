// Dynamic configs of topics, brokers, groups and client metrics: altered one by one, or replaced as a whole by the
// older request. One resource's failure leaves the others alone; within a resource nothing changes when one key fails.
// Source: ConfigurationControlManager.

import type { RequestOf, ResponseInputOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { brokerConfigRow } from '../config/broker-configs.ts'
import { clientMetricsConfigs } from '../config/client-metrics-configs.ts'
import { type ConfigRow, type ConfigTable, splitList } from '../config/config-row.ts'
import { groupConfigs } from '../config/group-configs.ts'
import { topicConfigRow } from '../config/log-configs.ts'
import { RESOURCE } from '../metadata/image.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import { resourceConfigFault } from './config-validation.ts'
import { type ControllerState, type Decision, type Fault, fault, NO_FAULT, recordMaker } from './decision.ts'

/** Operations of IncrementalAlterConfigs. */
export const ALTER = { set: 0, delete: 1, append: 2, subtract: 3 } as const
const ALTER_NAMES = ['SET', 'DELETE', 'APPEND', 'SUBTRACT']
const ELR_FEATURE = 'eligible.leader.replicas.version'
const MIN_ISR = 'min.insync.replicas'

type AlterResult = ResponseInputOf<'IncrementalAlterConfigs'>['responses'][number]
type Resource = RequestOf<'IncrementalAlterConfigs'>['resources'][number]
/** New values by key; null removes. */
type Changes = ReadonlyMap<string, string | null>

export function incrementalAlterConfigs(
  state: ControllerState,
  request: RequestOf<'IncrementalAlterConfigs'>,
): Decision<ResponseInputOf<'IncrementalAlterConfigs'>> {
  return alter(state, request.resources, request.validateOnly, (resource) => incrementalChanges(state, resource))
}

export function alterConfigs(
  state: ControllerState,
  request: RequestOf<'AlterConfigs'>,
): Decision<ResponseInputOf<'AlterConfigs'>> {
  return alter(state, request.resources, request.validateOnly, (resource) => {
    const changes = new Map<string, string | null>(resource.configs.map(({ name, value }) => [name, value]))
    for (const name of state.image.configs.of(resource.resourceType, resource.resourceName).keys()) {
      if (!changes.has(name)) changes.set(name, null)
    }
    return changes
  })
}

function alter<R extends { readonly resourceType: number; readonly resourceName: string }>(
  state: ControllerState,
  resources: readonly R[],
  validateOnly: boolean,
  changesOf: (resource: R) => Changes | Fault,
) {
  const make = recordMaker(state.image)
  const records: MetadataRecord[] = []
  const responses: AlterResult[] = []
  for (const resource of resources) {
    const { resourceType, resourceName } = resource
    const changes = changesOf(resource)
    const wrong = 'errorCode' in changes ? changes : changesFault(state, resourceType, resourceName, changes)
    responses.push({ resourceType, resourceName, ...(wrong ?? NO_FAULT) })
    if (wrong !== null || validateOnly || 'errorCode' in changes) continue
    const current = state.image.configs.of(resourceType, resourceName)
    for (const [name, value] of changes) {
      // A broker reloads files that a value names when it is set again: brokers get a record for no change too.
      if (resourceType !== RESOURCE.broker && (current.get(name) ?? null) === value) continue
      records.push(make('ConfigRecord', { resourceType, resourceName, name, value }))
    }
  }
  return { records, answer: { throttleTimeMs: 0, responses } }
}

function rowOf(type: number, name: string): ConfigRow | undefined {
  const groups: ConfigTable = groupConfigs
  const metrics: ConfigTable = clientMetricsConfigs
  if (type === RESOURCE.topic) return topicConfigRow(name)
  if (type === RESOURCE.broker) return brokerConfigRow(name)
  return type === RESOURCE.group ? groups[name] : metrics[name]
}

function incrementalChanges(state: ControllerState, resource: Resource): Changes | Fault {
  const { resourceType, resourceName } = resource
  const current = state.image.configs.of(resourceType, resourceName)
  const changes = new Map<string, string | null>()
  for (const { name, configOperation, value } of resource.configs) {
    switch (configOperation) {
      case ALTER.set:
        changes.set(name, value)
        break
      case ALTER.delete:
        changes.set(name, null)
        break
      case ALTER.append:
      case ALTER.subtract: {
        const row = rowOf(resourceType, name)
        if (row?.type !== 'LIST') {
          const message = `Can't ${ALTER_NAMES[configOperation]} to key ${name} because its type is not LIST.`
          return fault(ErrorCode.INVALID_CONFIG, message)
        }
        const before = splitList(current.get(name) ?? inherited(state, resourceType, row, name))
        changes.set(name, combine(before, (value ?? '').split(','), configOperation === ALTER.append).join(','))
        break
      }
      default:
        // As Kafka, which fails on it.
        return fault(ErrorCode.UNKNOWN_SERVER_ERROR, null)
    }
  }
  return changes
}

function combine(before: readonly string[], values: readonly string[], append: boolean): string[] {
  if (append) return [...new Set([...before, ...values])]
  const gone = new Set(values)
  return before.filter((value) => !gone.has(value))
}

function inherited(state: ControllerState, resourceType: number, row: ConfigRow, name: string): string {
  const server = resourceType === RESOURCE.broker ? name : row.server
  return (server === undefined ? row.default : state.config.text(server)) ?? ''
}

function changesFault(state: ControllerState, type: number, name: string, changes: Changes): Fault | null {
  const values = new Map<string, string | null>(state.image.configs.of(type, name))
  for (const [key, value] of changes) {
    if (value === null) values.delete(key)
    else values.set(key, value)
  }
  return (
    minIsrFault(state, type, name, changes) ??
    resourceConfigFault(state, type, name, values) ??
    missingFault(state, type, name)
  )
}

function missingFault({ image }: ControllerState, type: number, name: string): Fault | null {
  if (type === RESOURCE.topic && image.topics.byName(name) === undefined) {
    return fault(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${name}' does not exist.`)
  }
  if (type === RESOURCE.broker && name !== '' && !image.brokers.has(Number(name))) {
    return fault(ErrorCode.BROKER_ID_NOT_REGISTERED, `No broker with id ${name} found.`)
  }
  return null
}

/**
 * Eligible leader replicas (KIP-966) are computed from one min.insync.replicas: that of the cluster or of the topic.
 */
function minIsrFault({ image }: ControllerState, type: number, name: string, changes: Changes): Fault | null {
  if (type !== RESOURCE.broker || !changes.has(MIN_ISR) || image.features.get(ELR_FEATURE) === 0) return null
  if (name !== '') {
    return fault(ErrorCode.INVALID_CONFIG, 'Broker-level min.insync.replicas cannot be altered while ELR is enabled.')
  }
  if (changes.get(MIN_ISR) !== null) return null
  return fault(ErrorCode.INVALID_CONFIG, 'Cluster-level min.insync.replicas cannot be removed while ELR is enabled.')
}
