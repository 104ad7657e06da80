// One of log.dirs: which partitions lie in it, and what is known of them together.
//
//   .lock                             one broker at a time
//   meta.properties                   cluster, node, directory
//   .kafka_cleanshutdown              there after a clean stop: nothing needs to be scanned; removed at the start
//   recovery-point-offset-checkpoint  up to where each log is on disk
//   log-start-offset-checkpoint       DeleteRecords outlives a restart by this
//   replication-offset-checkpoint     high watermarks
//   <topic>-<partition>/              logs
//
// A log is opened when the metadata says that it is ours (openLog), so that its settings are known; what was never
// asked for is stray. Checkpoints keep the lines of logs that are not open. A directory whose checkpoints cannot be
// written is offline. Source: LogManager.

import { DiskError, type DiskLock } from '../host/disk.ts'
import type { Timer } from '../host/host.ts'
import { checkpointText, type OffsetCheckpoint, readOffsetCheckpoint, readTextFile, replaceFile } from './checkpoint.ts'
import type { StorageEnvironment } from './environment.ts'
import {
  CLEAN_SHUTDOWN,
  join,
  LOCK,
  LOG_START_OFFSET_CHECKPOINT,
  type PartitionDirectoryName,
  parsePartitionDirectory,
  partitionDirectoryName,
  RECOVERY_POINT_CHECKPOINT,
  REPLICATION_OFFSET_CHECKPOINT,
  setAsideDirectoryName,
} from './file-names.ts'
import { Log } from './log.ts'
import type { LogConfig } from './log-config.ts'
import {
  type MetaProperties,
  randomHex,
  randomUuid,
  readMetaProperties,
  writeMetaProperties,
} from './meta-properties.ts'
import { readTopicId } from './partition-metadata.ts'
import { StorageFault } from './storage-fault.ts'
import { syncFiles } from './sync-files.ts'

export interface LogDirectoryOptions {
  readonly environment: StorageEnvironment
  readonly path: string
  readonly nodeId: number
  /** null: that of the directory; a new one when it has none. */
  readonly clusterId: string | null
  /** log.flush.offset.checkpoint.interval.ms and log.flush.start.offset.checkpoint.interval.ms */
  readonly checkpointIntervalMs?: number
  /** replica.high.watermark.checkpoint.interval.ms */
  readonly highWatermarkCheckpointIntervalMs?: number
  /** log.retention.check.interval.ms */
  readonly retentionCheckIntervalMs?: number
  /** log.flush.scheduler.interval.ms, for topics with flush.ms */
  readonly flushCheckIntervalMs?: number
}

const DEFAULTS = {
  checkpointIntervalMs: 60_000,
  highWatermarkCheckpointIntervalMs: 5_000,
  retentionCheckIntervalMs: 300_000,
  flushCheckIntervalMs: 1_000,
}

/** Kafka keeps the metadata log out of LogManager; so does this. */
const METADATA_LOG = '__cluster_metadata-0'
const METADATA_TOPIC = '__cluster_metadata'
/** Logs looked at in one turn by a periodic task. */
const LOGS_PER_TURN = 100

export class LogDirectory {
  readonly path: string
  readonly properties: MetaProperties
  /** The one before ended in order. */
  readonly wasCleanShutdown: boolean
  /** Of the broker that ended in order; -1 otherwise. A registration tells it to the controller (KIP-966). */
  readonly previousBrokerEpoch: number
  readonly #environment: StorageEnvironment
  readonly #intervals: typeof DEFAULTS
  readonly #lock: DiskLock
  /** Directories of partitions: opened ones, and those that nobody has asked for yet. */
  readonly #names = new Map<string, Log | null>()
  readonly #recoveryPoints: OffsetCheckpoint
  readonly #logStartOffsets: OffsetCheckpoint
  readonly #highWatermarks: OffsetCheckpoint
  /** Checkpoints whose file says what their map does. */
  readonly #written = new Set<string>()
  readonly #timers: Timer[] = []
  #isClosed = false
  #fault: Error | null = null
  #isLogStartCheckpointDue = false
  /** The directory has become offline. */
  onOffline: ((directory: LogDirectory, error: Error) => void) | null = null

  /**
   * Takes the lock. Throws DiskError 'locked', or StorageFault when the directory belongs to another cluster or node.
   */
  static open(options: LogDirectoryOptions): LogDirectory {
    return new LogDirectory(options)
  }

