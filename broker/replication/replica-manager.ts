// The partitions that this broker has, and how they follow the metadata image: created, led and deleted as its deltas
// say. (Kafka: ReplicaManager.) Lookups are two array or map steps, with no string made on the way of a request.

import { DiskError } from '../../host/disk.ts'
import type { Clock, Logger, Timers } from '../../host/host.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { Log } from '../../storage/log.ts'
import type { LogConfig } from '../../storage/log-config.ts'
import type { LogDirectory } from '../../storage/log-directory.ts'
import type { MetadataDelta } from '../metadata/delta.ts'
import type { MetadataImage, TopicImage } from '../metadata/image.ts'
import { Deadlines } from './deadlines.ts'
import { Partition } from './partition.ts'

export interface ReplicaManagerOptions {
  readonly nodeId: number
  readonly logger: Logger
  readonly clock: Clock
  readonly timers: Timers
  readonly directories: readonly LogDirectory[]
  readonly logConfigFor: (topic: string) => LogConfig
  /** acks=all waits for the disk; see Partition. */
  readonly syncsAcksAll: boolean
}

/** `isLeader` false: resigned or deleted. */
export type LeaderListener = (topic: string, index: number, isLeader: boolean, leaderEpoch: number) => void

/** Written by brokers only (Kafka: Topic.isInternal). */
export const INTERNAL_TOPICS: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
])

const REOPEN_MS = 5_000

export class ReplicaManager {
  readonly directories: readonly LogDirectory[]
  /** Of the fetches and produce requests that wait for partitions. */
  readonly deadlines: Deadlines
  readonly #options: ReplicaManagerOptions
  readonly #byName = new Map<string, (Partition | undefined)[]>()
  readonly #byId = new Map<string, (Partition | undefined)[]>()
  readonly #leaderListeners: LeaderListener[] = []
  /** Ours, but the disk did not take their logs. */
  readonly #unopened = new Map<string, { readonly topicId: string; readonly index: number }>()
  #image: MetadataImage | null = null

  constructor(options: ReplicaManagerOptions) {
    this.#options = options
    this.deadlines = new Deadlines(options)
    this.directories = options.directories
    for (const directory of this.directories) {
      directory.onOffline = ({ path }, error) => {
        options.logger.error('a log directory has failed: its partitions refuse writes', { path, error: error.message })
      }
    }
  }

  partition(topic: string, index: number): Partition | undefined {
    return this.#byName.get(topic)?.[index]
  }

  partitionById(topicId: string, index: number): Partition | undefined {
    return this.#byId.get(topicId)?.[index]
  }

