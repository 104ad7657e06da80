// What of one log is not on disk yet, and the syncs that bring it there: the log's half of group commit.
//
//   changed(segment)  ended(segment)  topicIdWritten  namesAdded   what the next sync has to take along
//   want(offset) ──► queue ──► GroupCommit ──► startSync ──► SyncRun ──► finishSync ──► durableEndOffset, listener
//
// One sync runs at a time; it is for everything written when it starts. A truncation while it runs caps what it makes
// durable.
//
//   fileEndOffset ≤ durableEndOffset     what is between is small, and in the journal: the log's own file is synced
//                                        when somebody has time, and the recovery point waits for that
//
// A new log is left to the journal too: until its names are synced with its own files, all that is durable of it is
// there, and recovery begins it anew. Not so a log that has rolled: which segments it had is known by their names.

import { DiskError } from '../../host/disk.ts'
import type { Syncable } from '../commit/group-commit.ts'
import type { StorageEnvironment } from '../environment.ts'
import { join, PARTITION_METADATA, parentOf } from '../file-names.ts'
import { type Journal, type JournaledLog, NO_ENTRY, NO_ROOM } from '../journal/journal.ts'
import type { JournalRecord } from '../journal/journal-record.ts'
import type { Segment } from '../segment/segment.ts'
import { sideFiles } from '../segment/segment-files.ts'
import type { Tail } from '../shared/tail-cache.ts'
import { syncFile } from '../sync-files.ts'
import type { NextCheckpoint } from './leader-epoch-cache.ts'
import { SyncRun } from './sync-run.ts'

/** After a sync for which there was no file handle left. */
const RETRY_AFTER_MS = 100

/** Which a crash could lose: of files in the log's directory, or its own too. */
type NewNames = 'none' | 'files' | 'directory'

const syncsOf: Readonly<Record<NewNames, number>> = { none: 0, files: 1, directory: 2 }

/** Most logs have nothing to sync. Never changed. */
const NOT_JOURNALED = -1
const NONE: readonly string[] = []
const NO_SEGMENTS: Segment[] = []

export interface SyncedLog {
  readonly segments: readonly Segment[]
  /** Those before it have ended: the files beside them are whole. */
  readonly writing: Segment
  readonly tail: Tail
  readonly directory: string
  readonly topicId: string | null
  readonly partition: number
  readonly writtenEndOffset: number
  /** The leader epochs of what is below, to be synced with a segment that has ended. Throws DiskError. */
  writeEpochs(endOffset: number): NextCheckpoint | null
  /** durableEndOffset has moved. */
  onSynced(): void
  onSyncFailed(error: Error): void
}

export class LogSync implements Syncable, JournaledLog {
  lastSyncMs: number
  #durableEndOffset: number
  /** The same of the log's own files. */
  #fileEndOffset: number
  readonly #environment: StorageEnvironment
  readonly #log: SyncedLog
  #wanted: number
  #isQueued = false
  #hasEndedSegment = false
  #isStopped = false
  #isAbandoned = false
  #isRetryDue = false
  readonly #journal: Journal | null
  /** Waits for the journal, or is in its record under way. */
  #isJournaling = false
  /** Of that record. */
  #journaledEndOffset = 0
  /** The journal wants its room back. */
  #isSettleDue = false
  #run: SyncRun | null = null
  /** Written to, or ended, since their last sync; oldest first. */
  #segments: Segment[] = NO_SEGMENTS
  /** Since the last sync. Not its path: thousands of logs wait for theirs up to a minute. */
  #isTopicIdWritten = false
  /** The run has it. */
  #isTopicIdUnderWay = false
  #newNames: NewNames = 'none'

  constructor(environment: StorageEnvironment, log: SyncedLog, endOffset: number, journal: Journal | null) {
    this.#environment = environment
    this.#log = log
    this.#journal = log.topicId === null ? null : journal
    this.#durableEndOffset = endOffset
    this.#fileEndOffset = endOffset
    this.#wanted = endOffset
    this.lastSyncMs = environment.host.clock.now()
  }

  /** Survives a loss of power. */
  get durableEndOffset(): number {
    return this.#durableEndOffset
  }

