// server.properties: reading one (java.util.Properties' format) and checking what it says before the broker starts.

import { brokerConfigRow, brokerConfigs, shippedProperties } from './broker-configs.ts'
import { configFault, splitList } from './config-row.ts'
import { CORDONED_LOG_DIRS, cordonFault } from './cordoned-log-dirs.ts'
import { actsOfListener, baseOfListener } from './listener-configs.ts'
import { nearestName } from './nearest-name.ts'

const AUTHORIZER = 'authorizer.class.name'

export type Properties = Readonly<Record<string, string>>

/** Keys and values of a properties file; the last of equal keys counts. */
export function parseProperties(text: string): Record<string, string> {
  const properties: Record<string, string> = Object.create(null)
  for (const line of logicalLines(text)) {
    const [key, value] = splitLine(line)
    properties[key] = value
  }
  return { ...properties }
}

/** Lines without comments and blank ones; one that ends in an odd number of backslashes goes on in the next. */
function* logicalLines(text: string): Iterable<string> {
  let pending: string | null = null
  for (const raw of text.split(/\r\n|\r|\n/)) {
    const line = raw.replace(/^[ \t\f]+/, '')
    if (pending === null && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue
    const joined: string = (pending ?? '') + line
    const slashes = /\\*$/.exec(joined)![0].length
    pending = slashes % 2 === 1 ? joined.slice(0, -1) : null
    if (pending === null) yield joined
  }
  if (pending !== null) yield pending
}

/** The key ends at the first `=`, `:` or blank that no backslash protects. */
function splitLine(line: string): [key: string, value: string] {
  const match = /^((?:\\.|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*(.*)$/s.exec(line)!
  return [unescaped(match[1]!), unescaped(match[2]!)]
}

function unescaped(text: string): string {
  const letters: Record<string, string> = { t: '\t', n: '\n', r: '\r', f: '\f' }
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.?))/gs, (_, hex: string | undefined, letter: string) =>
    hex === undefined ? (letters[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

export interface PropertiesReport {
  /** Any of them keeps the broker from starting; one line each. */
  readonly errors: string[]
  readonly warnings: string[]
}

export function checkProperties(properties: Properties): PropertiesReport {
  const errors: string[] = []
  const warnings: string[] = []
  const idle: string[] = []
  for (const [name, value] of Object.entries(properties)) {
    const row = brokerConfigRow(name)
    if (row !== undefined) {
      const fault = configFault(name, row, value)
      if (fault !== null) errors.push(fault)
      else if (row.doc === undefined && value.trim() !== (row.default ?? '')) idle.push(name)
      continue
    }
    const inListener = baseOfListener(name)
    if (inListener !== null) {
      const bounded = actsOfListener(name) ? brokerConfigRow(inListener) : undefined
      const fault = bounded === undefined ? null : configFault(inListener, bounded, value)
      if (fault !== null) errors.push(fault)
      else if (bounded === undefined) idle.push(name)
      continue
    }
    const nearest = nearestName(name, Object.keys(brokerConfigs))
    if (nearest !== undefined) errors.push(`Unknown configuration ${name}: did you mean ${nearest}?`)
    else if (name.startsWith('milena.')) errors.push(`Unknown configuration ${name}`)
    else warnings.push(`Unknown configuration ${name} is ignored`)
  }
  const directories = properties['log.dirs'] ?? properties['log.dir']
  if (directories?.split(',').every((path) => path.trim() === '')) {
    errors.push('log.dirs names no directory: write one, for example log.dirs=./data')
  }
  const cordoned = cordonFault(
    splitList(properties[CORDONED_LOG_DIRS] ?? ''),
    splitList(directories ?? shippedProperties['log.dirs'] ?? ''),
  )
  if (cordoned !== null) errors.push(cordoned)
  errors.push(...otherNodes(properties))
  if (idle.includes(AUTHORIZER)) warnings.push(`${AUTHORIZER} has no effect yet: whoever can connect may do everything`)
  if (idle.length > 0) warnings.push(`Not supported yet, without effect: ${idle.join(', ')}`)
  return { errors, warnings }
}

/**
 * What says that this node is one of several. To serve its directory alone would fork the cluster: the metadata log
 * would be led here and there.
 */
function* otherNodes(properties: Properties): Iterable<string> {
  const entries = (name: string) => splitList(properties[name] ?? '').filter((entry) => entry !== '')
  const name = 'process.roles'
  const roles = entries(name)
  if (roles.length === 1) {
    yield `Invalid value ${roles[0]} for configuration ${name}: only broker,controller is supported, both at once`
  }
  const nodeId = properties['node.id'] ?? properties['broker.id'] ?? shippedProperties['node.id']
  const others = entries('controller.quorum.voters').filter((voter) => voter.split('@')[0] !== nodeId)
  const alone = 'Milena serves a cluster of one node'
  if (others.length > 0) yield `controller.quorum.voters names ${others.join(',')} beside node ${nodeId}: ${alone}`
  const servers = entries('controller.quorum.bootstrap.servers')
  if (servers.length > 1) yield `controller.quorum.bootstrap.servers names ${servers.length} controllers: ${alone}`
}