  private constructor(options: LogDirectoryOptions) {
    const { environment, path } = options
    const { disk } = environment.host
    this.#environment = environment
    this.path = path
    this.#intervals = { ...DEFAULTS, ...withoutUndefined(options) }
    disk.makeDirectory(path)
    this.#lock = disk.lock(join(path, LOCK))
    try {
      this.properties = this.#format(options)
      const marker = readTextFile(disk, join(path, CLEAN_SHUTDOWN))
      this.wasCleanShutdown = marker !== null
      this.previousBrokerEpoch = marker === null ? -1 : brokerEpochIn(marker)
      this.#recoveryPoints = this.#readCheckpoint(RECOVERY_POINT_CHECKPOINT)
      this.#logStartOffsets = this.#readCheckpoint(LOG_START_OFFSET_CHECKPOINT)
      this.#highWatermarks = this.#readCheckpoint(REPLICATION_OFFSET_CHECKPOINT)
      this.#findPartitions()
      if (marker !== null) {
        disk.remove(join(path, CLEAN_SHUTDOWN))
        disk.syncDirectory(path)
      }
    } catch (error) {
      this.#lock.release()
      throw error
    }
    this.#startTimers()
  }

  get clusterId(): string {
    return this.properties.clusterId
  }

  get directoryId(): string {
    return this.properties.directoryId
  }

  get isOffline(): boolean {
    return this.#fault !== null
  }

  get logCount(): number {
    return this.#names.size
  }

  hasLog(topic: string, partition: number): boolean {
    return this.#names.has(partitionDirectoryName(topic, partition))
  }

  /** null: not here, or not opened. */
  log(topic: string, partition: number): Log | null {
    return this.#names.get(partitionDirectoryName(topic, partition)) ?? null
  }

  *logs(): IterableIterator<Log> {
    for (const log of this.#names.values()) if (log !== null) yield log
  }

  /**
   * Opens the log of a partition, or creates it. One that lies here under the same name with another topic id is set
   * aside.
   */
  openLog(topic: string, topicId: string, partition: number, config: LogConfig): Log {
    const name = partitionDirectoryName(topic, partition)
    const open = this.#names.get(name)
    if (open !== undefined && open !== null) {
      if (open.topicId !== topicId) throw new Error(`assertion: ${name} is open as ${open.topicId}, not ${topicId}`)
      return open
    }
    const { disk, logger } = this.#environment.host
    const directory = join(this.path, name)
    if (open === null) {
      const found = readTopicId(disk, directory)
      if (found !== null && found !== topicId) {
        logger.warn('a partition of another topic of this name is set aside', { directory, found, topicId })
        this.setAside(topic, partition)
      }
    }
    const isKnown = this.#names.has(name)
    const log = Log.open({
      environment: this.#environment,
      directory,
      topic,
      partition,
      topicId,
      config,
      recoveryPoint: this.#recoveryPoints.get(topic)?.get(partition) ?? 0,
      logStartOffset: this.#logStartOffsets.get(topic)?.get(partition) ?? 0,
      highWatermark: this.#highWatermarks.get(topic)?.get(partition) ?? 0,
      cleanShutdown: isKnown && this.wasCleanShutdown,
    })
    log.onLogStartOffset = this.#logStartMoved
    log.onTruncated = this.#truncated
    this.#names.set(name, log)
    return log
  }

  /** The partition is not ours any more. Its files go after file.delete.delay.ms. */
  deleteLog(log: Log): void {
    const name = partitionDirectoryName(log.topic, log.partition)
    if (this.#names.get(name) !== log) throw new Error(`assertion: ${name} is not open in ${this.path}`)
    log.abandon()
    const path = this.#moveAway(log.topic, log.partition, 'delete')
    this.#removeLater(path, log.config.fileDeleteDelayMs)
  }

  /** Directories that were here at the start and that nobody has opened since. */
  unopened(): PartitionDirectoryName[] {
    const found: PartitionDirectoryName[] = []
    for (const [name, log] of this.#names) {
      const parsed = log === null ? parsePartitionDirectory(name) : null
      if (parsed !== null) found.push(parsed)
    }
    return found
  }

  /** Renames an unopened partition to …-stray, for the operator to look at. */
  setAside(topic: string, partition: number): void {
    if (this.log(topic, partition) !== null) throw new Error(`assertion: ${topic}-${partition} is open and set aside`)
    this.#moveAway(topic, partition, 'stray')
  }

  #moveAway(topic: string, partition: number, kind: 'delete' | 'stray'): string {
    const { disk, random } = this.#environment.host
    const name = partitionDirectoryName(topic, partition)
    const path = join(this.path, setAsideDirectoryName(topic, partition, randomHex(random), kind))
    this.#names.delete(name)
    for (const checkpoint of [this.#recoveryPoints, this.#logStartOffsets, this.#highWatermarks]) {
      checkpoint.get(topic)?.delete(partition)
    }
    this.#written.clear()
    disk.rename(join(this.path, name), path)
    disk.syncDirectory(this.path)
    return path
  }

  #removeLater(path: string, delayMs: number): void {
    const { disk, timers, logger } = this.#environment.host
    timers.after(delayMs, () => {
      if (this.#isClosed) return
      try {
        disk.removeDirectory(path)
      } catch (error) {
        // The next start tries again.
        logger.warn('a deleted partition stays on disk', { path, error: String(error) })
      }
    })
  }

  #format(options: LogDirectoryOptions): MetaProperties {
    const { host } = this.#environment
    const found = readMetaProperties(host.disk, this.path)
    if (found === null) {
      const properties = {
        clusterId: options.clusterId ?? randomUuid(host.random),
        nodeId: options.nodeId,
        directoryId: randomUuid(host.random),
      }
      writeMetaProperties(host.disk, this.path, properties, host.clock.now())
      return properties
    }
    if (options.clusterId !== null && found.clusterId !== options.clusterId) {
      throw new StorageFault(this.path, `belongs to cluster ${found.clusterId}, not ${options.clusterId}`)
    }
    if (found.nodeId !== options.nodeId) {
      throw new StorageFault(this.path, `belongs to node ${found.nodeId}, not ${options.nodeId}`)
    }
    return found
  }

  /** A damaged checkpoint means: nothing is known. Then logs are scanned, and begin with their first segment. */
  #readCheckpoint(name: string): OffsetCheckpoint {
    const { disk, logger } = this.#environment.host
    try {
      return readOffsetCheckpoint(disk, join(this.path, name))
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error
      logger.warn('a checkpoint is not used', { path: error.path, reason: error.reason })
      return new Map()
    }
  }

