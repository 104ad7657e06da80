// The steps of an append that go over its batches: the producer's verdict, offsets and epoch in place, the order of a
// leader's batches, what indexes, epochs and producers are told of them.

import { ErrorCode } from '../../protocol/error-codes.ts'
import * as batch from '../../protocol/records/batch.ts'
import { BatchCursor } from '../../protocol/records/cursor.ts'
import { CorruptBatch } from '../../protocol/records/errors.ts'
import type { ProducerState } from '../producers/producer-state.ts'
import type { Segment } from '../segment/segment.ts'
import { type AppendResult, appendError, appended } from './append-result.ts'
import type { AppendOrigin } from './append-validator.ts'
import type { LeaderEpochCache } from './leader-epoch-cache.ts'

/** One for all logs: no call that uses it begins inside another. */
const cursor = new BatchCursor()

/** null: go on. Otherwise an error, or the offsets of a duplicate. The first batch has a producer id. */
export function producerAnswer(
  producers: ProducerState,
  bytes: Uint8Array,
  view: DataView,
  origin: AppendOrigin,
): AppendResult | null {
  const verdict = batch.isControl(view, 0)
    ? producers.checkMarker(bytes, view, 0)
    : producers.check(view, 0, origin === 'client')
  if (verdict.errorCode !== ErrorCode.NONE) return appendError(verdict.errorCode, verdict.errorMessage ?? '')
  if (!verdict.isDuplicate) return null
  // The time of the first copy, whoever has set it: Kafka tells it so.
  return appended(verdict.baseOffset, verdict.lastOffset, verdict.timestamp, true)
}

/**
 * Dense offsets from `baseOffset` on. Returns the last one. Bytes that are no batches of magic 2 are a bug of the
 * caller.
 */
export function assignOffsets(
  bytes: Uint8Array,
  view: DataView,
  baseOffset: number,
  leaderEpoch: number,
  logAppendTimeMs: number,
): number {
  let next = baseOffset
  cursor.reset(bytes, view, 0, bytes.length)
  while (cursor.next()) {
    const { position } = cursor
    if (cursor.magic !== 2) throw new Error(`assertion: a batch of magic ${cursor.magic} is appended at ${next}`)
    batch.setBaseOffset(view, position, next)
    batch.setLeaderEpoch(view, position, leaderEpoch)
    if (logAppendTimeMs >= 0) batch.setLogAppendTime(bytes, view, position, logAppendTimeMs)
    next += batch.batchLastOffsetDelta(view, position) + 1
  }
  if (cursor.fault !== null || next === baseOffset) {
    throw new Error(`assertion: ${bytes.length} bytes appended at ${baseOffset} are no batches: ${cursor.fault}`)
  }
  return next - 1
}

/** Tells indexes, epochs and producers of each batch in `bytes`, which have their offsets; `start`: in the segment. */
export function noteBatches(
  bytes: Uint8Array,
  view: DataView,
  segment: Segment,
  start: number,
  epochs: LeaderEpochCache,
  producers: ProducerState,
  indexIntervalBytes: number,
): void {
  cursor.reset(bytes, view, 0, bytes.length)
  while (cursor.next()) {
    const { position } = cursor
    segment.note(start + position, cursor.size, cursor.lastOffset, cursor.maxTimestamp, indexIntervalBytes)
    // Messages of the old formats know neither epochs nor producers.
    if (cursor.magic !== 2) continue
    const epoch = batch.batchLeaderEpoch(view, position)
    if (epoch > epochs.latestEpoch) epochs.assign(epoch, cursor.baseOffset)
    const aborted = producers.apply(bytes, view, position)
    if (aborted !== null) segment.indexes.transactions.append(aborted)
  }
}

/** Batches of a leader, of any magic: sound, and none before `logEndOffset`. Their offsets as a result, or an error. */
export function followerOffsets(bytes: Uint8Array, view: DataView, logEndOffset: number): AppendResult {
  const corrupt = (text: string): AppendResult => appendError(ErrorCode.CORRUPT_MESSAGE, text)
  let baseOffset = -1
  let next = logEndOffset
  cursor.reset(bytes, view, 0, bytes.length)
  while (cursor.next()) {
    const { position, magic } = cursor
    const fault = magic === 2 ? batch.batchFault(bytes, view, position, bytes.length) : null
    if (fault !== null) return corrupt(batch.BATCH_FAULTS[fault].text)
    if (magic < 2 && !cursor.verifyCrc()) return corrupt('a message whose checksum does not match')
    const offset = offsetAt(cursor)
    const { lastOffset } = cursor
    if (offset === null) return corrupt('a compressed message that cannot be read')
    if (offset < next) {
      return appendError(ErrorCode.OFFSET_OUT_OF_RANGE, `batch ${offset}–${lastOffset} comes at log end offset ${next}`)
    }
    if (baseOffset < 0) baseOffset = offset
    next = lastOffset + 1
  }
  if (cursor.fault !== null) return corrupt(`no whole batch at position ${cursor.position}: ${cursor.fault}`)
  return appended(baseOffset, baseOffset < 0 ? -1 : next - 1, -1, false)
}

/** Where the batch at a cursor begins; null: a compressed message of an old format, whose records cannot be read. */
export function offsetAt(at: { readonly baseOffset: number }): number | null {
  try {
    return at.baseOffset
  } catch (error) {
    if (error instanceof CorruptBatch) return null
    throw error
  }
}

/** Of the first batch, of any magic. */
export function firstMaxTimestamp(bytes: Uint8Array, view: DataView): number {
  if (batch.batchMagic(view, 0) === 2) return batch.batchMaxTimestamp(view, 0)
  cursor.reset(bytes, view, 0, bytes.length)
  cursor.next()
  return cursor.maxTimestamp
}
