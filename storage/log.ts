// One partition's log. Appends are synchronous and cheap; the bytes are written once a turn, and synced together by group commit.
//
//   segments   [ 0 ……… ][ 1200 ……… ][ 2400 ………………… active ]
//              logStart ≤ lastStable ≤ highWatermark ≤ logEnd          what readers may see is the high watermark's matter,
//                         durableEnd ≤ writtenEnd   ≤ logEnd           which is kept by the partition, not by the log
//                         (synced)     (in the file)  (appended)
//
//   append ──► offsets, indexes, producer state, tail cache ──► end of turn: one write ──► listener.onWritten
//                                                  requestSync ──► group commit: fdatasync ──► listener.onDurable
//
// A write that fails rolls the log back to writtenEndOffset before listener.onFailed: nothing that was not written stays visible
// in offsets, producer state or epochs. A sync that fails ends the log: what the medium holds is not known any more.
// Source: UnifiedLog, LocalLog.

import { DiskError } from '../host/disk.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import * as batch from '../protocol/records/batch.ts'
import { BatchCursor } from '../protocol/records/cursor.ts'
import { type AppendResult, appendError, appended } from './append-result.ts'
import { type AppendOrigin, produceError, recompress, sizeError, wantedCodec } from './append-validator.ts'
import type { StorageEnvironment } from './environment.ts'
import { LOG_SUFFIX, parentOf } from './file-names.ts'
import { LeaderEpochCache } from './leader-epoch-cache.ts'
import type { LogConfig } from './log-config.ts'
import { LogReader, type ReadDone, segmentIndexFor } from './log-reader.ts'
import { writeTopicId } from './partition-metadata.ts'
import { ProducerSnapshots } from './producer-snapshots.ts'
import type { ActiveProducer, ProducerState } from './producer-state.ts'
import { loadLog, type RecoveryReport } from './recovery.ts'
import { expiredSegmentCount } from './retention.ts'
import type { Segment } from './segment.ts'
import { deleteSegments, newSegment, removeSegments, sideFiles } from './segment-files.ts'
import { SyncRun } from './sync-run.ts'
import { Tail } from './tail-cache.ts'
import { findByTimestamp, findMaxTimestamp, type OffsetAndTimestamp } from './time-search.ts'
import type { AbortedTransaction } from './transaction-index.ts'

export interface LogListener {
  /** writtenEndOffset has moved. */
  onWritten(log: Log): void
  /** durableEndOffset has moved. */
  onDurable(log: Log): void
  /** A write or sync failed; offsets from writtenEndOffset on are taken back. When log.isOffline, for good. */
  onFailed(log: Log, error: Error): void
}

export interface LogOptions {
  readonly environment: StorageEnvironment
  /** Of the partition; made when missing. */
  readonly directory: string
  readonly topic: string
  readonly partition: number
  readonly topicId?: string
  readonly config: LogConfig
  /** Up to here everything is known to be on disk; 0 when unknown. */
  readonly recoveryPoint?: number
  readonly logStartOffset?: number
  readonly highWatermark?: number
  /** Nothing is scanned then. */
  readonly cleanShutdown?: boolean
}

/** One for all logs: no call that uses it begins inside another. */
const cursor = new BatchCursor()

/** As long as clients wait before they send again. */
const RETRY_AFTER_MS = 100

const IDLE: LogListener = { onWritten() {}, onDurable() {}, onFailed() {} }

