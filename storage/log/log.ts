// One partition's log. Appends are synchronous and cheap; the bytes are written once a turn, and synced together by
// group commit.
//
//   segments   [ 0 ……… ][ 1200 ……… ][ 2400 ………………… active ]
//              logStart ≤ lastStable ≤ highWatermark ≤ logEnd      what readers may see: the partition moves it
//                         durableEnd ≤ writtenEnd    ≤ logEnd      what has become of an append: the log's own
//                         (synced)     (in the file)   (appended)
//
//   append ──► offsets, indexes, producer state, tail cache ──► end of turn: LogWrites ──► listener.onWritten
//                                                  requestSync ──► group commit: fdatasync ──► listener.onDurable
//
// A write that fails rolls the log back to writtenEndOffset before listener.onFailed, producer state and epochs too. A
// sync that fails ends the log: what the medium holds is not known any more. Source: UnifiedLog, LocalLog.

import { DiskError } from '../../host/disk.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import * as batch from '../../protocol/records/batch.ts'
import type { StorageEnvironment } from '../environment.ts'
import { ProducerSnapshots } from '../producers/producer-snapshots.ts'
import type { Segment } from '../segment/segment.ts'
import { abortedTransactions } from '../segment/segment-search.ts'
import type { AbortedTransaction } from '../segment/transaction-index.ts'
import { assignOffsets, firstMaxTimestamp, followerOffsets, noteBatches } from './append-assign.ts'
import { AppendGate, type GatedLog } from './append-gate.ts'
import { type AppendResult, appendError, appended } from './append-result.ts'
import { type AppendOrigin, acceptProduced } from './append-validator.ts'
import { LeaderEpochCache } from './leader-epoch-cache.ts'
import { LocalLog, type SyncOwner } from './local-log.ts'
import { closeNow, LogClose } from './log-close.ts'
import type { LogConfig } from './log-config.ts'
import { IDLE_LISTENER, type LogListener, type LogOptions } from './log-options.ts'
import { type ReadDone, readLog, readLogSync } from './log-reader.ts'
import { deleteExpired, expire } from './log-retention.ts'
import { LogWrites, type WrittenLog } from './log-writes.ts'
import { PartitionProducers } from './partition-producers.ts'
import { loadLog, type RecoveryReport } from './recovery.ts'
import { findByTimestamp, findMaxTimestamp, type OffsetAndTimestamp } from './time-search.ts'

export class Log implements SyncOwner, WrittenLog, GatedLog {
  readonly topic: string
  readonly partition: number
  readonly topicId: string | null
  config: LogConfig
  listener: LogListener = IDLE_LISTENER
  /** What an unclean start did; null after a clean one. */
  readonly recoveryReport: RecoveryReport | null
  /** Up to here it has been compacted, as the cleaner's checkpoint says; null: never. */
  cleanedOffset: number | null
  /** Set when logStartOffset moves, for whoever keeps the checkpoint. */
  onLogStartOffset: ((log: Log) => void) | null = null
  /** Set when the recovery point may have moved back. */
  onTruncated: ((log: Log) => void) | null = null
  /** A sync has failed, or a failed write could not be taken back: what else lies on that disk is in doubt too. */
  onDiskFailed: ((error: DiskError) => void) | null = null
  readonly #environment: StorageEnvironment
  readonly #local: LocalLog
  readonly #epochs: LeaderEpochCache
  readonly #producers: PartitionProducers
  #logStartOffset: number
  #highWatermark: number
  readonly #writes: LogWrites
  readonly #gate: AppendGate
  /** Nothing is read any more either. */
  #isClosed = false
  #close: LogClose | null = null

  static open(options: LogOptions): Log {
    return new Log(options)
  }

