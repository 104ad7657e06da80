/**
 * Batches as the data plane sees them: header fields read and patched in place, at a position of a DataView, nothing
 * allocated, no record decoded. `view` and `bytes` always cover the same bytes; `position` is where a batch begins in
 * them.
 *
 * The functions of this file trust that the header is there: `batchFault` or `BatchCursor` has checked sizes before.
 * The ones named for the header alone (batchSize, batchMagic) hold for magic 0 and 1 too; the others are for magic 2.
 * Source: DefaultRecordBatch, LogValidator, MemoryRecords of Apache Kafka.
 */

import { crc32c } from './crc32c.ts'
import { getInt64, setInt64 } from './int64.ts'
import * as at from './layout.ts'
import { CODECS, type Codec } from './layout.ts'

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Bytes of the batch, header included. */
export function batchSize(view: DataView, position: number): number {
  return view.getInt32(position + at.BATCH_LENGTH) + at.LOG_OVERHEAD
}

export function batchMagic(view: DataView, position: number): number {
  return view.getInt8(position + at.MAGIC)
}

export function batchBaseOffset(view: DataView, position: number): number {
  return getInt64(view, position + at.BASE_OFFSET)
}

export function batchLastOffset(view: DataView, position: number): number {
  return getInt64(view, position + at.BASE_OFFSET) + view.getInt32(position + at.LAST_OFFSET_DELTA)
}

export function batchLastOffsetDelta(view: DataView, position: number): number {
  return view.getInt32(position + at.LAST_OFFSET_DELTA)
}

export function batchLeaderEpoch(view: DataView, position: number): number {
  return view.getInt32(position + at.LEADER_EPOCH)
}

function batchCrc(view: DataView, position: number): number {
  return view.getUint32(position + at.CRC)
}

export function batchAttributes(view: DataView, position: number): number {
  return view.getInt16(position + at.ATTRIBUTES)
}

/** undefined for the numbers 5 to 7, which no release has used. */
export function batchCodec(view: DataView, position: number): Codec | undefined {
  return CODECS[view.getInt16(position + at.ATTRIBUTES) & at.COMPRESSION_MASK]
}

export function isLogAppendTime(view: DataView, position: number): boolean {
  return (view.getInt16(position + at.ATTRIBUTES) & at.LOG_APPEND_TIME_FLAG) !== 0
}

export function isTransactional(view: DataView, position: number): boolean {
  return (view.getInt16(position + at.ATTRIBUTES) & at.TRANSACTIONAL_FLAG) !== 0
}

export function isControl(view: DataView, position: number): boolean {
  return (view.getInt16(position + at.ATTRIBUTES) & at.CONTROL_FLAG) !== 0
}

export function hasDeleteHorizon(view: DataView, position: number): boolean {
  return (view.getInt16(position + at.ATTRIBUTES) & at.DELETE_HORIZON_FLAG) !== 0
}

export function batchBaseTimestamp(view: DataView, position: number): number {
  return getInt64(view, position + at.BASE_TIMESTAMP)
}

export function batchMaxTimestamp(view: DataView, position: number): number {
  return getInt64(view, position + at.MAX_TIMESTAMP)
}

/** False for the common batch of a producer that is not idempotent, without making a BigInt. */
export function hasProducerId(view: DataView, position: number): boolean {
  return view.getInt32(position + at.PRODUCER_ID) >= 0
}

export function batchProducerId(view: DataView, position: number): bigint {
  return hasProducerId(view, position) ? view.getBigInt64(position + at.PRODUCER_ID) : at.NO_PRODUCER_ID
}

export function batchProducerEpoch(view: DataView, position: number): number {
  return view.getInt16(position + at.PRODUCER_EPOCH)
}

export function batchBaseSequence(view: DataView, position: number): number {
  return view.getInt32(position + at.BASE_SEQUENCE)
}

/** Sequences wrap from 2^31 - 1 to 0. */
export function batchLastSequence(view: DataView, position: number): number {
  return addToSequence(view.getInt32(position + at.BASE_SEQUENCE), view.getInt32(position + at.LAST_OFFSET_DELTA))
}

function addToSequence(sequence: number, count: number): number {
  if (sequence === at.NO_SEQUENCE) return at.NO_SEQUENCE
  const sum = sequence + count
  return sum > 0x7fffffff ? sum - 0x80000000 : sum
}

export function batchRecordCount(view: DataView, position: number): number {
  return view.getInt32(position + at.RECORD_COUNT)
}

export function setBaseOffset(view: DataView, position: number, offset: number): void {
  setInt64(view, position + at.BASE_OFFSET, offset)
}

export function setLeaderEpoch(view: DataView, position: number, leaderEpoch: number): void {
  view.setInt32(position + at.LEADER_EPOCH, leaderEpoch)
}

/**
 * Makes every record of the batch one of LogAppendTime: they share the batch's max timestamp. Recomputes the checksum.
 */
