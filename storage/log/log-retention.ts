// Retention on one log, in two halves: between them the new log start offset goes to disk. Were it not there, a crash
// could bring some of the deleted segments back and others not, and a gap past the recovery point is damage.
// Source: UnifiedLog.deleteOldSegments.

import { DiskError } from '../../host/disk.ts'
import type { LocalLog } from './local-log.ts'
import type { LogConfig } from './log-config.ts'
import type { PartitionProducers } from './partition-producers.ts'
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

/** True when there are segments to be deleted. */
export function expire(log: RetainedLog, local: LocalLog, now: number): boolean {
  const { config, highWatermark } = log
  const { segments, logEndOffset } = local
  if (config.cleanupPolicy.includes('delete')) {
    const count = expiredSegmentCount(segments, config, now, highWatermark, logEndOffset)
    // All of them expired: the log goes on in a new, empty one.
    const isAll = count > 0 && count === segments.length
    const gone = isAll && !rollIfPossible(log, local) ? count - 1 : count
    if (gone > 0) log.moveLogStart(local.segments[gone]!.baseOffset)
  }
  return local.countBelow(log.logStartOffset) > 0
}

/** `isStartKept` false: a full disk did not take the log start offset, and segments go one by one. */
export function deleteExpired(
  log: RetainedLog,
  local: LocalLog,
  producers: PartitionProducers,
  isStartKept: boolean,
): number {
  const deletable = local.deletableBelow(log.logStartOffset)
  if (deletable === 0) return 0
  const count = local.deleteFirst(deletable, log.config.fileDeleteDelayMs, isStartKept)
  producers.deletedBelow(local.segments[0]!.baseOffset)
  return count
}

/** False: a full disk has no room for a new segment, and retention goes as far as it can without. */
function rollIfPossible(log: RetainedLog, local: LocalLog): boolean {
  try {
    log.roll()
    return true
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    if (local.segments.some((segment) => segment.hasUnwritten)) log.writeFailed(error)
    return false
  }
}
