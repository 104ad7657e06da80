// One partition's log. Appends are synchronous and cheap; the bytes are written once a turn, and synced together by
// group commit.
//
//   segments   [ 0 ……… ][ 1200 ……… ][ 2400 ………………… active ]
//              logStart ≤ lastStable ≤ highWatermark ≤ logEnd      what readers may see: the partition moves it
//                         durableEnd ≤ writtenEnd    ≤ logEnd      what has become of an append: the log's own
//                         (synced)     (in the file)   (appended)
//
//   append ──► offsets, indexes, producer state, tail cache ──► end of turn: one write ──► listener.onWritten
//                                                  requestSync ──► group commit: fdatasync ──► listener.onDurable
//
// A write that fails rolls the log back to writtenEndOffset before listener.onFailed: nothing that was not written
// stays visible in offsets, producer state or epochs. A sync that fails ends the log: what the medium holds is not
// known any more. Source: UnifiedLog, LocalLog.

import { DiskError } from '../host/disk.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import * as batch from '../protocol/records/batch.ts'
import { BatchCursor } from '../protocol/records/cursor.ts'
import { assignOffsets, followerOffsets, producerAnswer } from './append-assign.ts'
import { type AppendResult, appendError, appended } from './append-result.ts'
import { type AppendOrigin, produceError, recompress, sizeError, wantedCodec } from './append-validator.ts'
import type { StorageEnvironment } from './environment.ts'
import { LOG_SUFFIX, parentOf } from './file-names.ts'
import { LeaderEpochCache } from './leader-epoch-cache.ts'
import type { LogConfig } from './log-config.ts'
import { LogReader, type ReadDone, segmentIndexFor } from './log-reader.ts'
import { LogSync, type SyncedLog } from './log-sync.ts'
import { writeTopicId } from './partition-metadata.ts'
import { ProducerSnapshots } from './producer-snapshots.ts'
import type { ActiveProducer, ProducerState } from './producer-state.ts'
import { loadLog, type RecoveryReport } from './recovery.ts'
import { expiredSegmentCount } from './retention.ts'
import type { Segment } from './segment.ts'
import { deleteSegments, newSegment, removeSegments, sideFiles } from './segment-files.ts'
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

