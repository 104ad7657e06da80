// What DescribeConfigs shows of each kind of resource: value, source, the synonyms in the order in which they count,
// type, whether it can change, and documentation. Source: ConfigHelper.
//
// An entry's source is that of its first synonym. A synonym under another name than the entry's is shown only behind
// one under its own: log.retention.ms inherits from log.retention.hours, and still shows no synonym while only that one
// is set.

import type { BrokerConfig } from './broker-config.ts'
import { type BrokerConfigName, brokerConfigRow, brokerConfigs, serverSynonyms } from './broker-configs.ts'
import { clientMetricsConfigs } from './client-metrics-configs.ts'
import {
  CONFIG_TYPES,
  type ConfigRow,
  type ConfigTable,
  canonicalText,
  configFault,
  formatNumber,
} from './config-row.ts'
import { groupConfigs } from './group-configs.ts'
import { baseOfListener, dynamicConfigRow } from './listener-configs.ts'
import { topicConfigs } from './topic-configs.ts'

export const CONFIG_SOURCE = {
  topic: 1,
  dynamicBroker: 2,
  dynamicDefaultBroker: 3,
  staticBroker: 4,
  default: 5,
  dynamicBrokerLogger: 6,
  clientMetrics: 7,
  group: 8,
} as const

export interface Synonym {
  readonly name: string
  readonly value: string | null
  readonly source: number
}

export interface DescribedConfig {
  readonly name: string
  readonly value: string | null
  readonly readOnly: boolean
  readonly configSource: number
  readonly isSensitive: boolean
  readonly synonyms: readonly Synonym[]
  readonly configType: number
  readonly documentation: string | null
}

const UNKNOWN_TYPE = 0
const IDLE = 'Accepted and shown; without effect in this release.'

function isSensitive(row: ConfigRow | undefined): boolean {
  // Of a key that is not known it cannot be said that it is harmless.
  return row === undefined || row.type === 'PASSWORD'
}

/** Where the server property gets its value from, highest first. */
function serverSources(config: BrokerConfig, name: string): Synonym[] {
  const base = baseOfListener(name)
  const others = (serverSynonyms[name] ?? []).map((synonym) => synonym.name)
  const names = [name, ...(base === null ? others : [base])]
  const found: Synonym[] = []
  const add = (source: number, values: (name: string) => string | null | undefined) => {
    for (const each of names) {
      const value = values(each)
      if (value === undefined || value === null) continue
      found.push({ name: each, value: isSensitive(dynamicConfigRow(each)) ? null : value, source })
    }
  }
  add(CONFIG_SOURCE.dynamicBroker, (each) => config.dynamicValues().get(each))
  add(CONFIG_SOURCE.dynamicDefaultBroker, (each) => config.dynamicDefaults().get(each))
  add(CONFIG_SOURCE.staticBroker, (each) => config.staticValues.get(each))
  add(CONFIG_SOURCE.default, (each) => brokerConfigRow(each)?.default)
  const first = found.findIndex((synonym) => synonym.name === name)
  return first === -1 ? [] : found.slice(first)
}

function described(
  name: string,
  row: ConfigRow | undefined,
  value: string | null,
  synonyms: readonly Synonym[],
  readOnly: boolean,
): DescribedConfig {
  const sensitive = isSensitive(row)
  return {
    name,
    value: sensitive ? null : value,
    readOnly,
    configSource: synonyms[0]?.source ?? CONFIG_SOURCE.default,
    isSensitive: sensitive,
    synonyms,
    configType: row === undefined ? UNKNOWN_TYPE : CONFIG_TYPES[row.type],
    documentation: row === undefined ? null : (row.doc ?? IDLE),
  }
}

function isBrokerConfigName(name: string): name is BrokerConfigName {
  return Object.hasOwn(brokerConfigs, name)
}

/** The value that a topic or group inherits, as text; of keys with a unit of their own, the converted one. */
function inheritedText(config: BrokerConfig, row: ConfigRow): string | null {
  if (row.server === undefined || !isBrokerConfigName(row.server)) return row.default
  const text = config.text(row.server)
  if (text !== null) return canonicalText(row, text)
  const value: unknown = config.get(row.server)
  return typeof value === 'number' ? formatNumber(row.type, value) : row.default
}

/** A topic with these values of its own. */
export function describeTopicValues(config: BrokerConfig, own: ReadonlyMap<string, string>): DescribedConfig[] {
  return inheriting(config, topicConfigs, own, CONFIG_SOURCE.topic)
}

/** A group; keys without a server property show their own default as synonym, as Kafka does. */
export function describeGroupValues(config: BrokerConfig, own: ReadonlyMap<string, string>): DescribedConfig[] {
  return inheriting(config, groupConfigs, own, CONFIG_SOURCE.group).map((entry) =>
    entry.synonyms.length > 0
      ? entry
      : { ...entry, synonyms: [{ name: entry.name, value: entry.value, source: CONFIG_SOURCE.default }] },
  )
}

export function describeClientMetricsValues(config: BrokerConfig, own: ReadonlyMap<string, string>): DescribedConfig[] {
  return inheriting(config, clientMetricsConfigs, own, CONFIG_SOURCE.clientMetrics)
}

function inheriting(
  config: BrokerConfig,
  table: ConfigTable,
  own: ReadonlyMap<string, string>,
  ownSource: number,
): DescribedConfig[] {
  const entries: DescribedConfig[] = []
  for (const [name, row] of Object.entries(table)) {
    if (row.internal && !own.has(name)) continue
    const text = own.get(name)
    const usable = text !== undefined && configFault(name, row, text) === null
    const value = usable ? canonicalText(row, text) : inheritedText(config, row)
    const synonyms = row.server === undefined ? [] : serverSources(config, row.server)
    if (text !== undefined) synonyms.unshift({ name, value, source: ownSource })
    entries.push(described(name, row, value, synonyms, false))
  }
  return entries
}

/** This broker: every key, and those set dynamically that nobody knows. */
export function describeBroker(config: BrokerConfig): DescribedConfig[] {
  const names = new Set(Object.keys(brokerConfigs))
  for (const name of config.dynamicDefaults().keys()) names.add(name)
  for (const name of config.dynamicValues().keys()) names.add(name)
  const entries: DescribedConfig[] = []
  for (const name of names) {
    const row = dynamicConfigRow(name)
    const synonyms = serverSources(config, name)
    if (row?.internal && synonyms.every((synonym) => synonym.source === CONFIG_SOURCE.default)) continue
    const text = brokerConfigRow(name) === undefined ? (synonyms[0]?.value ?? null) : config.text(name)
    const value = text === null || row === undefined ? text : canonicalText(row, text)
    entries.push(described(name, row, value, synonyms, brokerConfigRow(name)?.dynamic === undefined))
  }
  return entries
}

/** All brokers: only what was set for them while running. */
export function describeBrokerDefault(config: BrokerConfig): DescribedConfig[] {
  return [...config.dynamicDefaults()].map(([name, text]) => {
    const row = dynamicConfigRow(name)
    const value = row === undefined || configFault(name, row, text) !== null ? text : canonicalText(row, text)
    const shown = isSensitive(row) ? null : text
    const synonyms = [{ name, value: shown, source: CONFIG_SOURCE.dynamicDefaultBroker }]
    return described(name, row, value, synonyms, brokerConfigRow(name)?.dynamic === undefined)
  })
}