  #findPartitions(): void {
    for (const entry of this.#environment.host.disk.list(this.path)) {
      if (!entry.isDirectory || entry.name === METADATA_LOG) continue
      const parsed = parsePartitionDirectory(entry.name)
      if (parsed === null) continue
      if (parsed.kind === 'partition') this.#names.set(entry.name, null)
      else if (parsed.kind === 'delete') this.#removeLater(join(this.path, entry.name), 0)
    }
  }

  // Checkpoints

  readonly #logStartMoved = (): void => {
    if (this.#isLogStartCheckpointDue) return
    this.#isLogStartCheckpointDue = true
    // Once for all that move in the same turn.
    this.#environment.host.timers.endOfTurn(() => {
      this.#isLogStartCheckpointDue = false
      if (!this.#isClosed) this.checkpointLogStartOffsets()
    })
  }

  readonly #truncated = (): void => this.#attempt(() => this.#checkpointRecoveryPoints())

  /** Before DeleteRecords is answered; else it happens at the end of the turn. */
  checkpointLogStartOffsets(): void {
    this.#attempt(() => this.#checkpointLogStarts())
  }

  /** Writes all three checkpoints, each if it has changed. */
  checkpoint(): void {
    this.#attempt(() => {
      this.#checkpointLogStarts()
      this.#checkpointRecoveryPoints()
      this.#checkpointHighWatermarks()
    })
  }

  #checkpointRecoveryPoints(): void {
    this.#writeCheckpoint(RECOVERY_POINT_CHECKPOINT, this.#recoveryPoints, (log) => log.recoveryPoint)
  }

  #checkpointHighWatermarks(): void {
    this.#writeCheckpoint(REPLICATION_OFFSET_CHECKPOINT, this.#highWatermarks, (log) => log.highWatermark)
  }

  #checkpointLogStarts(): void {
    // Kafka leaves out what the first segment's name says. But the renaming of segments that go may be lost in a crash.
    this.#writeCheckpoint(LOG_START_OFFSET_CHECKPOINT, this.#logStartOffsets, (log) => log.logStartOffset || null)
  }

  #writeCheckpoint(name: string, offsets: OffsetCheckpoint, offsetOf: (log: Log) => number | null): void {
    let hasChanged = !this.#written.has(name)
    for (const log of this.logs()) {
      if (setOffset(offsets, log.topic, log.partition, offsetOf(log))) hasChanged = true
    }
    if (!hasChanged) return
    const lines: string[] = []
    for (const [topic, partitions] of offsets) {
      if (topic === METADATA_TOPIC) continue
      for (const [partition, offset] of partitions) lines.push(`${topic} ${partition} ${offset}`)
    }
    // Not written until it is: a full disk is tried again.
    this.#written.delete(name)
    replaceFile(this.#environment.host.disk, this.path, name, checkpointText(lines))
    this.#written.add(name)
  }

  #attempt(run: () => void): void {
    if (this.#fault !== null) return
    try {
      run()
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      // A full disk is no reason to stop serving: the next checkpoint may fit.
      const isFull = error.reason === 'full'
      this.#environment.host.logger.error('checkpoint failed', { directory: this.path, error: error.message, isFull })
      if (isFull) return
      this.#fault = error
      this.onOffline?.(this, error)
    }
  }

  // Periodic work

  #startTimers(): void {
    const { checkpointIntervalMs, highWatermarkCheckpointIntervalMs, retentionCheckIntervalMs, flushCheckIntervalMs } =
      this.#intervals
    this.#every(0, checkpointIntervalMs, () => this.checkpoint())
    this.#every(1, highWatermarkCheckpointIntervalMs, () => this.#attempt(() => this.#checkpointHighWatermarks()))
    this.#every(2, retentionCheckIntervalMs, () => this.applyRetention())
    this.#every(3, flushCheckIntervalMs, () => {
      const now = this.#environment.host.clock.now()
      for (const log of this.logs()) log.syncIfDue(now)
    })
  }

  #every(slot: number, intervalMs: number, run: () => void): void {
    const { timers } = this.#environment.host
    const again = (): void => {
      run()
      if (!this.#isClosed) this.#timers[slot] = timers.after(intervalMs, again)
    }
    this.#timers[slot] = timers.after(intervalMs, again)
  }

  /** Retention on all logs, some in each turn: a broker may have tens of thousands. Also from a timer. */
  applyRetention(): void {
    const { timers } = this.#environment.host
    const logs = [...this.logs()]
    const next = (from: number): void => {
      if (this.#isClosed) return
      const some = logs.slice(from, from + LOGS_PER_TURN).filter((log) => this.log(log.topic, log.partition) === log)
      this.#attempt(() => this.#applyRetentionTo(some))
      if (from + LOGS_PER_TURN < logs.length) timers.after(0, () => next(from + LOGS_PER_TURN))
    }
    next(0)
  }

  #applyRetentionTo(logs: readonly Log[]): void {
    const now = this.#environment.host.clock.now()
    for (const log of logs) log.removeExpiredProducers(now)
    const expired = logs.filter((log) => log.expire(now))
    if (expired.length === 0) return
    this.#checkpointLogStarts()
    for (const log of expired) log.deleteExpired()
  }

  /**
   * A clean stop: all logs to disk, checkpoints, the marker that says so, the lock. What is to be synced is collected
   * first and then synced in the pool, some at a time: one after the other, 5,000 logs just written to took 43 s.
   */
  async close(brokerEpoch: number): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const { disk } = this.#environment.host
    for (const timer of this.#timers) timer.cancel()
    const logs = [...this.logs()]
    const paths: string[] = []
    let isClean = this.#fault === null
    const each = (run: (log: Log) => void): void => {
      for (const log of logs) {
        try {
          run(log)
          isClean &&= !log.isOffline
        } catch (error) {
          if (!(error instanceof DiskError)) throw error
          this.#closeFailed(log.directory, error)
          isClean = false
        }
      }
    }
    each((log) => paths.push(...log.prepareClose()))
    isClean = (await syncFiles(disk, paths, (path, error) => this.#closeFailed(path, error))) && isClean
    const directories = new Set<string>()
    each((log) => {
      for (const directory of log.finishClose()) directories.add(directory)
    })
    this.#attempt(() => {
      for (const directory of directories) disk.syncDirectory(directory)
    })
    this.checkpoint()
    if (isClean && this.#fault === null) {
      this.#attempt(() => replaceFile(disk, this.path, CLEAN_SHUTDOWN, JSON.stringify({ version: 0, brokerEpoch })))
    }
    this.#lock.release()
  }

  #closeFailed(path: string, error: DiskError): void {
    this.#environment.host.logger.error('a log could not be closed in order', { path, error: error.message })
  }
}

/** True when that changes something. null: no line. */
function setOffset(offsets: OffsetCheckpoint, topic: string, partition: number, offset: number | null): boolean {
  let partitions = offsets.get(topic)
  if (partitions === undefined) {
    if (offset === null) return false
    partitions = new Map()
    offsets.set(topic, partitions)
  }
  if (offset === null) return partitions.delete(partition)
  if (partitions.get(partition) === offset) return false
  partitions.set(partition, offset)
  return true
}

function brokerEpochIn(marker: string): number {
  // Releases before 3.8 left the file empty.
  const found = /"brokerEpoch"\s*:\s*(-?\d+)/.exec(marker)
  return found === null ? -1 : Number(found[1])
}

function withoutUndefined(options: LogDirectoryOptions): Partial<typeof DEFAULTS> {
  const given: Partial<typeof DEFAULTS> = {}
  for (const name of Object.keys(DEFAULTS)) {
    if (!isInterval(name)) continue
    const value = options[name]
    if (value !== undefined) given[name] = value
  }
  return given
}

function isInterval(name: string): name is keyof typeof DEFAULTS {
  return Object.hasOwn(DEFAULTS, name)
}