export class Log implements SyncedLog {
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
  /** Set when the recovery point may have moved back. */
  onTruncated: ((log: Log) => void) | null = null
  readonly #environment: StorageEnvironment
  readonly #reader: LogReader
  readonly #epochs: LeaderEpochCache
  readonly #snapshots: ProducerSnapshots
  readonly #sync: LogSync
  #directory: string
  /** null until the log is appended to or asked for its last stable offset. */
  #producers: ProducerState | null
  #latestEpoch = -2
  #logStartOffset: number
  #logEndOffset: number
  #writtenEndOffset: number
  #highWatermark: number
  #fault: Error | null = null
  #isClosed = false
  /** Nothing is appended or synced any more but by the close. */
  #isClosing = false
  #isWriteScheduled = false
  #areEpochsPrepared = false
  #closingDirectories: string[] = []
  #rollJitterMs = 0
  /** After a failed write: no further attempt before this time. */
  #refuseUntilMs = Number.NEGATIVE_INFINITY
  /**
   * The state at writtenEndOffset, kept from one failed write to the next: a full disk must not cost a replay each
   * time.
   */
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
    this.#producers = loaded.producers
    this.#sync = new LogSync(environment, this, loaded.logEndOffset)
    if (loaded.isNew) for (const path of [parentOf(directory), directory]) this.#sync.addDirectory(path)
    if (this.topicId !== null && !loaded.hasTopicId) {
      this.#sync.addPath(writeTopicId(environment.host.disk, directory, this.topicId))
    }
    this.recoveryReport = loaded.report
    this.#highWatermark = clamp(options.highWatermark ?? 0, loaded.logStartOffset, loaded.logEndOffset)
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
    return this.#sync.durableEndOffset
  }

  /** What the recovery-point checkpoint may say. */
  get recoveryPoint(): number {
    return this.#sync.recoveryPoint
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
        const answer = producerAnswer(producers, bytes, view, origin)
        if (answer !== null) return answer
      }
      const logAppendTimeMs = config.messageTimestampType === 'LogAppendTime' && origin !== 'controller' ? now : -1
      const baseOffset = this.#logEndOffset
      const lastOffset = assignOffsets(bytes, view, baseOffset, leaderEpoch, logAppendTimeMs)
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
    const result = followerOffsets(records, view, this.#logEndOffset)
    if (result.errorCode !== ErrorCode.NONE || result.baseOffset < 0) return result
    try {
      this.#loadProducers()
      this.#appendAssigned(records, view, result.baseOffset, result.lastOffset)
      return result
    } catch (error) {
      return this.#appendFailed(error)
    }
  }

  /** A leader begins its epoch at the log's end, also when it does not append. */
  assignEpochStartOffset(epoch: number, startOffset: number): void {
    if (this.#epochs.assign(epoch, startOffset)) this.#latestEpoch = epoch
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
    if (this.#logEndOffset - this.durableEndOffset >= this.config.flushMessages) this.requestSync()
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
    this.#sync.ended(segment)
    this.#snapshots.write(this.#loadProducers(), this.#logEndOffset)
    // Recovery will not look at the batches of this segment any more.
    this.#epochs.flush(this.#logEndOffset)
    this.segments.push(newSegment(this.#environment, this.#directory, this.#logEndOffset))
    this.#sync.addDirectory(this.#directory)
    this.#drawJitter()
    // As Kafka does, so that the recovery point follows even where nobody asks for syncs.
    this.requestSync()
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
    this.#sync.queue()
  }

  #writeActive(): void {
    const segment = this.#active
    if (segment.hasPending) {
      segment.writePending()
      this.#sync.changed(segment)
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
      this.#sync.stop()
      this.#logEndOffset = this.#writtenEndOffset
      this.tail.clear()
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
    this.#sync.want(this.#logEndOffset)
    if (!this.#isWriteScheduled) this.#sync.queue()
  }

  /** For LogSync. */
  onSynced(): void {
    this.listener.onDurable(this)
  }

  /** For LogSync. */
  onSyncFailed(error: Error): void {
    this.#fault = error
    const fields = { log: this.#directory, error: error.message }
    this.#environment.host.logger.error('sync failed: the log is offline', fields)
    this.listener.onFailed(this, error)
  }

  /** flush.ms: asks for a sync when the last one is longer ago. */
  syncIfDue(now: number): void {
    const isDue = now - this.#sync.lastSyncMs >= this.config.flushMs
    if (isDue && this.#logEndOffset > this.durableEndOffset) this.requestSync()
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
    if (offset >= this.#logEndOffset || this.#fault !== null) return
    for (const segment of this.segments) if (segment.hasPending) segment.writePending()
    this.#writtenEndOffset = this.#logEndOffset
    this.#truncate(Math.max(offset, 0))
    this.#truncationEnded()
  }

  /**
   * What was durable is so no more: recovery must not begin above it. A failed write never gets here: it was never
   * durable.
   */
  #truncationEnded(): void {
    this.#epochs.flush(this.#logEndOffset)
    this.onTruncated?.(this)
  }

  #truncate(offset: number, producers: ProducerState | null = null): void {
    this.truncationCount++
    this.tail.clear()
    this.#sync.releaseFiles()
    const first = this.segments[0]!
    if (first.baseOffset > offset) {
      this.#startAnewAt(offset)
      return
    }
    const kept = this.segments.filter((segment) => segment.baseOffset <= offset)
    const dropped = this.segments.slice(kept.length)
    this.segments = kept
    removeSegments(this.#environment, dropped)
    this.#afterTruncation(this.#active.truncateTo(offset), producers)
  }

  /** Forgets all and begins anew: a follower whose leader's log begins later. */
  truncateFullyAndStartAt(offset: number): void {
    this.#startAnewAt(offset)
    this.#truncationEnded()
  }

  #startAnewAt(offset: number): void {
    this.truncationCount++
    this.tail.clear()
    this.#sync.releaseFiles()
    const dropped = this.segments
    this.segments = []
    removeSegments(this.#environment, dropped)
    this.segments = [newSegment(this.#environment, this.#directory, offset)]
    this.#sync.addDirectory(this.#directory)
    this.#logStartOffset = offset
    this.#logEndOffset = offset
    this.#epochs.clear()
    this.#afterTruncation(offset)
  }

  #afterTruncation(offset: number, producers: ProducerState | null = null): void {
    this.#logEndOffset = offset
    this.#writtenEndOffset = offset
    this.#sync.truncated(offset)
    this.#logStartOffset = Math.min(this.#logStartOffset, offset)
    this.#highWatermark = Math.min(this.#highWatermark, offset)
    this.#epochs.truncateFromEnd(offset)
    this.#latestEpoch = -2
    this.#snapshots.truncateTo(offset)
    this.#producers = producers
    this.#stateBeforeFailure = null
    this.#loadProducers()
  }

  /**
   * DeleteRecords: nothing below `offset` can be read any more. Returns the new log start offset. It outlives a
   * restart once its checkpoint is written; the segments go with the next retention.
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
   * Retention, second half, when the new log start offset is on disk: were it not, a crash could bring some of the
   * segments back and others not, and a gap past the recovery point is damage. Returns how many segments were deleted.
   */
  deleteExpired(): number {
    if (this.#fault !== null || this.#isClosed) return 0
    // The snapshot at the begin of what is kept must be on disk before the batches that it stands for go.
    const { recoveryPoint } = this
    let count = this.#countBelowLogStart()
    while (count > 0 && this.segments[count]!.baseOffset > recoveryPoint) count--
    if (count === 0) return 0
    this.#sync.releaseFiles()
    const deleted = this.segments.slice(0, count)
    this.segments = this.segments.slice(count)
    this.#sync.deleted()
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
    this.#sync.stop()
    const { disk } = this.#environment.host
    this.#writeActive()
    const { segments: unsynced, paths, directories } = this.#sync.take()
    this.#closingDirectories = directories
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
        this.#closingDirectories.push(this.#directory)
      }
      this.#sync.durableEndOffset = this.#logEndOffset
    }
    this.#isClosed = true
    this.tail.clear()
    for (const segment of this.segments) segment.release(() => {})
    return this.#closingDirectories
  }

  /** Lets go of all files without writing: the directory is about to be moved. Reads and syncs under way still end. */
  abandon(): void {
    this.#isClosed = true
    this.#sync.stop()
    this.tail.clear()
    this.#sync.releaseFiles()
    for (const segment of this.segments) segment.abandon()
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high))
}
