// The metadata image: all cluster state at one offset of the metadata log, the fold of the records before it.
// Immutable; images share what did not change between them. Every part of the broker reads it, and the controller
// decides on it. Source: MetadataImage and its parts; the sections stand in the order in which Kafka writes them into a
// snapshot.

import { PersistentMap } from './persistent-map.ts'
import type { KnownRecord, UnknownRecord } from './records.ts'

export interface PartitionImage {
  /** Broker id; -1: none. */
  readonly leader: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly removingReplicas: readonly number[]
  readonly addingReplicas: readonly number[]
  /** 0: recovered; 1: the leader was elected uncleanly and has not recovered. */
  readonly leaderRecoveryState: number
  /** Log directory of each replica, in the order of `replicas`. */
  readonly directories: readonly string[]
  /** KIP-966. */
  readonly eligibleLeaderReplicas: readonly number[]
  readonly lastKnownElr: readonly number[]
}

export interface TopicImage {
  readonly name: string
  readonly id: string
  /** By partition index, without gaps. */
  readonly partitions: readonly PartitionImage[]
}

export class TopicsImage {
  readonly #byId: PersistentMap<TopicImage>
  readonly #idByName: PersistentMap<string>

  constructor(
    byId: PersistentMap<TopicImage> = new PersistentMap(),
    idByName: PersistentMap<string> = new PersistentMap(),
  ) {
    this.#byId = byId
    this.#idByName = idByName
  }

  get size(): number {
    return this.#byId.size
  }

  byId(id: string): TopicImage | undefined {
    return this.#byId.get(id)
  }

  byName(name: string): TopicImage | undefined {
    const id = this.#idByName.get(name)
    return id === undefined ? undefined : this.#byId.get(id)
  }

  partition(name: string, partitionIndex: number): PartitionImage | undefined {
    return this.byName(name)?.partitions[partitionIndex]
  }

  /** In no particular order. */
  values(): IterableIterator<TopicImage> {
    return this.#byId.values()
  }

  edit() {
    return { byId: this.#byId.edit(), idByName: this.#idByName.edit() }
  }
}

export interface EndPoint {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly securityProtocol: number
}

export interface FeatureRange {
  readonly name: string
  readonly minSupportedVersion: number
  readonly maxSupportedVersion: number
}

export interface BrokerImage {
  readonly id: number
  /** Offset of the registration record: newer registrations have higher ones. */
  readonly epoch: bigint
  readonly incarnationId: string
  readonly endPoints: readonly EndPoint[]
  readonly features: readonly FeatureRange[]
  readonly rack: string | null
  readonly fenced: boolean
  readonly inControlledShutdown: boolean
  readonly logDirs: readonly string[]
  readonly cordonedLogDirs: readonly string[] | null
}

/** Ids that stand where no log directory is named. Source: DirectoryId. */
export const DIRECTORY = {
  /** No broker has placed the replica yet. */
  unassigned: 'AAAAAAAAAAAAAAAAAAAAAA',
  lost: 'AAAAAAAAAAAAAAAAAAAAAQ',
  /** From before directories had ids. */
  migrating: 'AAAAAAAAAAAAAAAAAAAAAg',
} as const

/** Resource types of configs. */
export const RESOURCE = { topic: 2, broker: 4, brokerLogger: 8, clientMetrics: 16, group: 32 } as const

export interface ConfigResource {
  readonly type: number
  readonly name: string
}

const NO_CONFIGS: ReadonlyMap<string, string> = new Map()

export class ConfigsImage {
  readonly #byResource: PersistentMap<ReadonlyMap<string, string>>

  constructor(byResource: PersistentMap<ReadonlyMap<string, string>> = new PersistentMap()) {
    this.#byResource = byResource
  }

  /**
   * The resource's own values; empty when it has none. The broker default is the broker resource with an empty name.
   */
  of(type: number, name: string): ReadonlyMap<string, string> {
    return this.#byResource.get(ConfigsImage.key(type, name)) ?? NO_CONFIGS
  }

  *[Symbol.iterator](): IterableIterator<[ConfigResource, ReadonlyMap<string, string>]> {
    for (const [key, values] of this.#byResource) {
      const colon = key.indexOf(':')
      yield [{ type: Number(key.slice(0, colon)), name: key.slice(colon + 1) }, values]
    }
  }

  edit() {
    return this.#byResource.edit()
  }