  private constructor(options: LogOptions) {
    const { environment, directory, config } = options
    const { host } = environment
    this.#environment = environment
    this.topic = options.topic
    this.partition = options.partition
    this.topicId = options.topicId ?? null
    this.config = config
    this.cleanedOffset = options.cleanedOffset ?? null
    environment.unclosed.add(directory)
    this.#epochs = new LeaderEpochCache(host, directory)
    const snapshots = new ProducerSnapshots(environment, directory)
    const loaded = loadLog(options, this.#epochs, snapshots)
    this.recoveryReport = loaded.report
    this.#logStartOffset = loaded.logStartOffset
    const { logStartOffset, logEndOffset } = loaded
    this.#highWatermark = Math.max(logStartOffset, Math.min(options.highWatermark ?? 0, logEndOffset))
    this.#local = new LocalLog(options, loaded, this.#epochs, this)
    this.#local.drawJitter(config)
    const isReserved = !options.spendsReserve && environment.reserve.covers(directory)
    this.#gate = new AppendGate(host.clock, this, isReserved ? environment.reserve : null)
    this.#writes = new LogWrites(environment.writer, this.#local, this)
    this.#producers = new PartitionProducers(environment, this.#local, snapshots, loaded.producers, this.#highWatermark)
  }

  get directory(): string {
    return this.#local.directory
  }

  /** False: nothing was ever appended, and nothing of it is on disk. */
  get hasDirectory(): boolean {
    return this.#local.hasDirectory
  }

  get segments(): readonly Segment[] {
    return this.#local.segments
  }

  get logStartOffset(): number {
    return this.#logStartOffset
  }

  get logEndOffset(): number {
    return this.#local.logEndOffset
  }

  get writtenEndOffset(): number {
    return this.#local.writtenEndOffset
  }

  get durableEndOffset(): number {
    return this.#local.sync.durableEndOffset
  }

  /** Something of it is wanted on disk, and not there yet. */
  get isSyncing(): boolean {
    return !this.isOffline && this.#local.sync.isDue
  }

  /** What the recovery-point checkpoint may say. */
  get recoveryPoint(): number {
    return this.#local.sync.recoveryPoint
  }

  get highWatermark(): number {
    return this.#highWatermark
  }

  /**
   * Below it every transaction is decided, and its marker below the high watermark. Throws DiskError when the producers
   * have yet to be read, as after a clean start or a move between directories, and cannot be; the next look tries it.
   */
  get lastStableOffset(): number {
    const firstUnstable = this.#producers.state.firstUnstableOffset()
    return Math.max(Math.min(this.#highWatermark, firstUnstable), this.#logStartOffset)
  }

  get latestEpoch(): number {
    return this.#epochs.latestEpoch
  }

  get firstSegmentOffset(): number {
    return this.#local.segments[0]!.baseOffset
  }

  /** Bytes of all segments. */
  get size(): number {
    return this.#local.size
  }

  /** A sync failed, or a failed write could not be rolled back: reads go on, appends do not. */
  get isOffline(): boolean {
    return this.#gate.fault !== null
  }

  get #isEnding(): boolean {
    return this.isOffline || this.#gate.isClosing
  }

  /** `records` belong to the log from here on, which writes offsets and epoch into them and holds them. */
  append(records: Uint8Array, leaderEpoch: number, origin: AppendOrigin): AppendResult {
    const { config } = this
    const now = this.#environment.host.clock.now()
    const refusal = this.#gate.refusal()
    if (refusal !== null) {
      this.#producers.refused(records)
      return refusal
    }
    const given = batch.viewOf(records)
    const bytes = origin === 'client' ? acceptProduced(records, given, config, now) : records
    if (!(bytes instanceof Uint8Array)) return bytes
    const view = bytes === records ? given : batch.viewOf(bytes)
    try {
      const answer = batch.hasProducerId(view, 0) ? this.#producers.answer(bytes, view, origin) : null
      if (answer !== null) return answer
      const logAppendTimeMs = config.messageTimestampType === 'LogAppendTime' && origin !== 'controller' ? now : -1
      const baseOffset = this.#local.logEndOffset
      const lastOffset = assignOffsets(bytes, view, baseOffset, leaderEpoch, logAppendTimeMs)
      this.#appendAssigned(bytes, view, baseOffset, lastOffset)
      return appended(baseOffset, lastOffset, logAppendTimeMs, false)
    } catch (error) {
      return this.#appendFailed(error)
    }
  }

  /** Batches of the leader, which keep their offsets and epochs. */
  appendAsFollower(records: Uint8Array): AppendResult {
    const refusal = this.#gate.refusal()
    if (refusal !== null) return refusal
    const view = batch.viewOf(records)
    const result = followerOffsets(records, view, this.#local.logEndOffset)
    if (result.errorCode !== ErrorCode.NONE || result.baseOffset < 0) return result
    try {
      this.#appendAssigned(records, view, result.baseOffset, result.lastOffset)
      return result
    } catch (error) {
      return this.#appendFailed(error)
    }
  }

  /** A leader begins its epoch at the log's end, also when it does not append. */
  assignEpochStartOffset(epoch: number, startOffset: number): void {
    this.#epochs.assign(epoch, startOffset)
  }

  #appendAssigned(bytes: Uint8Array, view: DataView, baseOffset: number, lastOffset: number): void {
    const local = this.#local
    const { indexIntervalBytes, flushMessages } = this.config
    if (local.isRollDue(this.config, bytes.length, firstMaxTimestamp(bytes, view), lastOffset)) {
      if (!local.isActiveEmpty) local.beginSegment(this.config, this.#producers.snapshotLater())
    }
    const segment = local.active
    const producers = this.#producers.state
    segment.append(bytes)
    noteBatches(bytes, view, segment, segment.size - bytes.length, this.#epochs, producers, indexIntervalBytes)
    local.logEndOffset = lastOffset + 1
    local.tail.append(bytes, baseOffset, lastOffset + 1)
    this.#writes.schedule()
    if (local.logEndOffset - local.sync.durableEndOffset >= flushMessages) this.requestSync()
  }

  /** Ends the active segment, unless it is empty, and begins one at the log's end. Throws DiskError. */
  roll(): void {
    this.#gate.settle()
    this.#write()
    if (this.#local.isActiveEmpty) return
    this.#local.roll(this.config, this.#producers.snapshotLater())
    this.#local.sync.queue() // nobody waits for it, unless an append does
  }

  // Writing; isWritable, written and writeFailed are for LogWrites

  get isWritable(): boolean {
    return !this.#isClosed && !this.isOffline && this.#gate.isSettled
  }

  written(): void {
    this.#producers.written()
    this.listener.onWritten()
    this.#local.sync.queue()
  }

  /** What is to be taken back is not written: readers of the file find the log as it is without that. */
  #write(): void {
    if (!this.#gate.isSettled || !this.#local.hasUnwritten) return
    this.#local.write()
    this.#producers.written()
  }

  #appendFailed(error: unknown): AppendResult {
    if (!(error instanceof DiskError)) throw error
    this.writeFailed(error)
    return appendError(ErrorCode.KAFKA_STORAGE_ERROR, error.message)
  }

  writeFailed(cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause))
    this.#gate.writeFailed()
    // Segments that had ended may have been written before it failed.
    this.#local.sync.queue()
    const { logEndOffset, isOffline: offline, directory: log } = this
    this.#environment.host.logger.error('write failed', { log, error: error.message, logEndOffset, offline })
    if (!this.isOffline) this.listener.onFailed(error)
    else this.#tellOfDisk(this.#gate.fault)
  }

  #tellOfDisk(fault: Error | null): void {
    if (fault instanceof DiskError && fault.reason === 'failed') this.onDiskFailed?.(fault)
  }

  /** The directory that it lies in has failed: reads go on, appends do not. */
  goOffline(error: Error): void {
    if (this.isOffline || this.#isClosed) return
    this.#gate.fault = error
    this.hideUnwritten()
    this.giveUp(error)
  }

  /** For AppendGate, as the two that follow. */
  takeBackUnwritten(): void {
    this.#local.takeBackUnwritten()
    this.#afterTruncation()
    this.#producers.writeFailed(this.#highWatermark)
  }

  hideUnwritten(): void {
    this.#local.hideUnwritten()
  }

  giveUp(error: Error): void {
    this.#local.sync.stop()
    this.listener.onFailed(error)
  }

  // Syncing; onSynced and onSyncFailed are for LocalLog

  /** Everything appended so far becomes durable; listener.onDurable follows. */
  requestSync(): void {
    this.#local.sync.want(this.logEndOffset)
    if (!this.#writes.isScheduled) this.#local.sync.queue()
  }

  /** flush.ms: asks for a sync when the last one is longer ago. */
  syncIfDue(now: number): void {
    const isDue = now - this.#local.sync.lastSyncMs >= this.config.flushMs
    if (isDue && this.logEndOffset > this.durableEndOffset) this.requestSync()
  }

  /** For a log whose directory only the journal knows. */
  get names(): Pick<LocalLog['sync'], 'settleNames' | 'syncNames'> {
    return this.#local.sync
  }

  onSynced(): void {
    this.listener.onDurable()
  }

  onSyncFailed(error: Error): void {
    this.#gate.fault = error
    this.#environment.host.logger.error('sync failed: log is offline', { log: this.directory, error: error.message })
    this.listener.onFailed(error)
    this.#tellOfDisk(error)
  }

  // Visibility

  updateHighWatermark(offset: number): void {
    if (offset > this.logEndOffset) {
      throw new Error(`assertion: high watermark ${offset} above log end ${this.logEndOffset} of ${this.directory}`)
    }
    this.#highWatermark = Math.max(offset, this.#logStartOffset)
    this.#producers.onHighWatermark(this.#highWatermark)
  }

  // Reading

  read(offset: number, maxSize: number, endOffset: number, minOneBatch: boolean, done: ReadDone): void {
    readLog(this.#environment, this.#local, this.#logStartOffset, offset, maxSize, endOffset, minOneBatch, done)
  }

  /** As read; `done` is called before it returns. */
  readSync(offset: number, maxSize: number, endOffset: number, minOneBatch: boolean, done: ReadDone): void {
    readLogSync(this.#environment, this.#local, this.#logStartOffset, offset, maxSize, endOffset, minOneBatch, done)
  }

  /** Aborted transactions that overlap [offset, upperBound), for a read-committed consumer; by first offset. */
  abortedTransactions(offset: number, upperBound: number): AbortedTransaction[] {
    return abortedTransactions(this.segments, offset, upperBound)
  }

  /** The first record with this timestamp or a later one; null when there is none. */
  offsetForTimestamp(timestamp: number): OffsetAndTimestamp | null {
    this.#write()
    return findByTimestamp(this.segments, timestamp, this.#logStartOffset)
  }

  /** The record with the highest timestamp; null when the log is empty or its records have none. */
  offsetOfMaxTimestamp(): OffsetAndTimestamp | null {
    this.#write()
    return findMaxTimestamp(this.segments, this.#logStartOffset)
  }

  endOffsetForEpoch(epoch: number): { epoch: number; endOffset: number } {
    return this.#epochs.endOffsetFor(epoch, this.logEndOffset)
  }

  epochForOffset(offset: number): number {
    return this.#epochs.epochForOffset(offset)
  }

  get producers(): PartitionProducers {
    return this.#producers
  }

  // Taking away

  /** Removes all batches with offsets from `offset` on. Throws DiskError: 'exhausted' while the pool writes there. */
  truncateTo(offset: number): void {
    if (offset >= this.logEndOffset || this.isOffline) return
    this.#gate.settle()
    this.#write()
    this.#local.checkNotWriting()
    this.#local.truncateTo(Math.max(offset, 0))
    this.#afterTruncation()
    this.#keepTruncation()
  }

  /** Forgets all and begins anew: a follower whose leader's log begins later. */
  truncateFullyAndStartAt(offset: number): void {
    this.#local.startAnewAt(offset)
    this.#logStartOffset = offset
    this.#epochs.clear()
    this.#afterTruncation()
    this.#keepTruncation()
  }

  /** What was durable is so no more: recovery must not begin above it. A failed write was never durable. */
  #keepTruncation(): void {
    this.#producers.truncated(this.#highWatermark)
    this.#epochs.flush(this.logEndOffset)
    this.onTruncated?.(this)
  }

  #afterTruncation(): void {
    const offset = this.logEndOffset
    this.#logStartOffset = Math.min(this.#logStartOffset, offset)
    this.#highWatermark = Math.min(this.#highWatermark, offset)
    this.#epochs.truncateFromEnd(offset)
  }

  /**
   * DeleteRecords: nothing below `offset` can be read any more. Returns the new log start offset. It outlives a restart
   * once its checkpoint is written; the segments go with the next retention.
   */
  deleteRecordsBefore(offset: number): number {
    if (offset > this.#highWatermark) {
      throw new Error(`assertion: records up to ${offset} are deleted above high watermark ${this.#highWatermark}`)
    }
    this.moveLogStart(offset)
    return this.#logStartOffset
  }

  /** Also for log-retention.ts. */
  moveLogStart(offset: number): void {
    if (offset <= this.#logStartOffset) return
    this.#logStartOffset = offset
    this.#epochs.truncateFromStart(offset)
    this.onLogStartOffset?.(this)
  }

  /** Retention, first half: the log begins after what has expired. True when there are segments to be deleted. */
  expire(now: number): boolean {
    return !this.#isEnding && expire(this, this.#local, now)
  }

  /** Retention, second half, when the new log start offset is on disk. Returns how many segments were deleted. */
  deleteExpired(isStartKept = true): number {
    return this.#isEnding ? 0 : deleteExpired(this, this.#local, this.#producers, isStartKept)
  }

  // Compaction; for storage/cleaner

  /** Neither offline nor about to close: its files may be changed. */
  get isCleanable(): boolean {
    return !this.#isEnding
  }

  /** In memory alone. False: they are not its segments any more. */
  replaceSegments(cleaned: Segment, old: readonly Segment[]): boolean {
    if (this.#isEnding || !this.#local.replaceSegments(cleaned, old)) return false
    this.#producers.merged(old)
    return true
  }

  /** Everything to disk, synchronously; then a clean start needs no scan. */
  close(): void {
    closeNow(this, this.#environment.host.disk)
  }

  /** First half of a close. Returns the files to be synced before the second half. */
  prepareClose(): readonly string[] {
    if (this.#gate.isClosing || this.isOffline) return []
    this.#gate.settle()
    this.#gate.isClosing = true
    this.#close = new LogClose(this.#local, this.#producers, this.#epochs)
    return this.#close.paths
  }

  /** Second half: the files are synced. Returns the directories that have yet to be. */
  finishClose(): readonly string[] {
    if (this.#isClosed) return []
    const directories = !this.isOffline ? this.#close?.finish() : undefined
    this.#gate.isClosing = true
    this.#isClosed = true
    this.#local.release()
    if (!this.isOffline && this.#close !== null) this.#environment.unclosed.delete(this.directory)
    return directories ?? []
  }

  /** Lets go of all files without writing: the directory is about to be moved. Reads and syncs under way still end. */
  abandon(): void {
    this.#gate.isClosing = true
    this.#isClosed = true
    this.#environment.unclosed.delete(this.directory)
    this.#local.abandon()
  }
}
