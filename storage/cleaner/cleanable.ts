// What of a log may be compacted now, and whether it is worth it.
//
//   segments  [ 0 … ][ 400 … ][ 700 … ][ 900 … ][ 1300 … active ]
//             │ clean ──────▶ │ dirty ───────▶ │ not yet: active, above the last stable offset, younger than
//             0          firstDirtyOffset   upperOffset         min.compaction.lag.ms, or not known to be on disk
//
//   dirty ratio = bytes of the dirty segments / bytes of clean and dirty ones
//
// Source: LogCleanerManager.cleanableOffsets, LogToClean.

import type { Log } from '../log/log.ts'
import { UNLIMITED } from '../log/log-config.ts'
import type { Segment } from '../segment/segment.ts'
import { segmentIndexFor } from '../segment/segment-search.ts'

export interface LogToClean {
  readonly log: Log
  readonly firstDirtyOffset: number
  /** Base offset of the first segment that stays as it is. */
  readonly upperOffset: number
  readonly cleanableSize: number
  readonly ratio: number
  /** max.compaction.lag.ms has passed. */
  readonly isOverdue: boolean
}

/** null: nothing of it may be cleaned. Opens files of logs that have more than an active segment. */
export function cleanable(log: Log, now: number): LogToClean | null {
  const { segments, config } = log
  if (segments.length < 2) return null
  const firstDirtyOffset = firstDirty(log)
  const bound = Math.min(segments.at(-1)!.baseOffset, log.lastStableOffset, log.recoveryPoint)
  const upper =
    firstDirtyOffset >= bound ? segmentIndexFor(segments, bound) : upperIndex(log, firstDirtyOffset, bound, now)
  const upperOffset = segments[upper]!.baseOffset
  const dirty = segments.slice(Math.min(upper, segmentIndexFor(segments, firstDirtyOffset)), upper)
  const cleanableSize = sizeOf(dirty)
  const total = sizeOf(segments.filter(({ baseOffset }) => baseOffset < firstDirtyOffset)) + cleanableSize
  if (total === 0) return null
  const isOverdue =
    config.maxCompactionLagMs < UNLIMITED &&
    dirty.some(({ firstTimestamp }) => firstTimestamp > 0 && firstTimestamp < now - config.maxCompactionLagMs)
  return { log, firstDirtyOffset, upperOffset, cleanableSize, ratio: cleanableSize / total, isOverdue }
}

export function isDirtyEnough({ log, ratio, cleanableSize, isOverdue }: LogToClean): boolean {
  return cleanableSize > 0 && (isOverdue || ratio > log.config.minCleanableDirtyRatio)
}

/** Where the last round ended, unless the log has been cut since, or begins later. */
function firstDirty({ cleanedOffset, logStartOffset, logEndOffset }: Log): number {
  if (cleanedOffset === null || cleanedOffset < logStartOffset || cleanedOffset > logEndOffset) return logStartOffset
  return cleanedOffset
}

function upperIndex({ segments, config }: Log, firstDirtyOffset: number, bound: number, now: number): number {
  const end = segmentIndexFor(segments, bound)
  const lag = config.minCompactionLagMs
  if (lag <= 0) return end
  for (let index = segmentIndexFor(segments, firstDirtyOffset); index < end; index++) {
    if (segments[index]!.maxTimestamp > now - lag) return index
  }
  return end
}

function sizeOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { size }) => sum + size, 0)
}