  static key(type: number, name: string): string {
    return `${type}:${name}`
  }
}

export class BrokersImage {
  readonly #byId: ReadonlyMap<number, BrokerImage>

  constructor(byId: ReadonlyMap<number, BrokerImage> = new Map()) {
    this.#byId = byId
  }

  get size(): number {
    return this.#byId.size
  }

  get(id: number): BrokerImage | undefined {
    return this.#byId.get(id)
  }

  has(id: number): boolean {
    return this.#byId.has(id)
  }

  values(): IterableIterator<BrokerImage> {
    return this.#byId.values()
  }

  /** Where clients of a listener reach one broker: undefined when it is not alive or has no such listener. */
  endpoint(
    id: number,
    listener: string,
  ): { nodeId: number; host: string; port: number; rack: string | null } | undefined {
    const broker = this.#byId.get(id)
    const endPoint = broker?.endPoints.find(({ name }) => name === listener)
    if (broker === undefined || broker.fenced || endPoint === undefined) return undefined
    return { nodeId: id, host: endPoint.host, port: endPoint.port, rack: broker.rack }
  }

  /** The same of all brokers that are alive. */
  endpoints(listener: string) {
    return [...this.#byId.keys()].flatMap((id) => this.endpoint(id, listener) ?? [])
  }

  edit(): Map<number, BrokerImage> {
    return new Map(this.#byId)
  }
}

/** Finalised feature levels; a feature that is not there has level 0. */
export class FeaturesImage {
  readonly #levels: ReadonlyMap<string, number>

  constructor(levels: ReadonlyMap<string, number> = new Map()) {
    this.#levels = levels
  }

  get(name: string): number {
    return this.#levels.get(name) ?? 0
  }

  [Symbol.iterator](): IterableIterator<[name: string, level: number]> {
    return this.#levels[Symbol.iterator]()
  }

  /** As ApiVersions tells them. */
  list() {
    return [...this.#levels].map(([name, level]) => ({ name, minVersionLevel: level, maxVersionLevel: level }))
  }

  edit(): Map<string, number> {
    return new Map(this.#levels)
  }
}

export interface MetadataImageParts {
  /** Last offset that is part of the image; -1: none. */
  readonly offset: number
  /** Leader epoch and append time of that offset's batch. */
  readonly epoch: number
  readonly timestamp: number
  readonly features: FeaturesImage
  readonly brokers: BrokersImage
  readonly topics: TopicsImage
  readonly configs: ConfigsImage
  /** First id of the next block of producer ids, with the record that says so; null before the first. */
  readonly producerIds: (KnownRecord & { type: 'ProducerIdsRecord' }) | null
  /**
   * State that is kept and not yet acted on, as the latest record of each thing: controllers, quotas, ACLs, SCRAM
   * credentials, delegation tokens. The key is `record type/identity`.
   */
  readonly kept: PersistentMap<KnownRecord>
  /** Records of types or versions that are not known here, in the order of the log. */
  readonly unknown: readonly UnknownRecord[]
}

export class MetadataImage implements MetadataImageParts {
  readonly offset: number
  readonly epoch: number
  readonly timestamp: number
  readonly features: FeaturesImage
  readonly brokers: BrokersImage
  readonly topics: TopicsImage
  readonly configs: ConfigsImage
  readonly producerIds: (KnownRecord & { type: 'ProducerIdsRecord' }) | null
  readonly kept: PersistentMap<KnownRecord>
  readonly unknown: readonly UnknownRecord[]

  constructor(parts: MetadataImageParts) {
    this.offset = parts.offset
    this.epoch = parts.epoch
    this.timestamp = parts.timestamp
    this.features = parts.features
    this.brokers = parts.brokers
    this.topics = parts.topics
    this.configs = parts.configs
    this.producerIds = parts.producerIds
    this.kept = parts.kept
    this.unknown = parts.unknown
  }

  get metadataVersion(): number {
    return this.features.get('metadata.version')
  }

  get nextProducerId(): bigint {
    return this.producerIds?.value.nextProducerId ?? 0n
  }

  static readonly empty = new MetadataImage({
    offset: -1,
    epoch: -1,
    timestamp: -1,
    features: new FeaturesImage(),
    brokers: new BrokersImage(),
    topics: new TopicsImage(),
    configs: new ConfigsImage(),
    producerIds: null,
    kept: new PersistentMap(),
    unknown: [],
  })
}
