// Offsets by timestamp: the time index leads to a batch, the batch's records to the offset. Rare, so synchronous.
// A batch that cannot be read has no record to be found, those behind it are.
// Source: LogSegment.findOffsetByTimestamp, FileRecords.searchForTimestamp.

import { batchLeaderEpoch } from '../../protocol/records/batch.ts'
import type { LogRecord } from '../../protocol/records/log-record.ts'
import { readableRecords } from '../../protocol/records/record.ts'
import type { Segment } from '../segment/segment.ts'
import { SegmentScanner } from '../segment/segment-scanner.ts'

export interface OffsetAndTimestamp {
  readonly offset: number
  readonly timestamp: number
  /** -1: not known, in messages of magic 0 and 1. */
  readonly leaderEpoch: number
}

export function findByTimestamp(
  segments: readonly Segment[],
  timestamp: number,
  logStartOffset: number,
): OffsetAndTimestamp | null {
  for (const segment of segments) {
    if (segment.maxTimestamp < timestamp) continue
    const start = segment.indexes.offset.lookup(Math.max(segment.indexes.time.lookup(timestamp), logStartOffset))
    const isWanted = (record: LogRecord): boolean => record.timestamp >= timestamp && record.offset >= logStartOffset
    const found = findRecord(segment, start, timestamp, isWanted)
    if (found !== null) return found
  }
  return null
}

export function findMaxTimestamp(segments: readonly Segment[], logStartOffset: number): OffsetAndTimestamp | null {
  let latest: Segment | null = null
  for (const segment of segments) {
    if (segment.size > 0 && segment.maxTimestamp > (latest?.maxTimestamp ?? -1)) latest = segment
  }
  if (latest === null) return null
  const timestamp = latest.maxTimestamp
  // Entries below that timestamp: the batch that has it comes after them.
  const start = latest.indexes.offset.lookup(latest.indexes.time.lookup(timestamp - 1))
  const isWanted = (record: LogRecord): boolean => record.timestamp === timestamp && record.offset >= logStartOffset
  return findRecord(latest, start, timestamp, isWanted)
}

function findRecord(
  segment: Segment,
  start: number,
  timestamp: number,
  isWanted: (record: LogRecord) => boolean,
): OffsetAndTimestamp | null {
  const scanner = new SegmentScanner(segment.file(), Math.min(start, segment.writtenSize), segment.writtenSize, true)
  try {
    while (scanner.next()) {
      if (scanner.maxTimestamp < timestamp) continue
      const record = readableRecords(scanner.bytes, scanner.view, scanner.at).find(isWanted)
      if (record === undefined) continue
      const leaderEpoch = scanner.magic === 2 ? batchLeaderEpoch(scanner.view, scanner.at) : -1
      return { offset: record.offset, timestamp: record.timestamp, leaderEpoch }
    }
    return null
  } finally {
    scanner.close()
  }
}