export class Log {
  readonly topic: string
  readonly partition: number
  topicId: string | null
  config: LogConfig
  listener: LogListener = IDLE
  /** What an unclean start did; null after a clean one. */
  readonly recoveryReport: RecoveryReport | null
  readonly tail: Tail
  segments: Segment[]
  truncationCount = 0
  /** Set when logStartOffset moves, for whoever keeps the checkpoint. */
  onLogStartOffset: ((log: Log) => void) | null = null
  readonly #environment: StorageEnvironment
  readonly #reader: LogReader
  readonly #epochs: LeaderEpochCache
  readonly #snapshots: ProducerSnapshots
  #directory: string
  /** null until the log is appended to or asked for its last stable offset. */
  #producers: ProducerState | null
  #latestEpoch = -2
  #logStartOffset: number
  #logEndOffset: number
  #writtenEndOffset: number
  #durableEndOffset: number
  #highWatermark: number
  #fault: Error | null = null
  #isClosed = false
  /** Nothing is appended or synced any more but by the close. */
  #isClosing = false
  #isWriteScheduled = false
  #syncWanted = 0
  #isSyncQueued = false
  #syncRun: SyncRun | null = null
  /** Small files beside the log that the next sync takes along. */
  #unsyncedPaths: string[] = []
  #areEpochsPrepared = false
  /** Written to since their last sync, oldest first. */
  #unsynced: Segment[] = []
  /** With names that a crash could lose: this log's, and the one above when this one is new. */
  #unsyncedDirectories: string[]
  #lastSyncMs: number
  #rollJitterMs = 0
  /** After a failed write: no further attempt before this time. */
  #refuseUntilMs = Number.NEGATIVE_INFINITY
  /** The state at writtenEndOffset, kept from one failed write to the next: a full disk must not cost a replay each time. */
  #stateBeforeFailure: ProducerState | null = null

  static open(options: LogOptions): Log {
    return new Log(options)
  }

  private constructor(options: LogOptions) {
    const { environment, directory, config } = options
    this.#environment = environment
    this.#directory = directory
    this.topic = options.topic
    this.partition = options.partition
    this.topicId = options.topicId ?? null
    this.config = config
    this.#epochs = new LeaderEpochCache(environment.host, directory)
    this.#snapshots = new ProducerSnapshots(environment, directory)
    const loaded = loadLog({
      environment,
      directory,
      config,
      epochs: this.#epochs,
      snapshots: this.#snapshots,
      recoveryPoint: options.recoveryPoint ?? 0,
      logStartOffset: options.logStartOffset ?? 0,
      cleanShutdown: options.cleanShutdown ?? false,
    })
    this.segments = loaded.segments
    this.#logStartOffset = loaded.logStartOffset
    this.#logEndOffset = loaded.logEndOffset
    this.#writtenEndOffset = loaded.logEndOffset
    this.#durableEndOffset = loaded.logEndOffset
    this.#syncWanted = loaded.logEndOffset
    this.#producers = loaded.producers
    this.#unsyncedDirectories = loaded.isNew ? [parentOf(directory), directory] : []
    if (this.topicId !== null && !loaded.hasTopicId) {
      this.#unsyncedPaths.push(writeTopicId(environment.host.disk, directory, this.topicId))
    }
    this.recoveryReport = loaded.report
    this.#highWatermark = clamp(options.highWatermark ?? 0, loaded.logStartOffset, loaded.logEndOffset)
    this.#lastSyncMs = environment.host.clock.now()
    this.tail = new Tail(environment.tailCache)
    this.#reader = new LogReader(this)
    this.#drawJitter()
  }

  get directory(): string {
    return this.#directory
  }

  get logStartOffset(): number {
    return this.#logStartOffset
  }

  get logEndOffset(): number {
    return this.#logEndOffset
  }

  get writtenEndOffset(): number {
    return this.#writtenEndOffset
  }

  get durableEndOffset(): number {
    return this.#durableEndOffset
  }

