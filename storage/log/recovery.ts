// Opening a partition's directory. After a clean stop only the end of the last segment is looked at. Otherwise every
// batch from the recovery point's segment on is read and its checksum verified; the log is cut at the first that is
// not sound, its indexes, epochs and producer state are rebuilt, and what was done is reported. Source: LogLoader,
// LogSegment.recover.
//
//   segments   [ ………… ][ ………│………… ][ …… ✗ ………][ …………… ]
//                       │   recovery point  │   └ removed: nothing after a cut can be trusted to follow it
//                       └ scanned from here └ cut
//
// Nothing is synced here but cuts: what was found past the recovery point may be in the page cache alone, is not called
// durable, and goes with the log's first sync, which follows at once (LogSync.recovered). One by one, 5,000 logs took
// seven seconds.
//
// A gap between two segments past the recovery point is damage too: the end of the former was lost, on a batch's
// border. Unless compaction has made it: a Kafka that was killed in the middle of a round has left some above all
// checkpoints, and then the batches before the gap have lost records as well. What the journal holds behind the end
// follows (journal-replay.ts).

import {
  batchLastOffsetDelta,
  batchLeaderEpoch,
  batchMaxTimestamp,
  batchRecordCount,
} from '../../protocol/records/batch.ts'
import type { StorageEnvironment } from '../environment.ts'
import {
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  offsetOfFileName,
  PARTITION_METADATA,
  segmentFileName,
} from '../file-names.ts'
import type { JournalEntry } from '../journal/journal-contents.ts'
import { batchesBehind, crcOf, firstOffset, holdsOffset, type LogEnd } from '../journal/journal-replay.ts'
import type { ProducerSnapshots } from '../producers/producer-snapshots.ts'
import type { ProducerState } from '../producers/producer-state.ts'
import { Segment } from '../segment/segment.ts'
import { newSegment, removeSegments } from '../segment/segment-files.ts'
import { SegmentScanner } from '../segment/segment-scanner.ts'
import { offsetAt } from './append-assign.ts'
import type { LeaderEpochCache } from './leader-epoch-cache.ts'
import type { LogConfig } from './log-config.ts'
import type { LogOptions } from './log-options.ts'
import { readTopicId } from './partition-metadata.ts'
import { completeSwaps } from './swap-files.ts'

export interface RecoveryReport {
  /** Scanned. */
  readonly segments: number
  readonly fromOffset: number
  readonly logEndOffset: number
  readonly bytesCut: number
  readonly segmentsRemoved: number
  /** Batches that came out of the journal. */
  readonly replayed: number
  /** Why it was cut; null when it was not. */
  readonly reason: string | null
}

interface LoadOptions {
  readonly environment: StorageEnvironment
  readonly directory: string
  readonly config: LogConfig
  readonly epochs: LeaderEpochCache
  readonly snapshots: ProducerSnapshots
  readonly recoveryPoint: number
  readonly logStartOffset: number
  readonly cleanedOffset?: number | null
  readonly isRecoveryPointKnown?: boolean
  /** A gap below it was made by compaction. */
  readonly wholeBelow: number
  readonly cleanShutdown: boolean
  /** What the journal has of it. */
  readonly journaled: readonly JournalEntry[]
}

export interface LoadedLog {
  readonly segments: Segment[]
  readonly logStartOffset: number
  readonly logEndOffset: number
  readonly producers: ProducerState | null
  /** Its names, and partition.metadata, are known to be on disk. */
  readonly hasDurableNames: boolean
  /** A new log's comes with its first append. */
  readonly hasDirectory: boolean
  /** partition.metadata is there. */
  readonly hasTopicId: boolean
  readonly report: RecoveryReport | null
  /** Up to here it was on disk before it was opened. */
  readonly durableEndOffset: number
  /** Scanned, and perhaps in the page cache alone; or with indexes made anew. */
  readonly unsynced: readonly Segment[]
}

type Loaded = Omit<LoadedLog, 'hasDirectory' | 'hasTopicId'>

export function loadLog(given: LogOptions, epochs: LeaderEpochCache, snapshots: ProducerSnapshots): LoadedLog {
  const { recoveryPoint = 0, logStartOffset = 0, cleanShutdown = false, journal, topicId, partition } = given
  const isInJournal = journal !== undefined && topicId !== undefined && !cleanShutdown
  const journaled = isInJournal ? journal.entriesOf(topicId, partition) : []
  const wholeBelow = cleanShutdown ? Number.POSITIVE_INFINITY : Math.max(recoveryPoint, given.cleanedOffset ?? 0)
  return load({ ...given, epochs, snapshots, recoveryPoint, logStartOffset, cleanShutdown, journaled, wholeBelow })
}

