// The partitions that this broker has, and how they follow the metadata image: created, led and deleted as its deltas
// say. (Kafka: ReplicaManager.) Lookups are two array or map steps, with no string made on the way of a request.

import { DiskError } from '../../host/disk.ts'
import type { Host } from '../../host/host.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { LogDirectory } from '../../storage/directory/log-directory.ts'
import type { Log } from '../../storage/log/log.ts'
import type { LogConfig } from '../../storage/log/log-config.ts'
import type { MetadataDelta } from '../metadata/delta.ts'
import { DIRECTORY, type MetadataImage, type TopicImage } from '../metadata/image.ts'
import { Deadlines } from './deadlines.ts'
import { DirectoryAssignments, type SendAssignments } from './directory-assignments.ts'
import { Partition } from './partition.ts'
import { ReplicaMoves } from './replica-moves.ts'

export interface ReplicaManagerOptions {
  readonly nodeId: number
  readonly host: Host
  readonly directories: readonly LogDirectory[]
  /** Of log.dirs, those that could not be opened. */
  readonly offlinePaths: readonly string[]
  readonly assignReplicas: SendAssignments
  /** Of cordoned.log.dirs: no new replica is put there (KIP-1066). */
  readonly isCordoned: (path: string) => boolean
  readonly logConfigFor: (topic: string) => LogConfig
  /** Of moves between log directories; Infinity: as fast as they go. */
  readonly moveBytesPerSecond: () => number
  /** acks=all waits for the disk; see Partition. */
  readonly syncsAcksAll: boolean
}

/** `isLeader` false: resigned or deleted. */
export type LeaderListener = (topic: string, index: number, isLeader: boolean, leaderEpoch: number) => void

const REOPEN_MS = 5_000

export class ReplicaManager {
  readonly directories: readonly LogDirectory[]
  readonly moves: ReplicaMoves
  /** A log directory has failed, its partitions are closed: for the heartbeat. */
  onDirectoryOffline: (() => void) | null = null
  /** Of the fetches and produce requests that wait for partitions. */
  readonly deadlines: Deadlines
  /** Of partitions deleted since the start. */
  readonly deletedTraffic = { recordsIn: 0, bytesIn: 0, bytesOut: 0 }
  readonly #options: ReplicaManagerOptions
  readonly #byName = new Map<string, (Partition | undefined)[]>()
  readonly #byId = new Map<string, (Partition | undefined)[]>()
  readonly #leaderListeners: LeaderListener[] = []
  /** Ours, but the disk did not take their logs. */
  readonly #unopened = new Map<string, { readonly topicId: string; readonly index: number }>()
  /** Ours, and their logs are in directories that have failed, or that could not be opened. */
  readonly #offline = new Set<string>()
  readonly #assignments: DirectoryAssignments
  #image: MetadataImage | null = null
  #isStarted = false

  constructor(options: ReplicaManagerOptions) {
    this.#options = options
    const { host } = options
    this.deadlines = new Deadlines(host)
    this.directories = options.directories
    this.#assignments = new DirectoryAssignments(host, options.assignReplicas)
    const moved = (partition: Partition, directory: LogDirectory): void => {
      this.#assignments.add(partition.topicId, partition.index, directory.directoryId)
    }
    this.moves = new ReplicaMoves(host, options.directories, moved, options.moveBytesPerSecond)
    for (const directory of this.directories) directory.onOffline = this.#directoryFailed
  }

  partition(topic: string, index: number): Partition | undefined {
    return this.#byName.get(topic)?.[index]
  }

  partitionById(topicId: string, index: number): Partition | undefined {
    return this.#byId.get(topicId)?.[index]
  }

