// What of one log is not on disk yet, and the syncs that bring it there: the log's half of group commit.
//
//   changed(segment)  ended(segment)  addPath  addDirectory      what the next sync has to take along
//   want(offset) ──► queue ──► GroupCommit ──► startSync ──► SyncRun ──► finishSync ──► durableEndOffset, listener
//
// One sync runs at a time; it is for everything written when it starts. A truncation while it runs caps what it makes
// durable.

import type { DiskError } from '../host/disk.ts'
import type { StorageEnvironment } from './environment.ts'
import type { Syncable } from './group-commit.ts'
import type { Segment } from './segment.ts'
import { sideFiles } from './segment-files.ts'
import { SyncRun } from './sync-run.ts'

/** After a sync for which there was no file handle left. */
const RETRY_AFTER_MS = 100

const NONE: readonly string[] = []

export interface SyncedLog {
  readonly segments: readonly Segment[]
  readonly writtenEndOffset: number
  /** durableEndOffset has moved. */
  onSynced(): void
  onSyncFailed(error: Error): void
}

export class LogSync {
  /** Survives a loss of power. */
  durableEndOffset: number
  lastSyncMs: number
  readonly #environment: StorageEnvironment
  readonly #log: SyncedLog
  #wanted: number
  #isQueued = false
  #hasEndedSegment = false
  #isStopped = false
  #isAbandoned = false
  #isRetryDue = false
  #run: SyncRun | null = null
  /** Written to, or ended, since their last sync; oldest first. */
  #segments: Segment[] = []
  /** Small files beside the log. */
  #paths: readonly string[] = NONE
  /** With names that a crash could lose. */
  #directories: readonly string[] = NONE
  /** Of `#paths`, what the run has. */
  #pathsUnderWay: readonly string[] = NONE

  constructor(environment: StorageEnvironment, log: SyncedLog, endOffset: number) {
    this.#environment = environment
    this.#log = log
    this.durableEndOffset = endOffset
    this.#wanted = endOffset
    this.lastSyncMs = environment.host.clock.now()
  }

  /**
   * What the recovery-point checkpoint may say: a segment below it is not looked at any more, nor are the files beside
   * it.
   */
  get recoveryPoint(): number {
    const active = this.#log.segments.at(-1)
    let point = this.durableEndOffset
    for (const segments of [this.#segments, this.#run?.segments ?? []]) {
      for (const segment of segments) if (segment !== active) point = Math.min(point, segment.baseOffset)
    }
    return point
  }

  /** The log was opened after an unclean stop, and found whole; of it this may be in the page cache alone. */
  recovered(durableEndOffset: number, segments: readonly Segment[]): void {
    this.durableEndOffset = durableEndOffset
    for (const segment of segments) {
      if (segment === this.#log.segments.at(-1)) this.changed(segment)
      else this.ended(segment)
    }
    this.queue()
  }

  changed(segment: Segment): void {
    if (this.#segments[this.#segments.length - 1] !== segment) this.#segments.push(segment)
  }

  /**
   * Its bytes may be synced, the files beside it are not: they are, without being asked for, so that the recovery point
   * can follow.
   */
  ended(segment: Segment): void {
    this.changed(segment)
    this.#hasEndedSegment = true
  }

  addPath(path: string): void {
    this.#paths = [...this.#paths, path]
  }

  addDirectory(path: string): void {
    if (!this.#directories.includes(path)) this.#directories = [...this.#directories, path]
  }

  /** What is below `endOffset` is wanted on disk. Nothing starts before `queue`. */
  want(endOffset: number): void {
    if (this.#wanted < endOffset) this.#wanted = endOffset
  }

  get isDue(): boolean {
    return !this.#isStopped && this.#wanted > this.durableEndOffset
  }

  /** A sync may start, of what is wanted and written. */
  queue(): void {
    if (this.#isRetryDue || this.#run !== null || this.#isStopped) return
    const { isAwaited } = this
    if (this.#isQueued) {
      if (isAwaited) this.#environment.commits.hurry(this)
      return
    }
    if (!isAwaited && !this.#hasEndedSegment) return
    this.#isQueued = true
    this.#environment.commits.add(this)
  }

  // For GroupCommit

  get isAwaited(): boolean {
    return Math.min(this.#wanted, this.#log.writtenEndOffset) > this.durableEndOffset
  }

  startSync(ended: (log: Syncable) => void): void {
    this.#isQueued = false
    if (this.#isStopped) {
      ended(this)
      return
    }
    const { disk } = this.#environment.host
    const { segments: all, writtenEndOffset } = this.#log
    const segments = this.#segments
    const paths = this.#paths
    const directories = this.#directories
    this.#segments = []
    this.#hasEndedSegment = false
    this.#paths = NONE
    this.#directories = NONE
    let sidePaths = paths
    const active = all[all.length - 1]
    for (const segment of segments) {
      if (segment !== active) sidePaths = [...sidePaths, ...sideFiles(disk, segment, all)]
    }
    this.#pathsUnderWay = paths
    this.#run = new SyncRun(writtenEndOffset, this.#environment, segments, sidePaths, directories, () => ended(this))
    this.#run.start()
  }

  finishSync(): void {
    const run = this.#run
    if (run === null) return
    this.#run = null
    if (run.error?.reason === 'exhausted') this.#again(run, run.error)
    else this.#ended(run.endOffset, run.error)
  }

  /** Nothing is known to be lost, some of it is not synced: all of it is wanted again. */
  #again(run: SyncRun, error: DiskError): void {
    const { logger, timers } = this.#environment.host
    const { segments } = this.#log
    logger.warn('a sync is tried again', { error: error.message })
    const unsynced = new Set([...run.segments, ...this.#segments])
    this.#segments = [...unsynced].filter((segment) => segments.includes(segment))
    this.#hasEndedSegment = this.#segments.some((segment) => segment !== segments.at(-1))
    this.#paths = [...this.#paths, ...this.#pathsUnderWay]
    for (const path of run.directories) this.addDirectory(path)
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
    this.lastSyncMs = this.#environment.host.clock.now()
    if (this.#isStopped) return
    if (endOffset > this.durableEndOffset) {
      this.durableEndOffset = endOffset
      this.#log.onSynced()
    }
    this.queue()
  }

  /** Files beside segments are about to be renamed or removed. */
  releaseFiles(): void {
    this.#run?.closeSideFiles()
  }

  /** The log ends at `offset` now, with its segments as they are. */
  truncated(offset: number): void {
    const { segments } = this.#log
    this.#run?.cap(offset)
    this.durableEndOffset = Math.min(this.durableEndOffset, offset)
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
