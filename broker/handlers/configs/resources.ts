// What the requests about configs have in common: which broker a resource names, checks that the broker makes before
// the controller is asked, and an answer for each resource. Source: ConfigAdminManager.

import type { ResponseInputOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { brokerConfigRow } from '../../config/broker-configs.ts'
import { configFault, splitList } from '../../config/config-row.ts'
import { CORDONED_LOG_DIRS, cordonFault } from '../../config/cordoned-log-dirs.ts'
import { baseOfListener, dynamicConfigRow } from '../../config/listener-configs.ts'
import { ALTER } from '../../controller/configs.ts'
import { type Fault, fault } from '../../controller/decision.ts'
import { RESOURCE } from '../../metadata/image.ts'
import type { Services } from '../../services.ts'
import { TIMED_OUT } from '../topics/controller-request.ts'

export const invalidRequest = (message: string): Fault => fault(ErrorCode.INVALID_REQUEST, message)

export interface AlteredResource {
  readonly resourceType: number
  readonly resourceName: string
  readonly configs: readonly {
    readonly name: string
    readonly value: string | null
    readonly configOperation?: number
  }[]
}

/**
 * What is wrong with how each resource is asked for, or what `check` says of it; one without an entry goes on to the
 * controller.
 */
export function preliminaryFaults<R extends AlteredResource>(
  resources: readonly R[],
  check: (resource: R) => Fault | null,
): Map<R, Fault> {
  const faults = new Map<R, Fault>()
  const first = new Map<string, R>()
  for (const resource of resources) {
    const other = first.get(keyOf(resource))
    if (other === undefined) first.set(keyOf(resource), resource)
    else for (const one of [other, resource]) faults.set(one, invalidRequest('Each resource must appear at most once.'))
  }
  for (const resource of resources) {
    if (faults.has(resource)) continue
    const answer = valuesFault(resource) ?? check(resource)
    if (answer !== null) faults.set(resource, answer)
  }
  return faults
}

type AlterAnswer = ResponseInputOf<'AlterConfigs'>

/** `ask` has the controller decide on the resources without a fault, where there are any. */
export async function answerEach<R extends AlteredResource>(
  resources: readonly R[],
  faults: ReadonlyMap<R, Fault>,
  ask: (passed: R[], unanswered: (fault: Fault) => AlterAnswer) => Promise<AlterAnswer>,
): Promise<AlterAnswer> {
  const nothing = { throttleTimeMs: 0, responses: [] }
  let missing: Fault = TIMED_OUT
  const unanswered = (fault: Fault) => {
    missing = fault
    return nothing
  }
  const passed = resources.filter((resource) => !faults.has(resource))
  const answer = passed.length === 0 ? nothing : await ask(passed, unanswered)
  const decided = new Map(answer.responses.map((one) => [keyOf(one), one]))
  const responses = resources.map((resource) => {
    const { errorCode, errorMessage } = faults.get(resource) ?? decided.get(keyOf(resource)) ?? missing
    const { resourceType, resourceName } = resource
    return { errorCode, errorMessage, resourceType, resourceName }
  })
  return { throttleTimeMs: 0, responses }
}

const keyOf = ({ resourceType, resourceName }: Pick<AlteredResource, 'resourceType' | 'resourceName'>): string =>
  `${resourceType}:${resourceName}`

function valuesFault({ configs }: AlteredResource): Fault | null {
  if (new Set(configs.map(({ name }) => name)).size < configs.length) {
    return invalidRequest('Error due to duplicate config keys')
  }
  const nulls = configs.filter(({ value, configOperation }) => value === null && configOperation !== ALTER.delete)
  if (nulls.length === 0) return null
  return invalidRequest(`Null value not supported for : ${nulls.map(({ name }) => name).join(', ')}`)
}

export function kindFault(resource: AlteredResource, { nodeId, replicas }: Services): Fault | null {
  const { resourceType, resourceName } = resource
  switch (resourceType) {
    case RESOURCE.topic:
    case RESOURCE.group:
    case RESOURCE.clientMetrics:
      return null
    case RESOURCE.broker:
      return (
        (resourceName === '' ? null : nodeFault(resourceName, nodeId)) ??
        brokerValuesFault(resource) ??
        cordonedFault(resource, replicas)
      )
    default:
      return invalidRequest(`Unknown resource type ${resourceType}`)
  }
}

function cordonedFault({ configs }: AlteredResource, replicas: Services['replicas']): Fault | null {
  const one = configs.find(({ name }) => name === CORDONED_LOG_DIRS)
  if (one?.value === null || one === undefined || one.configOperation === ALTER.subtract) return null
  const logDirs = [...replicas.directories.map(({ path }) => path), ...replicas.offlinePaths]
  const wrong = cordonFault(splitList(one.value), logDirs)
  return wrong === null ? null : invalidRequest(wrong)
}

export function nodeFault(name: string, nodeId: number): Fault | null {
  if (!/^[+-]?\d+$/.test(name)) return invalidRequest(`Node id must be an integer, but it is: ${name}`)
  if (Number(name) === nodeId) return null
  return invalidRequest(`Unexpected broker id, expected ${nodeId}, but received ${name}`)
}

/** Keys of TLS stores belong to a listener, so that a broker can have several. */
const LISTENER_ONLY = /^ssl\.(key(store\.(type|location|password|key|certificate\.chain)|\.password)|truststore\..+)$/

function brokerValuesFault({ resourceName, configs }: AlteredResource): Fault | null {
  const names = configs.map(({ name }) => name)
  const listed = (matches: (name: string) => boolean) => names.filter(matches).join(', ')
  const fixed = listed((name) => brokerConfigRow(name) !== undefined && brokerConfigRow(name)?.dynamic === undefined)
  if (fixed !== '') return invalidRequest(`Cannot update these configs dynamically: [${fixed}]`)
  const listenerOnly = listed((name) => LISTENER_ONLY.test(name))
  if (listenerOnly !== '') {
    const how = 'can be dynamically updated only per-listener using the listener prefix'
    return invalidRequest(`These security configs ${how}: [${listenerOnly}]`)
  }
  const ownOnly = resourceName === '' ? listed((name) => brokerConfigRow(name)?.dynamic === 'broker') : ''
  if (ownOnly !== '') {
    return invalidRequest(
      `Cannot update these configs at default cluster level, broker id must be specified: [${ownOnly}]`,
    )
  }
  for (const { name, value, configOperation } of configs) {
    const row = dynamicConfigRow(name)
    if (row === undefined || value === null || configOperation === ALTER.delete) continue
    const isList = configOperation === ALTER.append || configOperation === ALTER.subtract
    if (isList && row.type !== 'LIST') {
      const what = configOperation === ALTER.append ? 'append' : 'subtract'
      return fault(ErrorCode.INVALID_CONFIG, `Config value ${what} is not allowed for config key: ${name}`)
    }
    const wrong = configFault(baseOfListener(name) ?? name, row, value)
    if (wrong !== null) return invalidRequest(wrong)
  }
  return null
}
