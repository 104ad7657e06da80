// Which segments retention has done with: always from the oldest on, never one that reaches above the high watermark.
// Source: UnifiedLog.deleteOldSegments.

import type { Segment } from '../segment/segment.ts'
import type { LogConfig } from './log-config.ts'

/** All of them may be: then the caller rolls first. An active segment goes by time alone. */
export function expiredSegmentCount(
  segments: readonly Segment[],
  config: LogConfig,
  now: number,
  highWatermark: number,
  logEndOffset: number,
): number {
  const { retentionMs, retentionBytes } = config
  let count = 0
  if (retentionMs >= 0) {
    while (count < segments.length && isOver(segments, count, highWatermark, logEndOffset)) {
      if (now - lastTime(segments[count]!) <= retentionMs) break
      count++
    }
  }
  if (retentionBytes < 0) return count
  let excess = -retentionBytes
  for (const segment of segments) excess += segment.size
  let bySize = 0
  while (bySize < segments.length - 1 && isOver(segments, bySize, highWatermark, logEndOffset)) {
    excess -= segments[bySize]!.size
    if (excess < 0) break
    bySize++
  }
  return Math.max(count, bySize)
}

function isOver(segments: readonly Segment[], index: number, highWatermark: number, logEndOffset: number): boolean {
  const next = segments[index + 1]
  if (next === undefined && segments[index]!.size === 0) return false
  return (next?.baseOffset ?? logEndOffset) <= highWatermark
}

function lastTime(segment: Segment): number {
  return segment.maxTimestamp >= 0 ? segment.maxTimestamp : segment.createdMs
}