  /** What the recovery-point checkpoint may say: a segment below it is not looked at any more, nor are the files beside it. */
  get recoveryPoint(): number {
    let point = this.#durableEndOffset
    const active = this.#active
    for (const segment of this.#unsynced) if (segment !== active) point = Math.min(point, segment.baseOffset)
    for (const segment of this.#syncRun?.segments ?? [])
      if (segment !== active) point = Math.min(point, segment.baseOffset)
    return point
  }

  get highWatermark(): number {
    return this.#highWatermark
  }

  /** Below it every transaction is decided, and its marker below the high watermark. */
  get lastStableOffset(): number {
    const firstUnstable = this.#loadProducers().firstUnstableOffset()
    return Math.max(Math.min(this.#highWatermark, firstUnstable), this.#logStartOffset)
  }

  get leaderEpochs(): LeaderEpochCache {
    return this.#epochs
  }

  get latestEpoch(): number {
    if (this.#latestEpoch === -2) this.#latestEpoch = this.#epochs.latestEpoch
    return this.#latestEpoch
  }

  get firstSegmentOffset(): number {
    return this.segments[0]!.baseOffset
  }

  /** Bytes of all segments. */
  get size(): number {
    let size = 0
    for (const segment of this.segments) size += segment.size
    return size
  }

  /** A sync failed, or a failed write could not be rolled back: reads go on, appends do not. */
  get isOffline(): boolean {
    return this.#fault !== null
  }

  get #active(): Segment {
    return this.segments[this.segments.length - 1]!
  }

  // Appending

  /** `records` belong to the log from here on: offsets and epoch are written into them. */
  append(records: Uint8Array, leaderEpoch: number, origin: AppendOrigin): AppendResult {
    const { config } = this
    const now = this.#environment.host.clock.now()
    const refusal = this.#refusal()
    if (refusal !== null) return refusal
    let bytes = records
    let view = batch.viewOf(bytes)
    if (origin === 'client') {
      const error = produceError(bytes, view, config, now)
      if (error !== null) return error
      const codec = wantedCodec(view, config)
      if (codec !== null) {
        const recompressed = recompress(bytes, view, codec, config)
        if (!(recompressed instanceof Uint8Array)) return recompressed
        if (recompressed.length > config.maxMessageBytes) return sizeError(recompressed.length, config)
        bytes = recompressed
        view = batch.viewOf(bytes)
      }
    }
    try {
      const producers = this.#loadProducers()
      if (batch.hasProducerId(view, 0)) {
        const answer = checkProducer(producers, bytes, view, config, origin)
        if (answer !== null) return answer
      }
      const logAppendTimeMs = config.messageTimestampType === 'LogAppendTime' && origin !== 'controller' ? now : -1
      const baseOffset = this.#logEndOffset
      const lastOffset = this.#assign(bytes, view, leaderEpoch, logAppendTimeMs)
      this.#appendAssigned(bytes, view, baseOffset, lastOffset)
      return appended(baseOffset, lastOffset, logAppendTimeMs, false)
    } catch (error) {
      return this.#appendFailed(error)
    }
  }

  /** Batches of the leader, which keep their offsets and epochs. */
  appendAsFollower(records: Uint8Array): AppendResult {
    const refusal = this.#refusal()
    if (refusal !== null) return refusal
    const view = batch.viewOf(records)
    let baseOffset = -1
    let next = this.#logEndOffset
    for (let position = 0; position < records.length; position += batch.batchSize(view, position)) {
      const fault = batch.batchFault(records, view, position, records.length)
      if (fault !== null) return appendError(ErrorCode.CORRUPT_MESSAGE, batch.BATCH_FAULTS[fault].text)
      const offset = batch.batchBaseOffset(view, position)
      if (offset < next) {
        const text = `batch ${offset}–${batch.batchLastOffset(view, position)} comes at log end offset ${next}`
        return appendError(ErrorCode.OFFSET_OUT_OF_RANGE, text)
      }
      if (baseOffset < 0) baseOffset = offset
      next = batch.batchLastOffset(view, position) + 1
    }
    if (baseOffset < 0) return appended(-1, -1, -1, false)
    try {
      this.#loadProducers()
      this.#appendAssigned(records, view, baseOffset, next - 1)
      return appended(baseOffset, next - 1, -1, false)
    } catch (error) {
      return this.#appendFailed(error)
    }
  }

  /** A leader begins its epoch at the log's end, also when it does not append. */
  assignEpochStartOffset(epoch: number, startOffset: number): void {
    if (this.#epochs.assign(epoch, startOffset)) this.#latestEpoch = epoch
  }

  #assign(bytes: Uint8Array, view: DataView, leaderEpoch: number, logAppendTimeMs: number): number {
    let next = this.#logEndOffset
    cursor.reset(bytes, view, 0, bytes.length)
    while (cursor.next()) {
      const { position } = cursor
      if (cursor.magic !== 2)
        throw new Error(`assertion: a batch of magic ${cursor.magic} is appended to ${this.#directory}`)
      batch.setBaseOffset(view, position, next)
      batch.setLeaderEpoch(view, position, leaderEpoch)
      if (logAppendTimeMs >= 0) batch.setLogAppendTime(bytes, view, position, logAppendTimeMs)
      next += batch.batchLastOffsetDelta(view, position) + 1
    }
    if (cursor.fault !== null || next === this.#logEndOffset) {
      throw new Error(`assertion: ${bytes.length} bytes appended to ${this.#directory} are no batches: ${cursor.fault}`)
    }
    return next - 1
  }

  #appendAssigned(bytes: Uint8Array, view: DataView, baseOffset: number, lastOffset: number): void {
    this.#rollIfNeeded(bytes.length, batch.batchMaxTimestamp(view, 0), lastOffset)
    const segment = this.#active
    const start = segment.size
    const producers = this.#producers!
    segment.append(bytes)
    cursor.reset(bytes, view, 0, bytes.length)
    while (cursor.next()) {
      const { position } = cursor
      segment.note(
        start + position,
        cursor.size,
        cursor.lastOffset,
        cursor.maxTimestamp,
        this.config.indexIntervalBytes,
      )
      const epoch = batch.batchLeaderEpoch(view, position)
      if (epoch > this.latestEpoch) this.assignEpochStartOffset(epoch, cursor.baseOffset)
      const aborted = producers.apply(bytes, view, position)
      if (aborted !== null) segment.transactionIndex.append(aborted)
    }
    this.#logEndOffset = lastOffset + 1
    this.tail.append(bytes, baseOffset)
    if (!this.#isWriteScheduled) {
      this.#isWriteScheduled = true
      this.#environment.writer.add(this)
    }
    if (this.#logEndOffset - this.#durableEndOffset >= this.config.flushMessages) this.requestSync()
  }

  #rollIfNeeded(size: number, maxTimestamp: number, lastOffset: number): void {
    const segment = this.#active
    const { config } = this
    const isDue =
      segment.size > config.segmentBytes - size ||
      (segment.size > 0 && this.#waitedForRoll(segment, maxTimestamp) > config.segmentMs - this.#rollJitterMs) ||
      segment.offsetIndex.isFull(config.segmentIndexBytes) ||
      segment.timeIndex.isFull(config.segmentIndexBytes) ||
      !segment.canHold(lastOffset)
    if (isDue) this.roll()
  }

  /** By the records' time where they have one: so a log replayed into a new broker rolls as it did before. */
  #waitedForRoll(segment: Segment, maxTimestamp: number): number {
    const first = segment.firstTimestamp
    return first >= 0 ? maxTimestamp - first : this.#environment.host.clock.now() - segment.createdMs
  }

  /** Ends the active segment and begins one at the log's end. Nothing happens while the active one is empty. */
  roll(): void {
    const segment = this.#active
    if (segment.size === 0 && segment.baseOffset === this.#logEndOffset) return
    this.#writeActive()
    segment.flushIndexes(false)
    // Its bytes may be synced; the files beside it are not.
    if (this.#unsynced.at(-1) !== segment) this.#unsynced.push(segment)
    this.#snapshots.write(this.#loadProducers(), this.#logEndOffset)
    // Recovery will not look at the batches of this segment any more.
    this.#epochs.flush(this.#logEndOffset)
    this.segments.push(newSegment(this.#environment, this.#directory, this.#logEndOffset))
    this.#directoryChanged()
    this.#drawJitter()
    // As Kafka does, so that the recovery point follows even where nobody asks for syncs.
    this.requestSync()
  }

  #directoryChanged(): void {
    if (!this.#unsyncedDirectories.includes(this.#directory)) this.#unsyncedDirectories.push(this.#directory)
  }

  #drawJitter(): void {
    const { segmentJitterMs, segmentMs } = this.config
    const bound = Math.min(segmentJitterMs, segmentMs, 0xffffffff)
    this.#rollJitterMs = bound > 0 ? this.#environment.host.random.below(bound) : 0
  }

  // Writing

  /** For the TurnWriter. */
  writeTurn(): void {
    this.#isWriteScheduled = false
    if (this.#isClosed || this.#fault !== null) return
    try {
      this.#writeActive()
    } catch (error) {
      this.#rollBack(error)
      return
    }
    this.listener.onWritten(this)
    this.#queueSync()
  }

  #writeActive(): void {
    const segment = this.#active
    if (segment.hasPending) {
      segment.writePending()
      if (this.#unsynced.at(-1) !== segment) this.#unsynced.push(segment)
      this.#stateBeforeFailure = null
    }
    this.#writtenEndOffset = this.#logEndOffset
  }

  #appendFailed(error: unknown): AppendResult {
    if (!(error instanceof DiskError)) throw error
    this.#rollBack(error)
    return appendError(ErrorCode.KAFKA_STORAGE_ERROR, error.message)
  }

  #rollBack(cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause))
    try {
      for (const segment of this.segments) if (segment.hasPending) segment.discardPending()
      const before = this.#stateBeforeFailure
      this.#truncate(this.#writtenEndOffset, before?.clone() ?? null)
      this.#stateBeforeFailure = before ?? this.#loadProducers().clone()
      this.#refuseUntilMs = this.#environment.host.clock.monotonic() + RETRY_AFTER_MS
    } catch (second) {
      this.#fault = second instanceof Error ? second : error
    }
    this.#environment.host.logger.error('write failed', {
      log: this.#directory,
      error: error.message,
      rolledBackTo: this.#writtenEndOffset,
      offline: this.isOffline,
    })
    this.listener.onFailed(this, error)
  }

  #refusal(): AppendResult | null {
    if (this.#fault !== null) {
      return appendError(ErrorCode.KAFKA_STORAGE_ERROR, `the log is offline: ${this.#fault.message}`)
    }
    if (this.#isClosed || this.#isClosing) return appendError(ErrorCode.KAFKA_STORAGE_ERROR, 'the log is closed')
    if (this.#environment.host.clock.monotonic() >= this.#refuseUntilMs) return null
    return appendError(ErrorCode.KAFKA_STORAGE_ERROR, 'the last write failed; the next one is not tried yet')
  }

  // Syncing

  /** Everything appended so far becomes durable; listener.onDurable follows. */
  requestSync(): void {
    if (this.#syncWanted < this.#logEndOffset) this.#syncWanted = this.#logEndOffset
    if (!this.#isWriteScheduled) this.#queueSync()
  }

  #queueSync(): void {
    if (this.#isSyncQueued || this.#syncRun !== null || this.#fault !== null || this.#isClosing) return
    if (this.#syncWanted <= this.#durableEndOffset && this.#unsyncedDirectories.length === 0) return
    this.#isSyncQueued = true
    this.#environment.commits.add(this)
  }

  /** For GroupCommit. */
  startSync(done: () => void): void {
    this.#isSyncQueued = false
    if (this.#isClosed || this.#isClosing || this.#fault !== null) {
      this.#environment.host.timers.endOfTurn(done)
      return
    }
    const segments = this.#unsynced
    this.#unsynced = []
    const active = this.#active
    const { disk } = this.#environment.host
    const sides = this.#unsyncedPaths
    this.#unsyncedPaths = []
    for (const segment of segments) {
      if (segment !== active) sides.push(...sideFiles(disk, segment, this.segments))
    }
    const directories = this.#unsyncedDirectories
    this.#unsyncedDirectories = []
    this.#syncRun = new SyncRun(this.#writtenEndOffset, disk, segments, sides, directories, (run, error) => {
      this.#syncRun = null
      if (error === null) this.#synced(run.endOffset)
      else this.#syncFailed(error)
      done()
    })
    this.#syncRun.start()
  }

  #synced(endOffset: number): void {
    this.#lastSyncMs = this.#environment.host.clock.now()
    if (this.#isClosed) return
    if (endOffset > this.#durableEndOffset) {
      this.#durableEndOffset = endOffset
      this.listener.onDurable(this)
    }
    if (!this.#isWriteScheduled) this.#queueSync()
  }

  #syncFailed(error: Error): void {
    this.#fault = error
    this.#environment.host.logger.error('sync failed: the log is offline', {
      log: this.#directory,
      error: error.message,
    })
    this.listener.onFailed(this, error)
  }

  /** flush.ms: asks for a sync when the last one is longer ago. */
  syncIfDue(now: number): void {
    if (this.#logEndOffset > this.#durableEndOffset && now - this.#lastSyncMs >= this.config.flushMs) this.requestSync()
  }

  // Visibility

  updateHighWatermark(offset: number): void {
    if (offset > this.#logEndOffset) {
      throw new Error(
        `assertion: high watermark ${offset} above log end offset ${this.#logEndOffset} of ${this.#directory}`,
      )
    }
    this.#highWatermark = Math.max(offset, this.#logStartOffset)
    this.#producers?.onHighWatermark(this.#highWatermark)
  }

  // Reading

  read(offset: number, maxSize: number, endOffset: number, minOneBatch: boolean, done: ReadDone): void {
    this.#reader.read(offset, maxSize, endOffset, minOneBatch, done)
  }

  /** As read; `done` is called before it returns. */
  readSync(offset: number, maxSize: number, endOffset: number, minOneBatch: boolean, done: ReadDone): void {
    this.#reader.readSync(offset, maxSize, endOffset, minOneBatch, done)
  }

  /** Aborted transactions that overlap [offset, upperBound), for a read-committed consumer; by first offset. */
  abortedTransactions(offset: number, upperBound: number): AbortedTransaction[] {
    const found: AbortedTransaction[] = []
    for (let index = segmentIndexFor(this.segments, offset); index < this.segments.length; index++) {
      if (this.segments[index]!.transactionIndex.collect(offset, upperBound, found)) break
    }
    return found.sort((a, b) => a.firstOffset - b.firstOffset)
  }

  /** The first record with this timestamp or a later one; null when there is none. */
  offsetForTimestamp(timestamp: number): OffsetAndTimestamp | null {
    this.#writeActive()
    return findByTimestamp(this.segments, timestamp, this.#logStartOffset)
  }

  /** The record with the highest timestamp; null when the log is empty or its records have none. */
  offsetOfMaxTimestamp(): OffsetAndTimestamp | null {
    this.#writeActive()
    return findMaxTimestamp(this.segments, this.#logStartOffset)
  }

  endOffsetForEpoch(epoch: number): { epoch: number; endOffset: number } {
    return this.#epochs.endOffsetFor(epoch, this.#logEndOffset)
  }

  epochForOffset(offset: number): number {
    return this.#epochs.epochForOffset(offset)
  }

  activeProducers(): ActiveProducer[] {
    return this.#loadProducers().activeProducers()
  }

  removeExpiredProducers(now: number): number {
    return this.#producers?.removeExpired(now, this.#environment.options.producerIdExpirationMs) ?? 0
  }

  #loadProducers(): ProducerState {
    if (this.#producers !== null) return this.#producers
    this.#writeActive()
    this.#producers = this.#snapshots.rebuild(this.segments, this.#logEndOffset)
    this.#producers.onHighWatermark(this.#highWatermark)
    return this.#producers
  }

  // Taking away

  /** Removes everything from `offset` on: what a new leader does not have. */
  truncateTo(offset: number): void {
    if (offset >= this.#logEndOffset) return
    for (const segment of this.segments) if (segment.hasPending) segment.writePending()
    this.#writtenEndOffset = this.#logEndOffset
    this.#truncate(Math.max(offset, 0))
  }

  #truncate(offset: number, producers: ProducerState | null = null): void {
    this.truncationCount++
    this.tail.clear()
    this.#syncRun?.closeSideFiles()
    const first = this.segments[0]!
    if (offset <= first.baseOffset && offset < this.#logEndOffset && first.baseOffset > offset) {
      this.truncateFullyAndStartAt(offset)
      return
    }
    const kept = this.segments.filter((segment) => segment.baseOffset <= offset)
    const dropped = this.segments.slice(kept.length)
    this.segments = kept
    removeSegments(this.#environment, dropped)
    this.#active.truncateTo(offset)
    this.#afterTruncation(offset, producers)
  }

  /** Forgets all and begins anew: a follower whose leader's log begins later. */
  truncateFullyAndStartAt(offset: number): void {
    this.truncationCount++
    this.tail.clear()
    this.#syncRun?.closeSideFiles()
    const dropped = this.segments
    this.segments = []
    removeSegments(this.#environment, dropped)
    this.segments = [newSegment(this.#environment, this.#directory, offset)]
    this.#directoryChanged()
    this.#logStartOffset = offset
    this.#logEndOffset = offset
    this.#epochs.clear()
    this.#afterTruncation(offset)
  }

  #afterTruncation(offset: number, producers: ProducerState | null = null): void {
    this.#logEndOffset = offset
    this.#writtenEndOffset = offset
    this.#durableEndOffset = Math.min(this.#durableEndOffset, offset)
    this.#syncRun?.cap(offset)
    this.#syncWanted = Math.min(this.#syncWanted, offset)
    this.#unsynced = this.#unsynced.filter((segment) => this.segments.includes(segment))
    if (!this.#unsynced.includes(this.#active)) this.#unsynced.push(this.#active)
    this.#logStartOffset = Math.min(this.#logStartOffset, offset)
    this.#highWatermark = Math.min(this.#highWatermark, offset)
    this.#epochs.truncateFromEnd(offset)
    this.#epochs.flush(offset)
    this.#latestEpoch = -2
    this.#snapshots.truncateTo(offset)
    this.#producers = producers
    this.#stateBeforeFailure = null
    this.#loadProducers()
  }

  /**
   * DeleteRecords: nothing below `offset` can be read any more. Returns the new log start offset. It outlives a restart once its
   * checkpoint is written; the segments go with the next retention.
   */
  deleteRecordsBefore(offset: number): number {
    if (offset > this.#highWatermark) {
      throw new Error(`assertion: records up to ${offset} are deleted above high watermark ${this.#highWatermark}`)
    }
    this.#moveLogStart(offset)
    return this.#logStartOffset
  }

  #moveLogStart(offset: number): void {
    if (offset <= this.#logStartOffset) return
    this.#logStartOffset = offset
    this.#epochs.truncateFromStart(offset)
    this.onLogStartOffset?.(this)
  }

  #countBelowLogStart(): number {
    let count = 0
    while (count + 1 < this.segments.length && this.segments[count + 1]!.baseOffset <= this.#logStartOffset) count++
    return count
  }

  /** Retention, first half: the log begins after what has expired. True when there are segments to be deleted. */
  expire(now: number): boolean {
    if (this.#fault !== null || this.#isClosed) return false
    if (this.config.cleanupPolicy.includes('delete')) {
      const count = expiredSegmentCount(this.segments, this.config, now, this.#highWatermark, this.#logEndOffset)
      // All of them expired: the log goes on in a new, empty one.
      if (count > 0 && count === this.segments.length) this.roll()
      if (count > 0) this.#moveLogStart(this.segments[count]!.baseOffset)
    }
    return this.#countBelowLogStart() > 0
  }

  /**
   * Retention, second half, when the new log start offset is on disk: were it not, a crash could bring some of the segments back and
   * others not, and a gap past the recovery point is damage. Returns how many segments were deleted.
   */
  deleteExpired(): number {
    if (this.#fault !== null || this.#isClosed) return 0
    const count = this.#countBelowLogStart()
    if (count === 0) return 0
    this.#syncRun?.closeSideFiles()
    const deleted = this.segments.slice(0, count)
    this.segments = this.segments.slice(count)
    this.#unsynced = this.#unsynced.filter((segment) => !deleted.includes(segment))
    this.#snapshots.removeBelow(this.segments[0]!.baseOffset)
    deleteSegments(this.#environment, deleted, this.config.fileDeleteDelayMs)
    return count
  }

  // Closing

  /** Everything to disk, synchronously; then a clean start needs no scan. */
  close(): void {
    const { disk } = this.#environment.host
    for (const path of this.prepareClose()) {
      const file = disk.open(path, 'write')
      file.syncSync()
      file.close()
    }
    for (const directory of this.finishClose()) disk.syncDirectory(directory)
  }

  /** First half of a close: writes what is not written. Returns the files to be synced before the second half. */
  prepareClose(): string[] {
    if (this.#isClosing || this.#isClosed || this.#fault !== null) return []
    this.#isClosing = true
    const { disk } = this.#environment.host
    this.#writeActive()
    // A sync under way may end after the close.
    const run = this.#syncRun
    const unsynced = new Set([...(run?.segments ?? []), ...this.#unsynced].filter((one) => this.segments.includes(one)))
    const paths = [...this.#unsyncedPaths, ...(run?.sidePaths ?? []).filter((path) => disk.exists(path))]
    this.#unsyncedDirectories.push(...(run?.directories ?? []))
    this.#unsyncedPaths = []
    for (const segment of this.segments) {
      if (unsynced.has(segment)) paths.push(segment.path(LOG_SUFFIX))
      else if (!segment.hasUnflushedIndexes) continue
      segment.flushIndexes(false)
      paths.push(...sideFiles(disk, segment, this.segments))
    }
    // Not synced: without it the next start replays a little more.
    if (this.#producers !== null) this.#snapshots.write(this.#producers, this.#logEndOffset)
    const epochs = this.#epochs.prepare(this.#logEndOffset)
    this.#areEpochsPrepared = epochs !== null
    if (epochs !== null) paths.push(epochs)
    return paths
  }

  /** Second half: the files are synced. Returns the directories that have yet to be. */
  finishClose(): string[] {
    if (this.#isClosed) return []
    if (this.#fault === null) {
      if (this.#areEpochsPrepared) {
        this.#epochs.commit()
        this.#directoryChanged()
      }
      this.#unsynced = []
      this.#durableEndOffset = this.#logEndOffset
    }
    this.#isClosed = true
    this.tail.clear()
    for (const segment of this.segments) segment.release(() => {})
    return this.#unsyncedDirectories
  }

  /** Lets go of all files without writing: the directory is about to be moved. Reads and syncs under way still end. */
  abandon(): void {
    this.#isClosed = true
    this.tail.clear()
    this.#syncRun?.closeSideFiles()
    for (const segment of this.segments) segment.abandon()
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high))
}

/** null: go on. Otherwise an error, or the offsets of a duplicate. */
function checkProducer(
  producers: ProducerState,
  bytes: Uint8Array,
  view: DataView,
  config: LogConfig,
  origin: AppendOrigin,
): AppendResult | null {
  const isMarker = batch.isControl(view, 0)
  if (origin !== 'client' && !isMarker) return null
  const verdict = isMarker ? producers.checkMarker(bytes, view, 0) : producers.check(view, 0)
  if (verdict.errorCode !== ErrorCode.NONE) return appendError(verdict.errorCode, verdict.errorMessage ?? '')
  if (!verdict.isDuplicate) return null
  const logAppendTimeMs = config.messageTimestampType === 'LogAppendTime' ? verdict.timestamp : -1
  return appended(verdict.baseOffset, verdict.lastOffset, logAppendTimeMs, true)
}