  /**
   * What the recovery-point checkpoint may say: a segment below it is not looked at any more, nor are the files beside
   * it.
   */
  get recoveryPoint(): number {
    const { writing } = this.#log
    let point = this.#fileEndOffset
    for (const segments of [this.#segments, this.#run?.segments ?? []]) {
      for (const segment of segments) if (segment !== writing) point = Math.min(point, segment.baseOffset)
    }
    return point
  }

  /** The log was opened after an unclean stop, and found whole; of it this may be in the page cache alone. */
  recovered(durableEndOffset: number, segments: readonly Segment[]): void {
    this.#durableEndOffset = durableEndOffset
    this.#fileEndOffset = durableEndOffset
    for (const segment of segments) {
      if (segment === this.#log.segments.at(-1)) this.changed(segment)
      else this.ended(segment)
    }
    this.queue()
  }

  changed(segment: Segment): void {
    if (this.#segments.length === 0) this.#segments = [segment]
    else if (this.#segments[this.#segments.length - 1] !== segment) this.#segments.push(segment)
  }

  /**
   * Its bytes may be synced, the files beside it are not: they are, without being asked for, so that the recovery point
   * can follow.
   */
  ended(segment: Segment): void {
    this.changed(segment)
    this.#hasEndedSegment = true
  }

  topicIdWritten(): void {
    this.#isTopicIdWritten = true
  }

  /** `isNew`: the log's directory is. Otherwise files in it are. */
  namesAdded(isNew: boolean): void {
    if (isNew) this.#newNames = 'directory'
    else if (this.#newNames === 'none') this.#newNames = 'files'
  }

  get #paths(): readonly string[] {
    return this.#isTopicIdWritten ? [this.#topicIdPath] : NONE
  }

  get #topicIdPath(): string {
    return join(this.#log.directory, PARTITION_METADATA)
  }

  /** With names that a crash could lose. */
  get #directories(): readonly string[] {
    const { directory } = this.#log
    if (this.#newNames === 'none') return NONE
    return this.#newNames === 'files' ? [directory] : [parentOf(directory), directory]
  }

  /** What is below `endOffset` is wanted on disk. Nothing starts before `queue`. */
  want(endOffset: number): void {
    if (this.#wanted < endOffset) this.#wanted = endOffset
  }

  get isDue(): boolean {
    return !this.#isStopped && this.#wanted > this.#durableEndOffset
  }

  /** A sync may start, of what is wanted and written. */
  queue(): void {
    if (this.#isStopped) return
    const journaledSize = !this.#isJournaling && this.#isUndurable ? this.#journaledSize() : NOT_JOURNALED
    if (journaledSize !== NOT_JOURNALED) {
      this.#isJournaling = true
      this.#journal?.add(this, journaledSize)
    }
    if (this.#isRetryDue || this.#run !== null) return
    const { isAwaited } = this
    if (this.#isQueued) {
      if (isAwaited) this.#environment.commits.hurry(this)
      return
    }
    if (!isAwaited && !this.#hasEndedSegment && !this.#isSettleDue) return
    this.#isQueued = true
    this.#environment.commits.add(this)
  }

  get #isUndurable(): boolean {
    return Math.min(this.#wanted, this.#log.writtenEndOffset) > this.#durableEndOffset
  }

  get #hasNewNames(): boolean {
    return this.#newNames !== 'none' || (this.#run !== null && this.#run.directories.length > 0)
  }

  /** Only the journal knows of its names: they shall not stay so for long. */
  settleNames(): void {
    if (this.#newNames !== 'none' && this.#fileEndOffset < this.#durableEndOffset) this.settle()
  }

  /**
   * If only the journal knows of the log, so does its directory at return: before a second segment, and before a
   * checkpoint tells something of it by its name. Once a log, so the wait is bearable. Throws DiskError.
   */
  syncNames(): void {
    if (!this.#hasNewNames || (this.#fileEndOffset === this.#durableEndOffset && !this.#isJournaling)) return
    const { disk } = this.#environment.host
    if (this.#isTopicIdWritten || this.#isTopicIdUnderWay) syncFile(disk, this.#topicIdPath)
    for (const path of [...this.#directories, ...(this.#run?.directories ?? [])]) disk.syncDirectory(path)
    this.#isTopicIdWritten = false
    this.#newNames = 'none'
  }

  // For the journal

  /** Of what the journal would take; NOT_JOURNALED: it is for the log's own file. */
  #journaledSize(): number {
    const journal = this.#journal
    if (journal === null || (this.#hasNewNames && this.#log.segments.length > 1)) return NOT_JOURNALED
    const { tail, writtenEndOffset } = this.#log
    const index = tail.indexOf(this.#durableEndOffset)
    const size = index < 0 ? -1 : tail.sizeFrom(index, writtenEndOffset, journal.maxEntrySize)
    if (size < 0 || size > journal.maxEntrySize) return NOT_JOURNALED
    const syncs = this.#segments.length + (this.#isTopicIdWritten ? 1 : 0) + syncsOf[this.#newNames]
    return journal.admits(syncs) ? size : NOT_JOURNALED
  }

  /** As much as there is room for, whole chunks. */
  fillEntry(record: JournalRecord): number {
    const { tail, topicId, partition, writtenEndOffset } = this.#log
    const { maxEntrySize } = this.#journal ?? { maxEntrySize: 0 }
    let index = this.#isStopped ? -1 : tail.indexOf(this.#durableEndOffset)
    if (index < 0 || topicId === null || this.#durableEndOffset >= writtenEndOffset) return NO_ENTRY
    const room = Math.min(maxEntrySize, record.room)
    let chunk = tail.chunkAt(index)
    if (chunk === undefined || tail.endOffsetAt(index) > writtenEndOffset) return NO_ENTRY
    if (chunk.length > room) return record.isEmpty ? NO_ENTRY : NO_ROOM
    record.beginEntry(topicId, partition, this.#durableEndOffset)
    let size = 0
    while (chunk !== undefined && size + chunk.length <= room && tail.endOffsetAt(index) <= writtenEndOffset) {
      record.append(chunk)
      size += chunk.length
      this.#journaledEndOffset = tail.endOffsetAt(index)
      chunk = tail.chunkAt(++index)
    }
    record.endEntry()
    return this.#journaledEndOffset
  }

  onJournaled(): void {
    this.#isJournaling = false
    if (this.#isStopped) return
    this.#advance(this.#journaledEndOffset)
    this.queue()
  }

  onLeftOut(): void {
    this.#isJournaling = false
    this.queue()
  }

  settle(): void {
    this.#isSettleDue = true
    this.queue()
  }

  /** What the journal holds from `offset` on will not come back. Throws DiskError: then nothing has happened. */
  beginTruncation(offset: number): void {
    const { topicId, partition } = this.#log
    if (topicId !== null) this.#journal?.truncate(this, topicId, partition, offset)
  }

  // For GroupCommit

  get isAwaited(): boolean {
    return !this.#isJournaling && this.#isUndurable
  }

  startSync(ended: (log: Syncable) => void): void {
    this.#isQueued = false
    if (this.#isStopped) {
      ended(this)
      return
    }
    const { disk } = this.#environment.host
    const { segments: all, writing, writtenEndOffset } = this.#log
    const segments = this.#segments
    const paths = this.#paths
    const directories = this.#directories
    // Its first sync takes the epochs along, if nobody waits for it: thousands of logs need not do so at a stop.
    const isFirst = this.#newNames !== 'none' && !this.isAwaited
    this.#segments = NO_SEGMENTS
    this.#hasEndedSegment = false
    this.#isSettleDue = false
    this.#isTopicIdUnderWay = this.#isTopicIdWritten
    this.#isTopicIdWritten = false
    this.#newNames = 'none'
    let sidePaths = paths
    for (const segment of segments) {
      if (segment !== writing) sidePaths = [...sidePaths, ...sideFiles(disk, segment, all)]
    }
    const run = new SyncRun(writtenEndOffset, this.#environment, segments, sidePaths, directories, () => ended(this))
    this.#run = run
    // Recovery will not look at the batches of what has ended any more.
    if (isFirst || segments.some((segment) => segment !== writing)) this.#addEpochs(run)
    run.start()
  }

  #addEpochs(run: SyncRun): void {
    try {
      const epochs = this.#log.writeEpochs(run.endOffset)
      if (epochs !== null) run.addEpochs(epochs)
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      run.postpone(error)
    }
  }

  finishSync(): void {
    const run = this.#run
    if (run === null) return
    this.#run = null
    const { error } = run
    if (error?.reason === 'exhausted') this.#again(run, error)
    this.#isTopicIdUnderWay = false
    if (error?.reason !== 'exhausted') this.#ended(run.endOffset, error)
  }

  /** Nothing is known to be lost, some of it is not synced: all of it is wanted again. */
  #again(run: SyncRun, error: DiskError): void {
    const { logger, timers } = this.#environment.host
    const { segments, writing } = this.#log
    logger.warn('a sync is tried again', { error: error.message })
    const unsynced = new Set([...run.segments, ...this.#segments])
    this.#segments = [...unsynced].filter((segment) => segments.includes(segment))
    this.#hasEndedSegment = this.#segments.some((segment) => segment !== writing)
    this.#isTopicIdWritten ||= this.#isTopicIdUnderWay
    if (run.directories.length > 0) this.namesAdded(run.directories.includes(parentOf(this.#log.directory)))
    this.#isSettleDue = true
    this.#isRetryDue = true
    timers.after(RETRY_AFTER_MS, () => {
      this.#isRetryDue = false
      this.queue()
    })
  }

  #ended(endOffset: number, error: Error | null): void {
    if (this.#isAbandoned) return
    if (error !== null) {
      this.#isStopped = true
      this.#log.onSyncFailed(error)
      return
    }
    this.#fileEndOffset = Math.max(this.#fileEndOffset, endOffset)
    this.#journal?.synced(this, this.#fileEndOffset)
    if (this.#isStopped) return
    this.#advance(endOffset)
    this.queue()
  }

  #advance(endOffset: number): void {
    this.lastSyncMs = this.#environment.host.clock.now()
    if (endOffset <= this.#durableEndOffset) return
    this.#durableEndOffset = endOffset
    this.#log.onSynced()
  }

  /** Files beside segments are about to be renamed or removed. */
  releaseFiles(): void {
    this.#run?.closeSideFiles()
  }

  /** The log ends at `offset` now, with its segments as they are. */
  truncated(offset: number): void {
    const { segments } = this.#log
    this.#run?.cap(offset)
    this.#durableEndOffset = Math.min(this.#durableEndOffset, offset)
    this.#fileEndOffset = Math.min(this.#fileEndOffset, offset)
    this.#journaledEndOffset = Math.min(this.#journaledEndOffset, offset)
    this.#journal?.synced(this, this.#fileEndOffset)
    this.#wanted = Math.min(this.#wanted, offset)
    this.#segments = this.#segments.filter((segment) => segments.includes(segment))
    const active = segments.at(-1)
    if (active !== undefined && !this.#segments.includes(active)) this.#segments.push(active)
  }

  /** Segments were deleted: what is left of them is in the log. */
  deleted(): void {
    this.#segments = this.#segments.filter((segment) => this.#log.segments.includes(segment))
  }

  /** No sync starts any more. */
  stop(): void {
    this.#isStopped = true
  }

  /** The files belong to somebody else now: what becomes of a sync under way matters to nobody. */
  abandon(): void {
    this.#isStopped = true
    this.#isAbandoned = true
    this.#run?.dropEpochs()
    this.#journal?.forget(this)
  }

  /** For a close: everything is on disk. */
  allSynced(endOffset: number): void {
    this.#durableEndOffset = endOffset
    this.#fileEndOffset = endOffset
  }

  /** For a close, after `stop`: all that is not on disk, what a sync under way may yet bring there included. */
  take(): { segments: ReadonlySet<Segment>; paths: string[]; directories: string[] } {
    const { disk } = this.#environment.host
    const { segments } = this.#log
    const run = this.#run
    const unsynced = [...(run?.segments ?? []), ...this.#segments].filter((segment) => segments.includes(segment))
    const paths = [...this.#paths, ...(run?.sidePaths ?? []).filter((path) => disk.exists(path))]
    return { segments: new Set(unsynced), paths, directories: [...this.#directories, ...(run?.directories ?? [])] }
  }
}
