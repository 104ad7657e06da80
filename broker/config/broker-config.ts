// The configuration of one broker: what its server.properties and command line say (static), what was set for it and
// for all brokers while running (dynamic, from the metadata image), and the defaults. `get` is typed by the name.
//
//   the broker's own dynamic value  >  the cluster-wide dynamic value  >  static value  >  default
//
// Source: KafkaConfig, DynamicBrokerConfig.

import type { LogConfig } from '../../storage/log/log-config.ts'
import { ConfigsImage, RESOURCE } from '../metadata/image.ts'
import {
  type BrokerConfigName,
  type BrokerConfigValue,
  brokerConfigRow,
  brokerConfigs,
  serverSynonyms,
  shippedProperties,
} from './broker-configs.ts'
import { type ConfigRow, configFault, parseConfig } from './config-row.ts'
import { isCordoned } from './cordoned-log-dirs.ts'
import { clientListener, type ListenerBound } from './listener-configs.ts'
import { type TopicConfigValues, toLogConfig, topicConfigValues } from './log-configs.ts'
import type { Properties } from './properties.ts'
import { MOVE_RATE } from './replication-quotas.ts'

/** Topics whose log config may have changed; null: all. */
export type LogConfigListener = (topics: readonly string[] | null) => void

export class BrokerConfig {
  /** What was set before the start, and what Milena's own server.properties sets. */
  readonly staticValues: ReadonlyMap<string, string>
  readonly nodeId: number
  #configs = new ConfigsImage()
  readonly #values = new Map<string, unknown>()
  readonly #logConfigs = new Map<string, LogConfig>()
  #defaultLogConfig: LogConfig | undefined
  #clientListener: string | undefined
  readonly #logConfigListeners: LogConfigListener[] = []

  /** `properties` have passed checkProperties. */
  constructor(properties: Properties = {}) {
    const values = new Map(Object.entries(shippedProperties))
    // The older names count when only they are set.
    if (properties['log.dir'] !== undefined && properties['log.dirs'] === undefined) values.delete('log.dirs')
    for (const [name, value] of Object.entries(properties)) values.set(name, value)
    const nodeId = properties['node.id'] ?? properties['broker.id'] ?? values.get('node.id')!
    values.set('node.id', nodeId)
    values.set('broker.id', nodeId)
    if (values.get('log.dirs') === undefined) values.set('log.dirs', values.get('log.dir')!)
    this.staticValues = values
    this.nodeId = Number(nodeId)
  }

  get<Name extends BrokerConfigName>(name: Name): BrokerConfigValue<Name> {
    let value = this.#values.get(name)
    if (value === undefined) {
      value = this.#resolve(name)
      this.#values.set(name, value)
    }
    // The row of the table has made the value.
    return value as BrokerConfigValue<Name>
  }

  /** The text that counts for the key alone, without keys that stand in for it; null: there is none. */
  text(name: string): string | null {
    return this.dynamicValue(name) ?? this.staticValues.get(name) ?? brokerConfigRow(name)?.default ?? null
  }

  dynamicValue(name: string): string | undefined {
    const row = brokerConfigRow(name)
    if (row?.dynamic === undefined) return undefined
    for (const values of [this.dynamicValues(), this.dynamicDefaults()]) {
      const value = values.get(name)
      // A value that a controller of another release let pass does not take effect.
      if (value !== undefined && configFault(name, row, value) === null) return value
    }
    return undefined
  }

  /** Set for this broker while running. */
  dynamicValues(): ReadonlyMap<string, string> {
    return this.#configs.of(RESOURCE.broker, String(this.nodeId))
  }

  /** Set for all brokers while running. */
  dynamicDefaults(): ReadonlyMap<string, string> {
    return this.#configs.of(RESOURCE.broker, '')
  }

  /** Of the listener that clients use: what was set for it and what was set for the broker, whichever is less. */
  boundOf(name: ListenerBound): number {
    this.#clientListener ??= clientListener(
      this.staticValues.get('listeners') ?? '',
      this.staticValues.get('controller.listener.names') ?? '',
    )
    const key = `listener.name.${this.#clientListener}.${name}`
    const own = Number(this.dynamicValues().get(key) ?? this.staticValues.get(key) ?? Number.NaN)
    return Number.isSafeInteger(own) && own >= 0 ? Math.min(own, this.get(name)) : this.get(name)
  }

  /** Bytes of a second; Infinity: as fast as it goes. */
  get moveRate(): number {
    const value = Number(this.dynamicValues().get(MOVE_RATE) ?? this.dynamicDefaults().get(MOVE_RATE) ?? Number.NaN)
    return Number.isSafeInteger(value) && value >= 0 ? value : Number.POSITIVE_INFINITY
  }

  /** Whether the log directory takes no new replicas. */
  isCordoned(path: string): boolean {
    return isCordoned(this.get('cordoned.log.dirs') ?? [], path)
  }

  onLogConfigChange(listener: LogConfigListener): void {
    this.#logConfigListeners.push(listener)
  }

  /** The settings of a topic's logs. The object stays the same until a change. */
  logConfigFor(topic: string): LogConfig {
    const own = this.#configs.of(RESOURCE.topic, topic)
    if (own.size === 0) {
      this.#defaultLogConfig ??= toLogConfig(topicConfigValues(this, own))
      return this.#defaultLogConfig
    }
    let config = this.#logConfigs.get(topic)
    if (config === undefined) {
      config = toLogConfig(topicConfigValues(this, own))
      this.#logConfigs.set(topic, config)
    }
    return config
  }

  /** The effective values of a topic with these values of its own, typed by name. */
  topicValues(own: ReadonlyMap<string, string>): TopicConfigValues {
    return topicConfigValues(this, own)
  }

  /** Takes the dynamic values and topic configs of a new image. */
  apply(configs: ConfigsImage, changed: readonly { readonly type: number; readonly name: string }[] | null): void {
    const brokerChanged = changed === null || changed.some((one) => one.type === RESOURCE.broker)
    const topics = changed?.filter((one) => one.type === RESOURCE.topic).map((one) => one.name) ?? null
    this.#configs = configs
    if (brokerChanged) this.#changeBroker()
    else {
      for (const topic of topics ?? []) this.#logConfigs.delete(topic)
      if (topics !== null && topics.length > 0) for (const listener of this.#logConfigListeners) listener(topics)
    }
  }

  #changeBroker(): void {
    this.#values.clear()
    this.#logConfigs.clear()
    this.#defaultLogConfig = undefined
    for (const listener of this.#logConfigListeners) listener(null)
  }

  #resolve(name: BrokerConfigName): unknown {
    const text = this.text(name)
    const row: ConfigRow = brokerConfigs[name]
    if (text !== null) return this.#parse(name, row, text)
    for (const synonym of serverSynonyms[name] ?? []) {
      const value = this.get(synonym.name)
      if (typeof value === 'number') return value < 0 ? -1 : value * synonym.factor
    }
    return null
  }

  #parse(name: string, row: ConfigRow, text: string): unknown {
    const value = parseConfig(row, text)
    if (value === undefined) throw new Error(`assertion: ${name}=${text} has passed the checks and is no ${row.type}`)
    return value
  }
}