function load(options: LoadOptions): LoadedLog {
  const { environment, directory, snapshots } = options
  const { disk } = environment.host
  if (!disk.exists(directory)) return beginsInJournal(options) ? beginAnew(options, false) : notThere(options)
  const names = completeSwaps(environment, directory)
  // After a crash it may have come without its content.
  const hasTopicId =
    names.includes(PARTITION_METADATA) && (options.cleanShutdown || readTopicId(disk, directory) !== null)
  snapshots.found(names)
  const bases = names.map((name) => offsetOfFileName(name, LOG_SUFFIX)).filter((offset) => offset >= 0)
  bases.sort((a, b) => a - b)
  const segments = bases.map((base) => new Segment(environment, directory, base))
  if (!options.cleanShutdown) dropBelowLogStart(segments, options)
  if (segments.length === 0 && beginsInJournal(options)) return beginAnew(options, hasTopicId)
  if (segments.length === 0) {
    const { logStartOffset } = options
    const empty = [newSegment(environment, directory, logStartOffset)]
    return {
      segments: empty,
      logStartOffset,
      logEndOffset: logStartOffset,
      producers: null,
      hasDurableNames: false,
      hasDirectory: true,
      hasTopicId,
      report: null,
      durableEndOffset: logStartOffset,
      unsynced: [],
    }
  }
  const present = new Set(names)
  const active = segments[segments.length - 1]!
  const hasNoIndex = (segment: Segment): boolean =>
    !present.has(segmentFileName(segment.baseOffset, OFFSET_INDEX_SUFFIX)) &&
    (options.cleanShutdown || segment !== active) &&
    segment.size > 0
  const lacking = segments.find(hasNoIndex)
  if (lacking !== undefined) {
    const recoveryPoint = Math.min(options.recoveryPoint, lacking.baseOffset)
    return { ...recover(segments, { ...options, recoveryPoint }), hasDirectory: true, hasTopicId }
  }
  if (!options.cleanShutdown) return { ...recover(segments, options), hasDirectory: true, hasTopicId }
  const logEndOffset = segments[segments.length - 1]!.nextOffset()
  return { ...finish(segments, options, logEndOffset, null, null, []), hasDirectory: true, hasTopicId }
}

function notThere({ environment, directory, logStartOffset }: LoadOptions): LoadedLog {
  const segment = new Segment(environment, directory, logStartOffset)
  segment.begin()
  return {
    segments: [segment],
    logStartOffset,
    logEndOffset: logStartOffset,
    producers: null,
    hasDurableNames: false,
    hasDirectory: false,
    hasTopicId: false,
    report: null,
    durableEndOffset: logStartOffset,
    unsynced: [],
  }
}

const beginsInJournal = ({ journaled }: LoadOptions): boolean => firstOffset(journaled) !== null

/** A new log whose directory, or the first segment in it, a crash has taken: it begins where its first append did. */
function beginAnew(options: LoadOptions, hasTopicId: boolean): LoadedLog {
  const { environment, directory, journaled } = options
  environment.host.disk.makeDirectory(directory)
  const segment = newSegment(environment, directory, firstOffset(journaled) ?? options.logStartOffset)
  return { ...recover([segment], options), hasDirectory: true, hasTopicId }
}

/**
 * Retention was about to delete them, and of what it had begun a crash may have undone a part. It begins when the
 * snapshot at what is kept is on disk: without one it had not begun.
 */
function dropBelowLogStart(segments: Segment[], options: LoadOptions): void {
  let count = 0
  while (count + 1 < segments.length && segments[count + 1]!.baseOffset <= options.logStartOffset) count++
  if (count === 0 || !options.snapshots.isSound(segments[count]!.baseOffset)) return
  removeSegments(options.environment, segments.splice(0, count))
  options.snapshots.removeBelow(segments[0]!.baseOffset)
}

