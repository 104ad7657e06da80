/**
 * What compaction leaves of a batch: the records that are kept, with their offsets, in a batch that keeps its base and
 * last offset, producer, sequence, codec and leader epoch. Source: MemoryRecords.filterTo, DefaultRecordBatch.
 *
 *   batch  [ a@10 | b@11 | a@12 | c@13 ]      kept whole: the same bytes
 *          [      | b@11 |      | c@13 ]      written anew: key, value, headers as they were, base and last offset too
 *          [                           ]      empty: a header alone, for the producer's sequence or the log's end
 *
 * A batch with tombstones, or the marker of a transaction that has nothing left, gets a delete horizon the first time
 * it is met: its base timestamp becomes the time from which those may go (KAFKA-8522).
 */

import * as batch from './batch.ts'
import { buildBatch } from './builder.ts'
import { compress } from './compression.ts'
import { crc32c } from './crc32c.ts'
import { CorruptBatch } from './errors.ts'
import { setInt64 } from './int64.ts'
import * as at from './layout.ts'
import { CODECS } from './layout.ts'
import { readLegacyRecords } from './legacy.ts'
import { MAX_DECOMPRESSED_SIZE, plainRecords } from './record.ts'
import { putVarint, putVarlong, RecordReader, varintSize, varlongSize } from './varint.ts'

/** One record on a walk through a batch: its key is `bytes` from `keyStart` to `keyEnd`. */
export interface WalkedRecord {
  bytes: Uint8Array
  offset: number
  /** Below 0: there is no key. */
  keyStart: number
  keyEnd: number
  hasValue: boolean
}

/** The same object at each call: copy what outlives it. */
export type RecordVisitor = (record: WalkedRecord) => boolean

export interface FilterOptions {
  /** ms; given to a batch that needs a delete horizon and has none. */
  readonly newDeleteHorizon: number
  /** Also a batch without a tombstone needs a horizon: it is a marker whose transaction is gone. */
  readonly wantsHorizon: boolean
  /** With nothing left, a header stays. */
  readonly keepsEmpty: boolean
  readonly maxSize?: number
}

/** `same`: the bytes stay. `nothing`: the batch goes. Else the new batch. */
export type Filtered = 'same' | 'nothing' | Uint8Array

const NO_BYTES = new Uint8Array(0)
const walked: WalkedRecord = { bytes: NO_BYTES, offset: 0, keyStart: -1, keyEnd: -1, hasValue: false }

/** What a walk has found, in positions of the plain records: start and end of each one that is kept, in turn. */
let kept: number[] = []

/** Calls `visit` for each record of a batch of magic 2; false: the walk ends. Throws CorruptBatch. */
export function walkBatch(
  bytes: Uint8Array,
  view: DataView,
  position: number,
  visit: RecordVisitor,
  maxSize: number = MAX_DECOMPRESSED_SIZE,
): boolean {
  if (batch.batchMagic(view, position) < 2) return walkLegacy(bytes, view, position, visit, maxSize)
  const reader = plainRecords(bytes, view, position, maxSize)
  const baseOffset = batch.batchBaseOffset(view, position)
  for (let left = countOf(view, position, reader); left > 0; left--) {
    const end = readHead(reader, baseOffset)
    if (!visit(walked)) return false
    reader.position = end
  }
  return true
}

function walkLegacy(
  bytes: Uint8Array,
  view: DataView,
  position: number,
  visit: RecordVisitor,
  maxSize: number,
): boolean {
  for (const { offset, key, value } of readLegacyRecords(bytes, view, position, maxSize)) {
    walked.bytes = key ?? NO_BYTES
    walked.offset = offset
    walked.keyStart = key === null ? -1 : 0
    walked.keyEnd = key?.length ?? -1
    walked.hasValue = value !== null
    if (!visit(walked)) return false
  }
  return true
}

/** Throws CorruptBatch. */
export function filterBatch(
  bytes: Uint8Array,
  view: DataView,
  position: number,
  keeps: RecordVisitor,
  options: FilterOptions,
): Filtered {
  const maxSize = options.maxSize ?? MAX_DECOMPRESSED_SIZE
  if (batch.batchMagic(view, position) < 2) return filterLegacy(bytes, view, position, keeps, options, maxSize)
  const reader = plainRecords(bytes, view, position, maxSize)
  const baseOffset = batch.batchBaseOffset(view, position)
  const count = countOf(view, position, reader)
  let hasTombstone = false
  kept = []
  for (let left = count; left > 0; left--) {
    const start = reader.position
    const end = readHead(reader, baseOffset)
    if (keeps(walked)) {
      kept.push(start, end)
      hasTombstone ||= !walked.hasValue
    }
    reader.position = end
  }
  if (kept.length === 0) return options.keepsEmpty ? emptied(bytes, view, position) : 'nothing'
  const needsHorizon = (hasTombstone || options.wantsHorizon) && !batch.hasDeleteHorizon(view, position)
  if (kept.length === count * 2 && !needsHorizon) return 'same'
  return rewritten(bytes, view, position, reader.bytes, needsHorizon ? options.newDeleteHorizon : null)
}

function countOf(view: DataView, position: number, reader: RecordReader): number {
  const count = batch.batchRecordCount(view, position)
  if (count < 0 || count * at.MIN_RECORD_SIZE > reader.left) {
    throw new CorruptBatch(`a batch of ${reader.left} bytes states ${count} records`)
  }
  return count
}

