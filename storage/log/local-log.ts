// The segments of one log, and how far what was appended has come: appended, written, synced. Knows bytes, offsets and
// files; producers, leader epochs and what readers may see are Log's. Source: LocalLog.
//
//   segments   [ 0 ……… ][ 1200 ……… ][ 2400 ………………… active ]
//                         durableEnd ≤ writtenEnd    ≤ logEnd
//                         (synced)     (in the file)   (appended)
//
// Invariants: base offsets rise; a new segment begins where the last one ended. It begins in memory, and takes appends
// at once; when the one before is in its file to the end, that one's indexes are written and the new one gets a file:
//
//   segments   [ 0 ……… ][ 1200 ……… ████ ][ 2400 ██████ ][ 3600 ██ active ]     █ not written
//              in files             │      └──────── #unborn ────────┘
//                                   └ written first: in the loop, or in the pool while the device keeps writers waiting

import { DiskError } from '../../host/disk.ts'
import type { StorageEnvironment } from '../environment.ts'
import { LOG_SUFFIX, parentOf } from '../file-names.ts'
import { Segment } from '../segment/segment.ts'
import { deleteSegments, newSegment, removeSegments, sideFiles } from '../segment/segment-files.ts'
import { Tail } from '../shared/tail-cache.ts'
import type { LeaderEpochCache, NextCheckpoint } from './leader-epoch-cache.ts'
import type { LogConfig } from './log-config.ts'
import type { LogOptions } from './log-options.ts'
import { LogSync, type SyncedLog } from './log-sync.ts'
import { writeTopicId } from './partition-metadata.ts'
import type { LoadedLog } from './recovery.ts'

const MAX_JITTER_MS = 0xffffffff

/** A segment without a file, and how the snapshot at its begin is written. */
interface UnbornSegment {
  readonly segment: Segment
  readonly writeSnapshot: () => void
}

const NO_SEGMENTS: readonly UnbornSegment[] = []

export type SyncOwner = Pick<SyncedLog, 'onSynced' | 'onSyncFailed'>

export class LocalLog implements SyncedLog {
  readonly directory: string
  readonly tail: Tail
  readonly sync: LogSync
  segments: Segment[]
  logEndOffset: number
  writtenEndOffset: number
  /** Grows when offsets are taken back, and when the files go: a read under way then answers with nothing. */
  truncationCount = 0
  readonly topicId: string | null
  readonly partition: number
  readonly #environment: StorageEnvironment
  readonly #owner: SyncOwner
  readonly #epochs: LeaderEpochCache
  readonly #spendsReserve: boolean
  #hasDirectory: boolean
  #hasTopicId: boolean
  #rollJitterMs = 0
  /** The last of the segments, oldest first. */
  #unborn: readonly UnbornSegment[] = NO_SEGMENTS

  constructor(
    { environment, directory, topicId, partition, journal, spendsReserve }: LogOptions,
    loaded: LoadedLog,
    epochs: LeaderEpochCache,
    owner: SyncOwner,
  ) {
    this.#environment = environment
    this.#owner = owner
    this.#epochs = epochs
    this.#spendsReserve = spendsReserve ?? false
    this.topicId = topicId ?? null
    this.partition = partition
    this.#hasDirectory = loaded.hasDirectory
    this.#hasTopicId = loaded.hasTopicId
    this.directory = directory
    this.segments = loaded.segments
    this.logEndOffset = loaded.logEndOffset
    this.writtenEndOffset = loaded.logEndOffset
    this.tail = new Tail(environment.tailCache)
    this.sync = new LogSync(environment, this, loaded.logEndOffset, journal ?? null)
    if (!loaded.hasDirectory) return
    this.#writeTopicId()
    if (!loaded.hasDurableNames) {
      this.#addNames()
      if (loaded.hasTopicId) this.sync.topicIdWritten()
    }
    if (loaded.unsynced.length > 0) this.sync.recovered(loaded.durableEndOffset, loaded.unsynced)
  }

  /** False: nothing was ever appended, and nothing of the log is on disk. */
  get hasDirectory(): boolean {
    return this.#hasDirectory
  }