function recover(segments: Segment[], options: LoadOptions): Loaded {
  const { environment, directory, snapshots, config } = options
  const first = firstToRecover(segments, options.recoveryPoint)
  const start = segments[first]!.baseOffset
  // What was written past the recovery point may be torn, or stale from before a truncation.
  snapshots.truncateTo(start)
  const producers = snapshots.rebuild(segments.slice(0, first + 1), start)
  // Our recovery point is checkpointed before compaction leaves gaps. Where that file was damaged, nothing is known.
  const isGapDamage = !config.cleanupPolicy.includes('compact') || options.isRecoveryPointKnown !== false
  let next = start
  let bytesCut = 0
  let reason: string | null = null
  let lastCrc: number | null = null
  let isSparse = false
  let count = first
  for (; count < segments.length && reason === null; count++) {
    const segment = segments[count]!
    if (count > first && segment.baseOffset !== next) {
      const isLost = (isGapDamage && !isSparse) || holdsOffset(options.journaled, next)
      const isGap = segment.baseOffset > options.wholeBelow && isLost
      if (segment.baseOffset < next || isGap) {
        reason = `a segment begins at offset ${segment.baseOffset}, the one before ends at ${next}`
        break
      }
    }
    if (count > first) snapshots.write(producers, segment.baseOffset)
    const result = recoverSegment(segment, options, producers)
    next = result.nextOffset
    isSparse = result.isSparse
    // Compaction rewrites batches.
    lastCrc = segment.baseOffset >= (options.cleanedOffset ?? 0) ? result.lastCrc : null
    bytesCut += result.bytesCut
    if (result.reason !== null)
      reason = `${result.reason} at ${result.position} of ${segmentFileName(segment.baseOffset, LOG_SUFFIX)}`
  }
  const removed = segments.slice(count)
  for (const segment of removed) bytesCut += segment.size
  const kept = segments.slice(0, count)
  removeSegments(environment, removed)
  const epochOf = (offset: number): number => options.epochs.epochForOffset(offset)
  const replayed = replay(kept, options, producers, { offset: next, lastCrc, epochOf })
  next = replayed.nextOffset
  const scanned = kept.slice(first)
  for (const segment of scanned) {
    if (segment === kept.at(-1)) segment.indexes.transactions.flush(false)
    else segment.flushIndexes(false)
  }
  const report: RecoveryReport = {
    segments: kept.length - first,
    fromOffset: start,
    logEndOffset: next,
    bytesCut,
    segmentsRemoved: removed.length,
    replayed: replayed.count,
    reason,
  }
  const isNews = reason !== null || replayed.count > 0
  if (isNews) environment.host.logger.warn('log recovered', { log: directory, ...report })
  return finish(kept, options, next, producers, report, scanned)
}

/** Appends what the journal holds behind the end of the last segment, which rolls as with any append. */
function replay(
  segments: Segment[],
  options: LoadOptions,
  producers: ProducerState,
  end: LogEnd,
): { nextOffset: number; count: number } {
  const { environment, directory, snapshots, config } = options
  const { batches, reason } = batchesBehind(end, options.journaled)
  if (reason !== null) environment.host.logger.error('not all of the journal fits the log', { log: directory, reason })
  let segment = segments[segments.length - 1]!
  let nextOffset = end.offset
  for (const { bytes, view, at, size, baseOffset, lastOffset } of batches) {
    if (segment.size > 0 && (segment.size > config.segmentBytes - size || !segment.canHold(lastOffset))) {
      segment.writePending()
      segment = newSegment(environment, directory, baseOffset)
      segments.push(segment)
      snapshots.write(producers, baseOffset)
    }
    const position = segment.size
    const maxTimestamp = batchMaxTimestamp(view, at)
    segment.append(bytes.subarray(at, at + size))
    const batch = { bytes, view, at, position, size, magic: 2, baseOffset, lastOffset, maxTimestamp }
    noteRecovered(batch, segment, options, producers)
    nextOffset = lastOffset + 1
  }
  segment.writePending()
  return { nextOffset, count: batches.length }
}

/**
 * The segment that holds the recovery point. When that is where a segment begins, the one before: it may have been
 * checkpointed just before the roll, and then nobody has synced the files beside that one.
 */
function firstToRecover(segments: readonly Segment[], recoveryPoint: number): number {
  let first = segments.length - 1
  while (first > 0 && segments[first]!.baseOffset >= recoveryPoint) first--
  return first
}

interface SegmentRecovery {
  readonly nextOffset: number
  /** Of the last batch; null when there is none. */
  readonly lastCrc: number | null
  /** Compaction has been there. */
  readonly isSparse: boolean
  readonly bytesCut: number
  readonly position: number
  readonly reason: string | null
}

