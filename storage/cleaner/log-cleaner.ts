// Compaction in the background: one worker for all log directories, which takes the dirtiest log, cleans it, takes the
// next, and rests log.cleaner.backoff.ms when there is none.
//
//   look at all logs ──► the dirtiest ──► recovery points on disk ──► cleanLog ──► cleaner-offset-checkpoint ──┐
//       ▲                └ none: backoff                              └ damaged: uncleanable, named in the log │
//       └──────────────────────────────────────────────────────────────────────────────────────────────────────┘
//
// Recovery points first: a start after a crash takes a gap between segments above them for damage, and compaction makes
// such gaps. A log that cannot be cleaned is not tried again until the broker starts anew; a full disk is no reason,
// the next round tries again. Source: LogCleaner, LogCleanerManager.

import { DiskError } from '../../host/disk.ts'
import type { Timer } from '../../host/host.ts'
import type { StorageEnvironment } from '../environment.ts'
import type { Log } from '../log/log.ts'
import { StorageFault } from '../storage-fault.ts'
import { type CleanedLog, type CleaningBounds, cleanLog } from './clean-log.ts'
import { cleanable, isDirtyEnough, type LogToClean } from './cleanable.ts'
import { CleaningAborted, Pace } from './pace.ts'

export interface CleanedDirectory {
  readonly isOffline: boolean
  readonly isClosed: boolean
  logs(): Iterable<Log>
  /** Durable at return; what went wrong, or null. */
  checkpointRecoveryPoints(): DiskError | null
  checkpointCleanedOffsets(): DiskError | null
}

/** Read at each use: all of them may change while the broker runs. */
export interface CleanerSettings extends CleaningBounds {
  readonly isEnabled: boolean
  readonly backoffMs: number
  readonly maxBytesPerSecond: number
}

export class LogCleaner {
  readonly #environment: StorageEnvironment
  readonly #directories: readonly CleanedDirectory[]
  readonly #settings: () => CleanerSettings
  readonly #uncleanable = new Set<Log>()
  #timer: Timer | null = null
  #isStopped = false
  #round: Promise<void> | null = null
  /** Kafka's max-dirty-percent, as a share. */
  dirtiestRatio = 0
  /** Since the start. */
  readonly totals = { logs: 0, bytesRead: 0, bytesWritten: 0, recordsRead: 0, recordsKept: 0 }

  constructor(
    environment: StorageEnvironment,
    directories: readonly CleanedDirectory[],
    settings: () => CleanerSettings,
  ) {
    this.#environment = environment
    this.#directories = directories
    this.#settings = settings
  }

  get uncleanable(): ReadonlySet<Log> {
    return this.#uncleanable
  }

  start(): void {
    this.#schedule(this.#settings().backoffMs)
  }

  /** Nothing is read or written any more when it resolves. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#round
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return
    this.#timer = this.#environment.host.timers.after(delayMs, () => {
      this.#round = this.clean().then((count) => {
        this.#round = null
        this.#schedule(count > 0 ? 0 : this.#settings().backoffMs)
      })
    })
  }

  /** The dirtiest log, if there is one. Returns how many logs were cleaned: also for tests. */
  async clean(): Promise<number> {
    if (!this.#settings().isEnabled) return 0
    try {
      const found = await this.#dirtiest()
      if (found === null) return 0
      return (await this.#clean(found.target, found.directory)) ? 1 : 0
    } catch (error) {
      if (error instanceof CleaningAborted) return 0
      throw error
    }
  }

  async #dirtiest(): Promise<{ target: LogToClean; directory: CleanedDirectory } | null> {
    const { host } = this.#environment
    const pace = new Pace(
      host,
      () => Number.POSITIVE_INFINITY,
      () => this.#isStopped,
    )
    let best: { target: LogToClean; directory: CleanedDirectory } | null = null
    this.dirtiestRatio = 0
    for (const directory of this.#directories) {
      if (directory.isOffline || directory.isClosed) continue
      for (const log of [...directory.logs()]) {
        if (pace.isOver) await pace.pause()
        const target = this.#cleanable(log)
        if (target === null) continue
        this.dirtiestRatio = Math.max(this.dirtiestRatio, target.ratio)
        if (isDirtyEnough(target) && target.ratio > (best?.target.ratio ?? -1)) best = { target, directory }
      }
    }
    this.#forgetGone()
    return best
  }

  #cleanable(log: Log): LogToClean | null {
    if (!log.config.cleanupPolicy.includes('compact') || !log.isCleanable || this.#uncleanable.has(log)) return null
    try {
      return cleanable(log, this.#environment.host.clock.now())
    } catch (error) {
      this.#failed(log, error)
      return null
    }
  }

  async #clean(target: LogToClean, directory: CleanedDirectory): Promise<boolean> {
    const { log } = target
    const { host } = this.#environment
    const isAborted = (): boolean => this.#isStopped || !log.isCleanable || directory.isClosed || directory.isOffline
    const pace = new Pace(host, () => this.#settings().maxBytesPerSecond, isAborted)
    const startMs = host.clock.monotonic()
    try {
      const error = directory.checkpointRecoveryPoints()
      if (error !== null) throw error
      const result = await cleanLog(this.#environment, target, this.#settings(), pace)
      log.cleanedOffset = result.endOffset
      directory.checkpointCleanedOffsets()
      this.#report(target, result, host.clock.monotonic() - startMs)
      return true
    } catch (error) {
      this.#failed(log, error)
      return false
    }
  }

  /** What is neither a disk's fault nor the log's is a bug, and thrown. */
  #failed(log: Log, error: unknown): void {
    if (error instanceof CleaningAborted) return
    if (!(error instanceof DiskError) && !(error instanceof StorageFault)) throw error
    const { logger } = this.#environment.host
    const passes = error instanceof DiskError && (error.reason === 'full' || error.reason === 'exhausted')
    const isSwapping = log.segments.some(({ isTemporary }) => isTemporary)
    if (passes && !isSwapping) {
      logger.warn('compaction is tried again later', { log: log.directory, error: error.message })
      return
    }
    this.#uncleanable.add(log)
    logger.error('a log cannot be compacted and is left alone until the next start', {
      log: log.directory,
      error: error.message,
    })
  }

  #report({ log, firstDirtyOffset }: LogToClean, result: CleanedLog, elapsedMs: number): void {
    const { totals } = this
    totals.logs++
    totals.bytesRead += result.bytesRead
    totals.bytesWritten += result.bytesWritten
    totals.recordsRead += result.recordsRead
    totals.recordsKept += result.recordsKept
    this.#environment.host.logger.info('log compacted', {
      log: log.directory,
      from: firstDirtyOffset,
      ...result,
      elapsedMs: Math.round(elapsedMs),
    })
  }

  #forgetGone(): void {
    for (const log of this.#uncleanable) if (!log.isCleanable) this.#uncleanable.delete(log)
  }
}
