// One of log.dirs: which partitions lie in it, and what is known of them together.
//
//   .lock                             one broker at a time
//   meta.properties                   cluster, node, directory
//   .kafka_cleanshutdown              there after a clean stop: nothing needs to be scanned; removed at the start
//   recovery-point-offset-checkpoint  up to where each log is on disk
//   log-start-offset-checkpoint       DeleteRecords outlives a restart by this
//   replication-offset-checkpoint     high watermarks
//   cleaner-offset-checkpoint         up to where each log is compacted
//   <topic>-<partition>/              logs
//
// A log is opened when the metadata says that it is ours (openLog), so that its settings are known; what was never
// asked for is stray. Checkpoints keep the lines of logs that are not open. A directory whose checkpoints cannot be
// written is offline. Source: LogManager.

import { DiskError, type DiskLock } from '../../host/disk.ts'
import type { Timer } from '../../host/host.ts'
import type { StorageEnvironment } from '../environment.ts'
import {
  CLEANER_OFFSET_CHECKPOINT,
  join,
  LOCK,
  LOG_START_OFFSET_CHECKPOINT,
  METADATA_LOG,
  type PartitionDirectoryName,
  parsePartitionDirectory,
  partitionDirectoryName,
  RECOVERY_POINT_CHECKPOINT,
  REPLICATION_OFFSET_CHECKPOINT,
  setAsideDirectoryName,
} from '../file-names.ts'
import { Journal } from '../journal/journal.ts'
import { Log } from '../log/log.ts'
import { type LogConfig, UNLIMITED } from '../log/log-config.ts'
import type { LogOptions } from '../log/log-options.ts'
import { isOfTopic } from '../log/partition-metadata.ts'
import { makeDurably } from '../sync-files.ts'
import { cleanShutdownEpoch, markCleanShutdown, removeCleanShutdown } from './clean-shutdown.ts'
import { closeLogs } from './close-logs.ts'
import { DirectoryCheckpoint } from './directory-checkpoints.ts'
import { DirectoryRetention } from './directory-retention.ts'
import { FutureLogs } from './future-logs.ts'
import { type DirectoryIntervals, intervalsOf, type LogDirectoryOptions } from './log-directory-options.ts'
import { type MetaProperties, randomHex, readOrFormat } from './meta-properties.ts'

/** What the one who opens a log knows better than the checkpoints. */
type KnownLog = Partial<
  Pick<LogOptions, 'recoveryPoint' | 'logStartOffset' | 'highWatermark' | 'cleanedOffset' | 'cleanShutdown'>
>

const RECOVERED_CHECK_MS = 2

export class LogDirectory {
  readonly path: string
  readonly properties: MetaProperties
  readonly futures: FutureLogs
  /** The one before ended in order. */
  readonly wasCleanShutdown: boolean
  /** Of the broker that ended in order; -1 otherwise. A registration tells it to the controller (KIP-966). */
  readonly previousBrokerEpoch: number
  readonly #environment: StorageEnvironment
  readonly #intervals: DirectoryIntervals
  readonly #lock: DiskLock
  /** Directories of partitions: opened ones, and those that nobody has asked for yet. */
  readonly #names = new Map<string, Log | null>()
  readonly #recoveryPoints: DirectoryCheckpoint
  readonly #logStartOffsets: DirectoryCheckpoint
  readonly #highWatermarks: DirectoryCheckpoint
  readonly #cleanedOffsets: DirectoryCheckpoint
  readonly #journal: Journal
  readonly #retention: DirectoryRetention
  /** Opened after an unclean stop, with something that may not be on disk. */
  readonly #recovering: Log[] = []
  readonly #timers: Timer[] = []
  #isClosed = false
  #fault: DiskError | null = null
  #isLogStartCheckpointDue = false
  #isNameSyncDue = false
  /** The directory has become offline. */
  onOffline: ((directory: LogDirectory, error: Error) => void) | null = null