/** Fills `walked`; returns where the record ends. */
function readHead(reader: RecordReader, baseOffset: number): number {
  const length = reader.varint()
  if (length < at.MIN_RECORD_SIZE - 1 || length > reader.left) {
    throw new CorruptBatch(`a record of stated length ${length} with ${reader.left} bytes left`)
  }
  const end = reader.position + length
  reader.position++
  reader.varlong()
  walked.bytes = reader.bytes
  walked.offset = baseOffset + reader.varint()
  const keySize = reader.varint()
  walked.keyStart = keySize < 0 ? -1 : reader.position
  walked.keyEnd = reader.position + Math.max(0, keySize)
  if (walked.keyEnd > end) throw new CorruptBatch(`a key of ${keySize} bytes that ends beyond its record`)
  reader.position = walked.keyEnd
  walked.hasValue = reader.varint() >= 0
  return end
}

/** Timestamps are relative to the base timestamp, which changes; what follows the offset is copied as it is. */
function rewritten(
  bytes: Uint8Array,
  view: DataView,
  position: number,
  plain: Uint8Array,
  newHorizon: number | null,
): Uint8Array {
  const reader = new RecordReader(plain, 0, plain.length)
  const oldBase = batch.batchBaseTimestamp(view, position)
  const appendTime = batch.isLogAppendTime(view, position) ? batch.batchMaxTimestamp(view, position) : null
  const hasHorizon = batch.hasDeleteHorizon(view, position)
  let base = newHorizon ?? (hasHorizon ? oldBase : null)
  let maxTimestamp: number = at.NO_TIMESTAMP
  let target = new Uint8Array(at.RECORDS + plain.length + 32)
  let next = at.RECORDS
  for (let index = 0; index < kept.length; index += 2) {
    const end = kept[index + 1]!
    reader.position = kept[index]!
    reader.varint()
    reader.position++
    const timestamp = appendTime ?? oldBase + reader.varlong()
    base ??= timestamp
    maxTimestamp = Math.max(maxTimestamp, timestamp)
    const delta = timestamp - base
    const restSize = end - reader.position
    const size = 1 + varlongSize(delta) + restSize
    if (next + varintSize(size) + size > target.length) target = grown(target, next + varintSize(size) + size)
    next = putVarint(target, next, size)
    target[next++] = 0
    next = putVarlong(target, next, delta)
    target.set(plain.subarray(reader.position, end), next)
    next += restSize
  }
  const codec = batch.batchCodec(view, position) ?? 'none'
  const records = compress(codec, target.subarray(at.RECORDS, next))
  const changed = codec === 'none' ? target.subarray(0, next) : new Uint8Array(at.RECORDS + records.length)
  if (codec !== 'none') changed.set(records, at.RECORDS)
  const attributes = batch.batchAttributes(view, position) & at.KNOWN_ATTRIBUTES
  writeHeader(changed, bytes, position, {
    attributes: newHorizon === null ? attributes : attributes | at.DELETE_HORIZON_FLAG,
    baseTimestamp: base ?? at.NO_TIMESTAMP,
    maxTimestamp: appendTime ?? maxTimestamp,
    count: kept.length / 2,
  })
  return changed
}

function grown(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(size, bytes.length + (bytes.length >> 1)))
  larger.set(bytes)
  return larger
}

/** A header without records; what names the producer and the range of offsets stays. */
function emptied(bytes: Uint8Array, view: DataView, position: number): Uint8Array {
  const changed = new Uint8Array(at.RECORDS)
  const flags = at.LOG_APPEND_TIME_FLAG | at.TRANSACTIONAL_FLAG | at.CONTROL_FLAG
  writeHeader(changed, bytes, position, {
    attributes: batch.batchAttributes(view, position) & flags,
    baseTimestamp: at.NO_TIMESTAMP,
    maxTimestamp: batch.batchMaxTimestamp(view, position),
    count: 0,
  })
  return changed
}

function writeHeader(
  changed: Uint8Array,
  bytes: Uint8Array,
  position: number,
  header: { attributes: number; baseTimestamp: number; maxTimestamp: number; count: number },
): void {
  changed.set(bytes.subarray(position, position + at.RECORDS))
  const view = batch.viewOf(changed)
  view.setInt32(at.BATCH_LENGTH, changed.length - at.LOG_OVERHEAD)
  view.setInt16(at.ATTRIBUTES, header.attributes)
  setInt64(view, at.BASE_TIMESTAMP, header.baseTimestamp)
  setInt64(view, at.MAX_TIMESTAMP, header.maxTimestamp)
  view.setInt32(at.RECORD_COUNT, header.count)
  view.setUint32(at.CRC, crc32c(changed, at.ATTRIBUTES))
}

/** Messages of old formats become a batch of magic 2, as Kafka's cleaner makes them; nothing of them stays empty. */
function filterLegacy(
  bytes: Uint8Array,
  view: DataView,
  position: number,
  keeps: RecordVisitor,
  options: FilterOptions,
  maxSize: number,
): Filtered {
  const records = readLegacyRecords(bytes, view, position, maxSize).filter((record) => {
    walked.bytes = record.key ?? NO_BYTES
    walked.offset = record.offset
    walked.keyStart = record.key === null ? -1 : 0
    walked.keyEnd = record.key?.length ?? -1
    walked.hasValue = record.value !== null
    return keeps(walked)
  })
  if (records.length === 0) return 'nothing'
  const attributes = view.getInt8(position + at.LEGACY_ATTRIBUTES)
  const isAppendTime = batch.batchMagic(view, position) === 1 && (attributes & at.LOG_APPEND_TIME_FLAG) !== 0
  const hasTombstone = records.some(({ value }) => value === null)
  return buildBatch({
    baseOffset: records[0]!.offset,
    compression: CODECS[attributes & at.COMPRESSION_MASK] ?? 'none',
    ...(isAppendTime ? { logAppendTime: records[0]!.timestamp } : {}),
    ...(hasTombstone ? { deleteHorizon: options.newDeleteHorizon } : {}),
    records,
  })
}