  /** Of log.dirs. */
  get offlinePaths(): readonly string[] {
    const failed = this.directories.filter(({ isOffline }) => isOffline).map(({ path }) => path)
    return [...this.#options.offlinePaths, ...failed]
  }

  /** Ours, and its log lies in a directory that has failed, or could not be made. */
  isOffline(topic: string, index: number): boolean {
    const key = `${this.#image?.topics.byName(topic)?.id}-${index}`
    return this.#unopened.has(key) || this.#offline.has(key)
  }

  /** What it holds cannot be read or written any more; where it is the only one, reads of what is there go on. */
  readonly #directoryFailed = (directory: LogDirectory, error: Error): void => {
    const { path } = directory
    this.#options.host.logger.error('a log directory has failed', { path, error: error.message })
    if (this.directories.every(({ isOffline }) => isOffline)) return
    this.moves.directoryFailed(directory)
    for (const partition of [...this.partitions()]) {
      if (directory.log(partition.topic, partition.index) !== partition.log) continue
      const { topic, topicId, index } = partition
      this.#offline.add(`${topicId}-${index}`)
      delete this.#byId.get(topicId)?.[index]
      delete this.#byName.get(topic)?.[index]
      partition.resign(ErrorCode.KAFKA_STORAGE_ERROR, { closed: true })
      this.#tell(partition)
    }
    this.onDirectoryOffline?.()
  };

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
    this.#isStarted = true
    this.moves.resume((topic, index) => this.partition(topic, index))
    for (const directory of this.directories) {
      for (const { topic, partition } of directory.unopened()) {
        this.#options.host.logger.warn('a partition that no topic has is set aside', {
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

  /** Before the directories are closed. */
  stop(): void {
    this.#assignments.stop()
    this.moves.stop()
  }

  #change(topic: TopicImage, index: number): void {
    const { nodeId } = this.#options
    const wanted = topic.partitions[index]
    if (wanted === undefined || !wanted.replicas.includes(nodeId) || this.#offline.has(`${topic.id}-${index}`)) return
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
    const { host, logConfigFor } = this.#options
    const { logger, timers } = host
    const directory = this.#directoryFor(topic, index)
    if (directory === undefined) {
      this.#offline.add(`${topic.id}-${index}`)
      return undefined
    }
    this.#assign(topic, index, directory)
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

  /**
   * Where its log is; for a new one, what was chosen for it, or the directory with the fewest logs, as Kafka chooses.
   * undefined: it may lie in one that is offline, where it must not begin anew elsewhere.
   */
  #directoryFor(topic: TopicImage, index: number): LogDirectory | undefined {
    const online = this.directories.filter(({ isOffline }) => !isOffline)
    const assigned = this.#assignedDirectory(topic, index)
    const having = online.filter((directory) => directory.hasLog(topic.name, index))
    const found = having.find(({ directoryId }) => directoryId === assigned) ?? having[0]
    if (found !== undefined) return found
    const isAssigned = assigned !== DIRECTORY.unassigned && assigned !== DIRECTORY.migrating
    const wanted = online.find(({ directoryId }) => directoryId === assigned)
    if (isAssigned && wanted !== undefined) return wanted
    if (this.offlinePaths.length > 0 && (isAssigned || !this.#isStarted)) return undefined
    const journaled = online.find((directory) => directory.hasJournaled(topic.id, index))
    return journaled ?? this.moves.preferred(topic.name, index) ?? this.#leastLoaded(online)
  }

  #leastLoaded(online: readonly LogDirectory[]): LogDirectory | undefined {
    const open = online.filter(({ path }) => !this.#options.isCordoned(path))
    const choice = open.length > 0 ? open : online
    return choice.reduce<LogDirectory | undefined>(
      (best, next) => (best === undefined || next.logCount < best.logCount ? next : best),
      undefined,
    )
  }

  #assignedDirectory({ partitions }: TopicImage, index: number): string {
    const partition = partitions[index]
    const place = partition?.replicas.indexOf(this.#options.nodeId) ?? -1
    return partition?.directories[place] ?? DIRECTORY.unassigned
  }

  /** A broker of one directory has it from the controller. */
  #assign(topic: TopicImage, index: number, { directoryId }: LogDirectory): void {
    if (this.directories.length + this.#options.offlinePaths.length === 1) return
    if (this.#assignedDirectory(topic, index) !== directoryId) this.#assignments.add(topic.id, index, directoryId)
  }

  #delete(topic: TopicImage): void {
    const partitions = this.#byId.get(topic.id) ?? []
    for (let index = 0; index < topic.partitions.length; index++) this.#offline.delete(`${topic.id}-${index}`)
    this.#byId.delete(topic.id)
    if (this.#byName.get(topic.name)?.some((partition) => partition?.topicId === topic.id)) {
      this.#byName.delete(topic.name)
    }
    for (const partition of partitions) {
      if (partition === undefined) continue
      this.moves.cancel(partition)
      this.deletedTraffic.recordsIn += partition.recordsIn
      this.deletedTraffic.bytesIn += partition.bytesIn
      this.deletedTraffic.bytesOut += partition.bytesOut
      partition.resign(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, { closed: true })
      this.#tell(partition)
      for (const directory of this.directories) {
        if (directory.log(topic.name, partition.index) === partition.log) directory.deleteLog(partition.log)
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