  /** Of its journal, since the process began. */
  get journalRecordCount(): number {
    return this.#journal.recordCount
  }

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
    this.futures = new FutureLogs(environment, path)
    this.#intervals = intervalsOf(options)
    // One that is there is made again: when it is a file, that says so.
    if (disk.exists(path)) disk.makeDirectory(path)
    else makeDurably(environment.host, path)
    this.#lock = disk.lock(join(path, LOCK))
    try {
      this.properties = readOrFormat(environment.host, path, options)
      const epoch = cleanShutdownEpoch(disk, path)
      this.wasCleanShutdown = epoch !== null
      this.previousBrokerEpoch = epoch ?? -1
      const checkpoint = (name: string, offsetOf: (log: Log) => number | null): DirectoryCheckpoint =>
        new DirectoryCheckpoint(environment.host, path, name, offsetOf)
      this.#recoveryPoints = checkpoint(RECOVERY_POINT_CHECKPOINT, (log) => log.recoveryPoint)
      // Kafka leaves out what the first segment's name says. But the renaming of segments that go may be lost in a
      // crash.
      this.#logStartOffsets = checkpoint(LOG_START_OFFSET_CHECKPOINT, (log) => log.logStartOffset || null)
      this.#highWatermarks = checkpoint(REPLICATION_OFFSET_CHECKPOINT, (log) => log.highWatermark)
      this.#cleanedOffsets = checkpoint(CLEANER_OFFSET_CHECKPOINT, (log) => log.cleanedOffset)
      this.#journal = new Journal(environment, path, this.wasCleanShutdown, (error) => this.#goOffline(error))
      this.#findPartitions()
      for (const each of this.#checkpoints()) each.retain((name) => this.#names.has(name))
      if (this.wasCleanShutdown) removeCleanShutdown(disk, path)
    } catch (error) {
      this.#lock.release()
      throw error
    }
    this.#retention = new DirectoryRetention(environment.host, this)
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

  get isClosed(): boolean {
    return this.#isClosed
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
  openLog(topic: string, topicId: string, partition: number, config: LogConfig, known: KnownLog = {}): Log {
    const name = partitionDirectoryName(topic, partition)
    const open = this.#names.get(name)
    if (open !== undefined && open !== null) {
      if (open.topicId !== topicId) throw new Error(`assertion: ${name} is open as ${open.topicId}, not ${topicId}`)
      return open
    }
    const { disk, logger } = this.#environment.host
    const directory = join(this.path, name)
    this.#journal.opening(topicId, partition)
    const isNever = this.#recoveryPoints.isSound && this.#recoveryPoints.offset(topic, partition) === 0
    const wasSynced = this.wasCleanShutdown || !isNever
    if (open === null && !isOfTopic(disk, directory, topicId, wasSynced)) {
      logger.warn('a partition that is not of this topic is set aside', { directory, topicId })
      this.setAside(topic, partition)
    }
    const isKnown = this.#names.has(name)
    if (!isKnown) for (const each of this.#checkpoints()) each.settle(name, this.logs())
    const log = Log.open({
      environment: this.#environment,
      directory,
      topic,
      partition,
      topicId,
      config,
      recoveryPoint: this.#recoveryPoints.offset(topic, partition),
      isRecoveryPointKnown: this.#recoveryPoints.isSound,
      logStartOffset: this.#logStartOffsets.offset(topic, partition),
      highWatermark: this.#highWatermarks.offset(topic, partition),
      cleanedOffset: this.#cleanedOffsets.has(topic, partition) ? this.#cleanedOffsets.offset(topic, partition) : null,
      cleanShutdown: isKnown && this.wasCleanShutdown,
      journal: this.#journal,
      ...known,
    })
    log.onLogStartOffset = this.#logStartMoved
    log.onTruncated = this.#truncated
    log.onDiskFailed = this.#goOffline
    this.#names.set(name, log)
    this.#journal.opened(topicId, partition)
    if (log.durableEndOffset < log.logEndOffset) this.#recovering.push(log)
    return log
  }

  /** After an unclean stop: what there is of it may be in the journal alone. */
  hasJournaled(topicId: string, partition: number): boolean {
    return this.#journal.entriesOf(topicId, partition).length > 0
  }

  /** Resolves when all that was recovered is on disk. Before that nobody may be told of it. */
  async whenRecovered(): Promise<void> {
    const { timers } = this.#environment.host
    for (;;) {
      // Not all of them at each look: thousands are synced in this order.
      while (this.#recovering.at(-1)?.isSyncing === false) this.#recovering.pop()
      if (this.#isClosed) return
      if (this.#recovering.length === 0) {
        // One that is offline has to be recovered once more.
        if (![...this.logs()].some((log) => log.isOffline)) this.#journal.recovered()
        return
      }
      await new Promise<void>((resolve) => timers.after(RECOVERED_CHECK_MS, resolve))
    }
  }

  /**
   * The partition is not ours any more. Its files go after file.delete.delay.ms. A directory that cannot be renamed
   * stays, as one that nobody has opened: the next start, or a new log of this name, sets it aside.
   */
  deleteLog(log: Log): void {
    const name = partitionDirectoryName(log.topic, log.partition)
    if (this.#names.get(name) !== log) throw new Error(`assertion: ${name} is not open in ${this.path}`)
    log.abandon()
    if (!log.hasDirectory) {
      this.#forget(name, log.topic, log.partition)
      return
    }
    this.#names.set(name, null)
    this.#attempt(`deletion of ${name}`, () => {
      const path = this.#moveAway(log.topic, log.partition, 'delete')
      this.#removeLater(path, log.config.fileDeleteDelayMs)
    })
  }

  /** One of `futures` is whole and closed: it becomes the partition's log here, durably. Throws DiskError. */
  adopt(future: Log, known: KnownLog): Log {
    const { topic, partition, topicId, config } = future
    const name = partitionDirectoryName(topic, partition)
    const { disk } = this.#environment.host
    for (const each of this.#checkpoints()) each.settle(name, this.logs())
    const path = join(this.path, name)
    disk.rename(future.directory, path)
    try {
      disk.syncDirectory(this.path)
      this.#names.set(name, null)
      const log = this.openLog(topic, topicId ?? '', partition, config, { ...known, cleanShutdown: true })
      this.futures.forget(future, false)
      return log
    } catch (error) {
      // The other one goes on: the next start must not find two.
      this.#names.delete(name)
      disk.rename(path, future.directory)
      throw error
    }
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
    disk.rename(join(this.path, name), path)
    this.#forget(name, topic, partition)
    this.#syncNames()
    return path
  }

  #forget(name: string, topic: string, partition: number): void {
    this.#names.delete(name)
    for (const each of this.#checkpoints()) each.forget(topic, partition)
  }

  /** Once for a thousand partitions. Where a crash loses the new names, the next start sets the old ones aside. */
  #syncNames(): void {
    if (this.#isNameSyncDue) return
    this.#isNameSyncDue = true
    const { disk, timers } = this.#environment.host
    timers.endOfTurn(() => {
      this.#isNameSyncDue = false
      if (this.#isClosed) return
      disk.syncDirectoryLater(this.path, (error) => {
        if (error !== null && !this.#isClosed) this.#failed('sync of names', error)
      })
    })
  }

  #removeLater(path: string, delayMs: number): void {
    const { host, removals } = this.#environment
    const isWanted = (): boolean => !this.#isClosed
    const removal = { path, isDirectory: true, what: 'a deleted partition', isWanted }
    host.timers.after(delayMs, () => removals.add(removal))
  }

  #findPartitions(): void {
    for (const entry of this.#environment.host.disk.list(this.path)) {
      // Kafka keeps the metadata log out of LogManager; so does this.
      if (!entry.isDirectory || entry.name === METADATA_LOG) continue
      const parsed = parsePartitionDirectory(entry.name)
      if (parsed === null) continue
      if (parsed.kind === 'partition') this.#names.set(entry.name, null)
      else if (parsed.kind === 'delete') this.#removeLater(join(this.path, entry.name), 0)
      else if (parsed.kind === 'future') this.futures.found(parsed.topic, parsed.partition, entry.name)
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

  readonly #truncated = (): void => {
    this.#attempt('checkpoint', () => this.#recoveryPoints.write(this.logs()))
  }

  /** Before DeleteRecords is answered: null when it outlives a restart. Else it happens at the end of the turn. */
  checkpointLogStartOffsets(): DiskError | null {
    return this.#attempt('checkpoint', () => {
      for (const log of this.logs()) if (log.logStartOffset > 0) log.names.syncNames()
      this.#logStartOffsets.write(this.logs())
    })
  }

  /** Before compaction makes gaps below them. */
  checkpointRecoveryPoints(): DiskError | null {
    return this.#attempt('checkpoint', () => this.#recoveryPoints.write(this.logs()))
  }

  checkpointCleanedOffsets(): DiskError | null {
    return this.#attempt('checkpoint', () => this.#cleanedOffsets.write(this.logs()))
  }

  /** Writes all checkpoints, each if it has changed. */
  checkpoint(): void {
    for (const each of this.#checkpoints()) this.#attempt('checkpoint', () => each.write(this.logs()))
  }

  #checkpoints(): DirectoryCheckpoint[] {
    return [this.#logStartOffsets, this.#recoveryPoints, this.#highWatermarks, this.#cleanedOffsets]
  }

  #checkpointLater(checkpoints: readonly DirectoryCheckpoint[]): void {
    if (this.#fault !== null) return
    for (const each of checkpoints) each.writeLater(this.logs(), (error) => this.#failed('checkpoint', error))
  }

  #attempt(what: string, run: () => void): DiskError | null {
    if (this.#fault !== null) return this.#fault
    try {
      run()
      return null
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      this.#failed(what, error)
      return error
    }
  }

  /** A full disk is no reason to stop serving, nor are too many open files: the next attempt may do. */
  #failed(what: string, error: DiskError): void {
    const passes = error.reason === 'full' || error.reason === 'exhausted'
    this.#environment.host.logger.error(`${what} failed`, { directory: this.path, error: error.message, passes })
    if (!passes) this.#goOffline(error)
  }

  readonly #goOffline = (error: DiskError): void => {
    if (this.#fault !== null) return
    this.#fault = error
    // Half alive, they would promise what no checkpoint can keep.
    for (const log of this.logs()) log.goOffline(error)
    this.onOffline?.(this, error)
  }

  // Periodic work

  #startTimers(): void {
    const { checkpointIntervalMs, highWatermarkCheckpointIntervalMs, retentionCheckIntervalMs, flushCheckIntervalMs } =
      this.#intervals
    this.#every(0, checkpointIntervalMs, () => {
      this.#checkpointLater(this.#checkpoints())
      for (const log of this.logs()) log.names.settleNames()
    })
    this.#every(1, highWatermarkCheckpointIntervalMs, () => this.#checkpointLater([this.#highWatermarks]))
    this.#every(2, retentionCheckIntervalMs, () => this.applyRetention())
    this.#every(3, flushCheckIntervalMs, () => {
      const now = this.#environment.host.clock.now()
      for (const log of this.logs()) if (log.config.flushMs < UNLIMITED) log.syncIfDue(now)
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

  /** Retention on all logs. Also from a timer. */
  applyRetention(): void {
    this.#retention.apply()
  }

  /**
   * A clean stop: all logs to disk, checkpoints, the marker that says so, the lock.
   *
   * `brokerEpoch` -1: the broker had not started wholly. Then the marker comes back only if it was there before.
   */
  async close(brokerEpoch: number): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const { disk } = this.#environment.host
    for (const timer of this.#timers) timer.cancel()
    let isClean = this.#fault === null && this.#isKnownToBeClean(brokerEpoch)
    const areClosed = await closeLogs(this.#environment.host, [...this.logs()], async () => {
      for (const checkpoint of this.#checkpoints()) await checkpoint.stop()
    })
    isClean &&= areClosed
    this.checkpoint()
    isClean &&= this.#fault === null
    const failure = this.#attempt('stop', () => this.#journal.close(isClean))
    // The pool may be at it, and the directory may be another broker's in a moment.
    await this.#journal.quiet()
    if (isClean && failure === null) {
      const epoch = brokerEpoch < 0 ? this.previousBrokerEpoch : brokerEpoch
      this.#attempt('stop', () => markCleanShutdown(disk, this.path, epoch))
    }
    this.#lock.release()
  }

  /**
   * After an unclean start only what has been opened since has been scanned; where a log has not, or the metadata log
   * is not closed in order, the next start must scan.
   */
  #isKnownToBeClean(brokerEpoch: number): boolean {
    for (const directory of this.#environment.unclosed) if (directory.endsWith(`/${METADATA_LOG}`)) return false
    if (this.wasCleanShutdown) return true
    return brokerEpoch >= 0 && this.unopened().length === 0
  }
}