  /** Ours, and its log lies in a directory that has failed, or could not be made. */
  isOffline(topic: string, index: number): boolean {
    const topicId = this.#image?.topics.byName(topic)?.id
    if (this.#unopened.has(`${topicId}-${index}`)) return true
    return this.directories.some((directory) => directory.isOffline && directory.hasLog(topic, index))
  }

  isInternal(topic: string): boolean {
    return INTERNAL_TOPICS.has(topic)
  }

  *partitions(): IterableIterator<Partition> {
    for (const partitions of this.#byId.values()) {
      for (const partition of partitions) if (partition !== undefined) yield partition
    }
  }

  /** Called for the partitions led already, and from then on. */
  onLeaderChange(listener: LeaderListener): void {
    this.#leaderListeners.push(listener)
    for (const { topic, index, isLeader, leaderEpoch } of this.partitions()) {
      if (isLeader) listener(topic, index, isLeader, leaderEpoch)
    }
  }

  /**
   * Opens and leads what the image says is ours, and sets aside what no topic has: deleted while this broker was down.
   */
  start(image: MetadataImage): void {
    this.#image = image
    for (const topic of image.topics.values()) {
      for (let index = 0; index < topic.partitions.length; index++) this.#change(topic, index)
    }
    const found = this.directories.reduce((count, { logCount }) => count + logCount, 0)
    if (image.topics.size === 0 && found > 0) {
      this.#options.logger.error(
        'the metadata has no topic, but partitions are on disk, and are set aside: was __cluster_metadata-0 lost?',
        { partitions: found },
      )
    }
    for (const directory of this.directories) {
      for (const { topic, partition } of directory.unopened()) {
        this.#options.logger.warn('a partition that no topic has is set aside', {
          topic,
          partition,
          in: directory.path,
        })
        directory.setAside(topic, partition)
      }
    }
  }

  /** Follows the image. Deletions first: a topic may have been deleted and created again under its name. */
  apply(image: MetadataImage, delta: MetadataDelta): void {
    this.#image = image
    for (const topic of delta.deletedTopics) this.#delete(topic)
    for (const [topicId, indexes] of delta.changedPartitions) {
      const topic = image.topics.byId(topicId)
      if (topic === undefined) continue
      for (const index of indexes) this.#change(topic, index)
    }
  }

  /** The settings of these topics' logs have changed; null: of all, since a broker default has. */
  refreshConfigs(topics: readonly string[] | null): void {
    for (const topic of topics ?? this.#byName.keys()) {
      const config = this.#options.logConfigFor(topic)
      for (const partition of this.#byName.get(topic) ?? []) if (partition !== undefined) partition.log.config = config
    }
  }

  #change(topic: TopicImage, index: number): void {
    const { nodeId } = this.#options
    const wanted = topic.partitions[index]
    if (wanted === undefined || !wanted.replicas.includes(nodeId)) return
    const partition = this.#byId.get(topic.id)?.[index] ?? this.#create(topic, index)
    if (partition === undefined || wanted.leaderEpoch === partition.leaderEpoch) return
    if (wanted.leader === nodeId) {
      partition.becomeLeader(wanted.leaderEpoch, nodeId)
      this.#tell(partition)
    } else {
      partition.resign(ErrorCode.NOT_LEADER_OR_FOLLOWER, { closed: false })
      this.#tell(partition)
    }
  }

  #create(topic: TopicImage, index: number): Partition | undefined {
    const { syncsAcksAll } = this.#options
    const log = this.#openLog(topic, index)
    if (log === undefined) return undefined
    const partition = new Partition(topic.name, topic.id, index, log, { syncsAcksAll })
    register(this.#byName, topic.name, partition)
    register(this.#byId, topic.id, partition)
    return partition
  }

  /**
   * A disk that does not take a new log (full, say) may take it later: the partition answers KAFKA_STORAGE_ERROR until
   * then.
   */
  #openLog(topic: TopicImage, index: number): Log | undefined {
    const { logger, logConfigFor, timers } = this.#options
    const directory = this.#directoryFor(topic.name, index)
    if (directory === undefined) return undefined
    try {
      return directory.openLog(topic.name, topic.id, index, logConfigFor(topic.name))
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      logger.error('a log cannot be opened', { topic: topic.name, partition: index, error: error.message })
      if (this.#unopened.size === 0) timers.after(REOPEN_MS, () => this.#reopen())
      this.#unopened.set(`${topic.id}-${index}`, { topicId: topic.id, index })
      return undefined
    }
  }

  #reopen(): void {
    const wanted = [...this.#unopened.values()]
    this.#unopened.clear()
    for (const { topicId, index } of wanted) {
      const topic = this.#image?.topics.byId(topicId)
      if (topic !== undefined) this.#change(topic, index)
    }
  }

  /** Where its log is; for a new one, the directory with the fewest logs, as Kafka chooses. */
  #directoryFor(topic: string, index: number): LogDirectory | undefined {
    const online = this.directories.filter(({ isOffline }) => !isOffline)
    return (
      online.find((directory) => directory.hasLog(topic, index)) ??
      online.reduce<LogDirectory | undefined>(
        (best, next) => (best === undefined || next.logCount < best.logCount ? next : best),
        undefined,
      )
    )
  }

  #delete(topic: TopicImage): void {
    const partitions = this.#byId.get(topic.id) ?? []
    this.#byId.delete(topic.id)
    if (this.#byName.get(topic.name)?.some((partition) => partition?.topicId === topic.id)) {
      this.#byName.delete(topic.name)
    }
    for (const partition of partitions) {
      if (partition === undefined) continue
      partition.resign(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, { closed: true })
      this.#tell(partition)
      for (const directory of this.directories) {
        if (directory.hasLog(topic.name, partition.index)) directory.deleteLog(partition.log)
      }
    }
  }

  #tell({ topic, index, isLeader, leaderEpoch }: Partition): void {
    for (const listener of this.#leaderListeners) listener(topic, index, isLeader, leaderEpoch)
  }
}

function register(map: Map<string, (Partition | undefined)[]>, key: string, partition: Partition): void {
  const partitions = map.get(key)
  if (partitions === undefined) {
    const sparse: (Partition | undefined)[] = []
    sparse[partition.index] = partition
    map.set(key, sparse)
  } else {
    partitions[partition.index] = partition
  }
}