  /**
   * With the first append. A topic of thousands of partitions is created without touching the disk, and what nobody
   * writes to costs nothing at the next start; Kafka makes the directories that it misses.
   */
  #makeDirectory(): void {
    if (this.#hasDirectory && this.#hasTopicId) return
    if (!this.#hasDirectory) this.#environment.host.disk.makeDirectory(this.directory)
    // What follows may fail, and then is tried again with the next append.
    this.#hasDirectory = true
    this.#addNames()
    this.#writeTopicId()
  }

  #addNames(): void {
    this.#environment.directorySyncs.added(parentOf(this.directory))
    this.sync.namesAdded(true)
  }

  #writeTopicId(): void {
    if (!this.#hasTopicId && this.topicId !== null) {
      writeTopicId(this.#environment.host.disk, this.directory, this.topicId)
      this.sync.topicIdWritten()
    }
    this.#hasTopicId = true
  }

  get active(): Segment {
    return this.segments[this.segments.length - 1]!
  }

  /** The oldest segment that may have bytes to be written, or has not got its indexes written. */
  get writing(): Segment {
    return this.segments[this.segments.length - 1 - this.#unborn.length]!
  }

  /** Bytes. */
  get unwrittenSize(): number {
    let size = this.writing.unwrittenSize
    for (const { segment } of this.#unborn) size += segment.unwrittenSize
    return size
  }

  /** What comes next to the file is on its way there, in the pool. */
  get isWriting(): boolean {
    return this.writing.isWriting
  }

  /** Something has yet to be written, or was left behind by a failed write. */
  get hasUnwritten(): boolean {
    return this.#unborn.length > 0 || this.active.hasUnwritten
  }

  get size(): number {
    let size = 0
    for (const segment of this.segments) size += segment.size
    return size
  }

  // For LogSync.

  writeEpochs(endOffset: number): NextCheckpoint | null {
    return this.#epochs.writeNext(endOffset)
  }

  onSynced(): void {
    this.#owner.onSynced()
  }

  onSyncFailed(error: Error): void {
    this.#owner.onSyncFailed(error)
  }

  // Appending and writing

  isRollDue(config: LogConfig, size: number, maxTimestamp: number, lastOffset: number): boolean {
    const segment = this.active
    return (
      segment.size > config.segmentBytes - size ||
      (segment.size > 0 && this.#waitedForRoll(segment, maxTimestamp) > maxSegmentMs(config) - this.#rollJitterMs) ||
      segment.isIndexFull(config.segmentIndexBytes) ||
      !segment.canHold(lastOffset)
    )
  }

  /** By the records' time where they have one: so a log replayed into a new broker rolls as it did before. */
  #waitedForRoll(segment: Segment, maxTimestamp: number): number {
    const first = segment.firstTimestamp
    return first >= 0 ? maxTimestamp - first : this.#environment.host.clock.now() - segment.createdMs
  }

  /**
   * Writes what is not in the file, in the loop; a write under way in the pool is overtaken. Throws DiskError: then
   * `takeBackUnwritten` is due.
   */
  write(): void {
    if (this.hasUnwritten) this.#makeDirectory()
    while (this.#unborn.length > 0) {
      this.#writePending(this.writing)
      this.#finishEnded()
    }
    this.#writePending(this.active)
  }

  #writePending(segment: Segment): void {
    if (segment.hasUnwritten) {
      this.#writeOrSpendReserve(segment)
      this.sync.changed(segment)
    }
    this.writtenEndOffset = this.#unborn[0]?.segment.baseOffset ?? this.logEndOffset
  }

  #writeOrSpendReserve(segment: Segment): void {
    try {
      segment.writePending()
    } catch (error) {
      const isFull = error instanceof DiskError && error.reason === 'full'
      if (!isFull || !this.#spendsReserve || !this.#environment.reserve.release()) throw error
      segment.writePending()
    }
  }

  /**
   * What is pending of the oldest segment that has any, in the pool. After an error `takeBackUnwritten` is due.
   * Returns how much it is.
   */
  startWrite(done: (error: DiskError | null) => void): number {
    this.#makeDirectory()
    this.#finishEnded()
    const segment = this.writing
    const size = segment.unwrittenSize
    const endOffset = this.#unborn[0]?.segment.baseOffset ?? this.logEndOffset
    segment.startWriting((error, isOvertaken) => {
      // Hidden meanwhile: the log has gone offline, or goes back to before this write once it can.
      const isHidden = endOffset > this.logEndOffset
      if (isOvertaken || isHidden || segment.isReleased) {
        if (error !== null)
          this.#environment.host.logger.warn('a write that nobody waits for failed', about(segment, error))
        done(null)
        return
      }
      if (error === null) {
        segment.keepWritten()
        this.sync.changed(segment)
        this.writtenEndOffset = endOffset
      }
      done(error ?? this.#errorOf(() => this.#finishEnded()))
    })
    return size
  }

  #errorOf(act: () => void): DiskError | null {
    try {
      act()
      return null
    } catch (error) {
      if (error instanceof DiskError) return error
      throw error
    }
  }

  /** Nothing above writtenEndOffset can be cut off while the pool may still write there. Throws DiskError. */
  checkNotWriting(): void {
    if (!this.segments.some((segment) => segment.isWriting)) return
    throw new DiskError('exhausted', this.directory, 'a write is still under way')
  }

  get isActiveEmpty(): boolean {
    return this.active.size === 0 && this.active.baseOffset === this.logEndOffset
  }

  /** All of it is written. Throws DiskError: then nothing has happened. */
  roll(config: LogConfig, writeSnapshot: () => void): void {
    this.beginSegment(config, writeSnapshot)
    try {
      this.#finishEnded()
    } catch (error) {
      this.#dropUnborn()
      throw error
    }
  }

  /** The active segment ends, in memory. `writeSnapshot`: of the producers as they are now; it may throw DiskError. */
  beginSegment(config: LogConfig, writeSnapshot: () => void): void {
    const segment = new Segment(this.#environment, this.directory, this.logEndOffset)
    segment.begin()
    this.segments.push(segment)
    this.#unborn = [...this.#unborn, { segment, writeSnapshot }]
    this.drawJitter(config)
  }

  /** Those that are in their files to the end get the files beside them, and the next one its own. Throws DiskError. */
  #finishEnded(): void {
    for (;;) {
      const next = this.#unborn[0]
      const ended = this.writing
      if (next === undefined || ended.unwrittenSize > 0) return
      ended.flushIndexes(false)
      this.sync.ended(ended)
      next.writeSnapshot()
      this.sync.syncNames()
      next.segment.makeFile()
      this.sync.namesAdded(false)
      this.#unborn = this.#unborn.slice(1)
    }
  }

  /** The segment in which the last written offset lies is the active one again. Throws DiskError. */
  #dropUnborn(): void {
    const dropped = this.#unborn.map(({ segment }) => segment)
    if (dropped.length === 0) return
    this.#unborn = NO_SEGMENTS
    this.segments = this.segments.slice(0, -dropped.length)
    const { disk } = this.#environment.host
    for (const segment of dropped) {
      segment.discardPending()
      // Its file may have been made, and something else not.
      if (disk.exists(segment.path(LOG_SUFFIX))) removeSegments(this.#environment, [segment])
      else segment.abandon()
    }
  }

  drawJitter({ segmentJitterMs, segmentMs }: LogConfig): void {
    const bound = Math.min(segmentJitterMs, segmentMs, MAX_JITTER_MS)
    this.#rollJitterMs = bound > 0 ? this.#environment.host.random.below(bound) : 0
  }

  // Taking away

  /** After a failed write: what is not in the file was never appended. Nothing is written: the disk may be full. */
  takeBackUnwritten(): void {
    this.checkNotWriting()
    this.#beginTruncation()
    this.#dropUnborn()
    for (const segment of this.segments) if (segment.hasUnwritten) segment.discardPending()
    this.active.forgetFrom(this.writtenEndOffset)
    this.#truncated(this.writtenEndOffset)
  }

  /** As takeBackUnwritten as far as it needs no file: for a log that is not appended to any more. */
  hideUnwritten(): void {
    this.logEndOffset = this.writtenEndOffset
    this.tail.clear()
  }

  /**
   * Removes what is from `offset` on, whole batches. Returns where the log ends now. Nothing may be pending, or under
   * way in the pool.
   */
  truncateTo(offset: number): number {
    this.sync.beginTruncation(offset)
    this.#beginTruncation()
    if (this.segments[0]!.baseOffset > offset) {
      this.#startAnewAt(offset)
      return this.#truncated(offset)
    }
    const kept = this.segments.filter((segment) => segment.baseOffset <= offset)
    const dropped = this.segments.slice(kept.length)
    this.segments = kept
    removeSegments(this.#environment, dropped)
    return this.#truncated(this.active.truncateTo(offset))
  }

  startAnewAt(offset: number): void {
    this.sync.beginTruncation(0)
    this.#beginTruncation()
    this.#startAnewAt(offset)
    this.#truncated(offset)
  }

  #startAnewAt(offset: number): void {
    this.#makeDirectory()
    const dropped = this.segments
    this.segments = []
    this.#unborn = NO_SEGMENTS
    removeSegments(this.#environment, dropped)
    this.segments = [newSegment(this.#environment, this.directory, offset)]
    this.sync.namesAdded(false)
  }

  #beginTruncation(): void {
    this.truncationCount++
    this.tail.clear()
    this.sync.releaseFiles()
  }

  #truncated(offset: number): number {
    this.logEndOffset = offset
    this.writtenEndOffset = offset
    this.sync.truncated(offset)
    return offset
  }

  /**
   * How many segments are below `offset` as a whole and may go: the snapshot at the begin of what is kept must be on
   * disk before the batches that it stands for are deleted.
   */
  deletableBelow(offset: number): number {
    const { recoveryPoint } = this.sync
    let count = Math.min(this.countBelow(offset), this.segments.length - 1 - this.#unborn.length)
    while (count > 0 && this.segments[count]!.baseOffset > recoveryPoint) count--
    return count
  }

  countBelow(offset: number): number {
    let count = 0
    while (count + 1 < this.segments.length && this.segments[count + 1]!.baseOffset <= offset) count++
    return count
  }

  /** `isStartKept` false: as many of them as nobody is reading. */
  deleteFirst(count: number, delayMs: number, isStartKept: boolean): number {
    this.sync.releaseFiles()
    const some = this.segments.slice(0, count)
    const pinned = isStartKept ? -1 : some.findIndex((segment) => segment.isPinned)
    const deleted = pinned < 0 ? some : some.slice(0, pinned)
    this.segments = this.segments.slice(deleted.length)
    this.sync.deleted()
    deleteSegments(this.#environment, deleted, delayMs, isStartKept)
    return deleted.length
  }

  /** One for several that stand side by side; their files are the caller's. False: they do not, or not any more. */
  replaceSegments(cleaned: Segment, old: readonly Segment[]): boolean {
    const first = this.segments.indexOf(old[0]!)
    if (first < 0 || old.some((segment, index) => this.segments[first + index] !== segment)) return false
    this.sync.releaseFiles()
    const after = this.segments.slice(first + old.length)
    this.segments = [...this.segments.slice(0, first), cleaned, ...after]
    this.sync.deleted()
    this.tail.clearBelow(after[0]!.baseOffset)
    return true
  }

  // Closing

  /** Writes what is not written; no sync starts any more. What has to be synced: files, then directories. */
  prepareClose(): { paths: string[]; directories: string[] } {
    this.sync.stop()
    this.write()
    const { segments: unsynced, paths, directories } = this.sync.take()
    for (const segment of this.segments) {
      if (unsynced.has(segment)) paths.push(segment.path(LOG_SUFFIX))
      else if (!segment.hasUnflushedIndexes) continue
      const isSynced = segment !== this.active || !segment.indexes.canBeLost
      segment.flushIndexes(false)
      if (!isSynced) continue
      paths.push(...sideFiles(this.#environment.host.disk, segment, this.segments))
      if (!directories.includes(this.directory)) directories.push(this.directory)
    }
    return { paths, directories }
  }

  release(): void {
    this.tail.clear()
    for (const segment of this.segments) segment.release(() => {})
  }

  /** Lets go of all files without writing. Reads and syncs under way still end. */
  abandon(): void {
    this.truncationCount++
    this.sync.abandon()
    this.sync.releaseFiles()
    this.tail.clear()
    for (const segment of this.segments) segment.abandon()
  }
}

/** What is to be compacted in time must have left the active segment by then. */
const maxSegmentMs = ({ segmentMs, maxCompactionLagMs, cleanupPolicy }: LogConfig): number =>
  maxCompactionLagMs < segmentMs && cleanupPolicy.includes('compact') ? maxCompactionLagMs : segmentMs

const about = (segment: Segment, error: Error) => ({ path: segment.path(LOG_SUFFIX), error: error.message })
