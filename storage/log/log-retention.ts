// Retention on one log, in two halves: between them the new log start offset goes to disk. Were it not there, a crash
// could bring some of the deleted segments back and others not, and a gap past the recovery point is damage.
// Source: UnifiedLog.deleteOldSegments.

import { DiskError } from '../../host/disk.ts'
import type { PartitionProducers } from '../producers/partition-producers.ts'
import type { LocalLog } from './local-log.ts'
import type { LogConfig } from './log-config.ts'
import { expiredSegmentCount } from './retention.ts'

export interface RetainedLog {
  readonly config: LogConfig
  readonly highWatermark: number
  readonly logStartOffset: number
  /** Throws DiskError. */
  roll(): void
  writeFailed(cause: unknown): void
  moveLogStart(offset: number): void
}

export class LogRetention {
  readonly #log: RetainedLog
  readonly #local: LocalLog
  readonly #producers: PartitionProducers

  constructor(log: RetainedLog, local: LocalLog, producers: PartitionProducers) {
    this.#log = log
    this.#local = local
    this.#producers = producers
  }

  /** True when there are segments to be deleted. */
  expire(now: number): boolean {
    const { config, highWatermark } = this.#log
    const { segments, logEndOffset } = this.#local
    if (config.cleanupPolicy.includes('delete')) {
      const count = expiredSegmentCount(segments, config, now, highWatermark, logEndOffset)
      // All of them expired: the log goes on in a new, empty one.
      const isAll = count > 0 && count === segments.length
      const gone = isAll && !this.#rollIfPossible() ? count - 1 : count
      if (gone > 0) this.#log.moveLogStart(this.#local.segments[gone]!.baseOffset)
    }
    return this.#local.countBelow(this.#log.logStartOffset) > 0
  }

  /** `isStartKept` false: a full disk did not take the log start offset, and segments go one by one. */
  deleteExpired(isStartKept: boolean): number {
    const deletable = this.#local.deletableBelow(this.#log.logStartOffset)
    if (deletable === 0) return 0
    const count = this.#local.deleteFirst(deletable, this.#log.config.fileDeleteDelayMs, isStartKept)
    this.#producers.deletedBelow(this.#local.segments[0]!.baseOffset)
    return count
  }

  /** False: a full disk has no room for a new segment, and retention goes as far as it can without. */
  #rollIfPossible(): boolean {
    try {
      this.#log.roll()
      return true
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      if (this.#local.segments.some((segment) => segment.hasUnwritten)) this.#log.writeFailed(error)
      return false
    }
  }
}