export function setLogAppendTime(bytes: Uint8Array, view: DataView, position: number, timestamp: number): void {
  view.setInt16(
    position + at.ATTRIBUTES,
    (batchAttributes(view, position) & at.KNOWN_ATTRIBUTES) | at.LOG_APPEND_TIME_FLAG,
  )
  setMaxTimestamp(bytes, view, position, timestamp)
}

/** The records' own timestamps count again. Recomputes the checksum. */
export function clearLogAppendTime(bytes: Uint8Array, view: DataView, position: number): void {
  view.setInt16(
    position + at.ATTRIBUTES,
    batchAttributes(view, position) & at.KNOWN_ATTRIBUTES & ~at.LOG_APPEND_TIME_FLAG,
  )
  view.setUint32(position + at.CRC, computeCrc(bytes, view, position))
}

/** Recomputes the checksum. */
function setMaxTimestamp(bytes: Uint8Array, view: DataView, position: number, timestamp: number): void {
  setInt64(view, position + at.MAX_TIMESTAMP, timestamp)
  view.setUint32(position + at.CRC, computeCrc(bytes, view, position))
}

export function computeCrc(bytes: Uint8Array, view: DataView, position: number): number {
  return crc32c(bytes, position + at.ATTRIBUTES, position + batchSize(view, position))
}

/** The whole batch must be in `bytes`. */
export function verifyCrc(bytes: Uint8Array, view: DataView, position: number): boolean {
  return batchCrc(view, position) === computeCrc(bytes, view, position)
}

/**
 * Why a batch is refused. `corrupt` are damaged bytes (CORRUPT_MESSAGE); `invalid` are sound bytes that break a rule
 * (INVALID_RECORD); `format`, `codec` and `epoch` answer UNSUPPORTED_FOR_MESSAGE_FORMAT, UNSUPPORTED_COMPRESSION_TYPE
 * and INVALID_PRODUCER_EPOCH.
 */
export const BATCH_FAULTS = {
  truncated: { kind: 'corrupt', text: 'the batch ends before its header or its stated length does' },
  size: { kind: 'corrupt', text: 'the batch states a length below that of its header' },
  crc: { kind: 'corrupt', text: 'the checksum does not match' },
  magic: { kind: 'format', text: 'the batch is not of magic 2' },
  codec: { kind: 'codec', text: 'the compression type is unknown' },
  count: { kind: 'invalid', text: 'the record count does not match the offsets' },
  baseOffset: { kind: 'invalid', text: 'the base offset of a produced batch must be 0' },
  control: { kind: 'invalid', text: 'clients may not write control records' },
  sequence: { kind: 'invalid', text: 'a batch with a producer id needs a base sequence of at least 0' },
  producer: { kind: 'invalid', text: 'a transactional batch needs a producer id' },
  epoch: { kind: 'epoch', text: 'there is no producer epoch below -1' },
  trailing: { kind: 'invalid', text: 'more than one batch in a partition of a produce request' },
} as const
export type BatchFault = keyof typeof BATCH_FAULTS

/**
 * Checks that a batch of magic 2 at `position` lies within `end` and is sound: sizes, magic, codec, checksum, and what
 * the checksum covers. null: nothing is wrong. For what comes from other replicas or from disk.
 */
export function batchFault(bytes: Uint8Array, view: DataView, position: number, end: number): BatchFault | null {
  if (end - position < at.RECORDS) return tooShort(view, position, end)
  const magic = batchMagic(view, position)
  if (magic !== 2) return 'magic'
  const size = batchSize(view, position)
  if (size < at.RECORDS) return 'size'
  if (size > end - position) return 'truncated'
  if (batchCodec(view, position) === undefined) return 'codec'
  // Compaction may leave fewer records than offsets, even none; more is never right.
  const count = batchRecordCount(view, position)
  const delta = batchLastOffsetDelta(view, position)
  if (!verifyCrc(bytes, view, position)) return 'crc'
  if (delta < 0 || count < 0 || count > delta + 1) return 'count'
  return null
}

function tooShort(view: DataView, position: number, end: number): BatchFault {
  // A message of an old producer may be shorter than our header; say that it is old rather than cut.
  if (end - position > at.MAGIC && batchMagic(view, position) < 2) return 'magic'
  return 'truncated'
}

/** As batchFault, with the rules for what a client produces: exactly one batch between `position` and `end`. */
export function producedBatchFault(
  bytes: Uint8Array,
  view: DataView,
  position: number,
  end: number,
): BatchFault | null {
  const fault = batchFault(bytes, view, position, end)
  // The base offset is outside the checksum, and Kafka looks at it first.
  if ((fault === null || fault === 'crc') && batchBaseOffset(view, position) !== 0) return 'baseOffset'
  if (fault !== null) return fault
  if (batchSize(view, position) !== end - position) return 'trailing'
  if (batchRecordCount(view, position) !== batchLastOffsetDelta(view, position) + 1) return 'count'
  if (isControl(view, position)) return 'control'
  if (hasProducerId(view, position)) {
    if (batchBaseSequence(view, position) < 0) return 'sequence'
    if (batchProducerEpoch(view, position) < -1) return 'epoch'
  } else if (isTransactional(view, position)) {
    return 'producer'
  }
  return null
}