function recoverSegment(segment: Segment, options: LoadOptions, producers: ProducerState): SegmentRecovery {
  const { recoveryPoint } = options
  const { size } = segment
  segment.resetForRecovery()
  const scanner = new SegmentScanner(segment.file(), 0, size, true)
  let next = segment.baseOffset
  let lastCrc: number | null = null
  let isSparse = false
  let reason: string | null = null
  while (scanner.next()) {
    reason = batchFaultAt(scanner, next, segment)
    if (reason !== null) break
    isSparse ||= scanner.magic === 2 && (scanner.baseOffset > next || lacksRecords(scanner))
    noteRecovered(scanner, segment, options, producers)
    if (scanner.magic === 2) lastCrc = crcOf(scanner)
    next = scanner.lastOffset + 1
  }
  reason ??= scanner.fault === null ? null : `a batch is damaged (${scanner.fault})`
  const { position } = scanner
  scanner.close()
  if (reason !== null) segment.cutFile(position)
  // Below the recovery point nothing may be missing: the disk has lost what it had promised to keep.
  if (reason !== null && next < recoveryPoint) reason += `, below the recovery point ${recoveryPoint}`
  return { nextOffset: next, lastCrc, isSparse, bytesCut: size - position, position, reason }
}

/** Some of those that it was appended with. */
function lacksRecords({ view, at }: SegmentScanner): boolean {
  return batchRecordCount(view, at) !== batchLastOffsetDelta(view, at) + 1
}

interface RecoveredBatch {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** In `bytes`. */
  readonly at: number
  /** In the segment. */
  readonly position: number
  readonly size: number
  readonly magic: number
  readonly baseOffset: number
  readonly lastOffset: number
  readonly maxTimestamp: number
}

/** Indexes, leader epochs and producer state learn of a batch. */
function noteRecovered(batch: RecoveredBatch, segment: Segment, options: LoadOptions, producers: ProducerState): void {
  const { epochs, config } = options
  const { lastOffset } = batch
  segment.note(batch.position, batch.size, lastOffset, batch.maxTimestamp, config.indexIntervalBytes)
  if (batch.magic !== 2) return
  const epoch = batchLeaderEpoch(batch.view, batch.at)
  if (epoch > epochs.latestEpoch) epochs.assign(epoch, batch.baseOffset)
  const aborted = producers.apply(batch.bytes, batch.view, batch.at)
  if (aborted !== null) segment.indexes.transactions.append(aborted)
}

function batchFaultAt(scanner: SegmentScanner, next: number, segment: Segment): string | null {
  if (!scanner.verifyCrc()) return 'a checksum does not match'
  const { lastOffset } = scanner
  // Of a compressed message of an old format that its producer has spoilt only the last offset is known.
  const baseOffset = offsetAt(scanner) ?? next
  if (baseOffset < next || lastOffset < baseOffset) return `offsets ${baseOffset}–${lastOffset} come after ${next - 1}`
  if (!segment.canHold(lastOffset)) return `offset ${lastOffset} is out of the segment's range`
  return null
}

function finish(
  segments: Segment[],
  options: LoadOptions,
  logEndOffset: number,
  producers: ProducerState | null,
  report: RecoveryReport | null,
  scanned: readonly Segment[],
): Loaded {
  const { environment, directory, epochs, snapshots } = options
  const logStartOffset = Math.max(options.logStartOffset, segments[0]!.baseOffset)
  if (logEndOffset < logStartOffset) {
    // DeleteRecords had gone further than what is left.
    const size = segments.reduce((sum, segment) => sum + segment.size, 0)
    const fields = { log: directory, logEndOffset, logStartOffset, segments: segments.length, size }
    environment.host.logger.warn('the log ends before its log start offset and begins anew there', fields)
    removeSegments(environment, segments)
    const segment = newSegment(environment, directory, logStartOffset)
    epochs.truncateFromEnd(logStartOffset)
    snapshots.truncateTo(-1)
    const end = { logStartOffset, logEndOffset: logStartOffset, durableEndOffset: logStartOffset }
    return { segments: [segment], ...end, producers: null, hasDurableNames: false, report, unsynced: [] }
  }
  if (report !== null) {
    epochs.truncateFromEnd(logEndOffset)
    epochs.truncateFromStart(logStartOffset)
    // Those of the active segment are found again by the next recovery.
    if (scanned.length > 1 || epochs.hasForgotten(logEndOffset)) epochs.flush(logEndOffset)
    snapshots.removeStray(segments)
  }
  for (const segment of segments) segment.rest()
  const durableEndOffset = report === null ? logEndOffset : Math.min(options.recoveryPoint, logEndOffset)
  const unsynced = durableEndOffset < logEndOffset ? scanned : scanned.slice(0, -1)
  // Else the broker before may have made them and been killed.
  const hasDurableNames = report === null || durableEndOffset > segments[segments.length - 1]!.baseOffset
  return { segments, logStartOffset, logEndOffset, producers, hasDurableNames, report, durableEndOffset, unsynced }
}
