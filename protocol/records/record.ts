/**
 * The records inside batches: as objects for coordinators, the metadata log and tools, and as a check without objects
 * for produced batches which must be looked into. Keys and values are views of the batch's memory (or of its
 * decompressed records): copy what outlives it. Source: DefaultRecord, DefaultRecordBatch, LogValidator.
 */

import * as batch from './batch.ts'
import { decompress } from './compression.ts'
import { BatchCursor } from './cursor.ts'
import { CorruptBatch } from './errors.ts'
import * as at from './layout.ts'
import { readLegacyRecords } from './legacy.ts'
import type { Header, LogRecord } from './log-record.ts'
import { RecordReader } from './varint.ts'

/** What the records of one batch may come to when decompressed, where the caller knows no better limit. */
export const MAX_DECOMPRESSED_SIZE = 128 * 1024 * 1024

const NO_HEADERS: readonly Header[] = []
/** `ignoreBOM` keeps a byte order mark in a header's key: it is part of the name. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** The records of a batch of magic 2, decompressed; throws CorruptBatch beyond `maxSize` bytes. */
export function plainRecords(bytes: Uint8Array, view: DataView, position: number, maxSize: number): RecordReader {
  const codec = batch.batchCodec(view, position)
  if (codec === undefined) throw new CorruptBatch('a batch of an unknown compression type')
  const start = position + at.RECORDS
  const end = position + batch.batchSize(view, position)
  if (codec === 'none') return new RecordReader(bytes, start, end)
  // An empty batch, left by compaction, has nothing behind its header, not even an empty frame.
  if (start === end && batch.batchRecordCount(view, position) === 0) return new RecordReader(bytes, end, end)
  const plain = decompress(codec, bytes.subarray(start, end), maxSize)
  return new RecordReader(plain, 0, plain.length)
}

/** The records of the batch at `position`, of any magic, which must be whole. The checksum is not looked at. */
export function readBatch(
  bytes: Uint8Array,
  view: DataView,
  position: number,
  maxSize: number = MAX_DECOMPRESSED_SIZE,
): LogRecord[] {
  if (batch.batchMagic(view, position) < 2) return readLegacyRecords(bytes, view, position, maxSize)
  const reader = plainRecords(bytes, view, position, maxSize)
  const count = batch.batchRecordCount(view, position)
  checkCount(count, reader)
  const baseOffset = batch.batchBaseOffset(view, position)
  const baseTimestamp = batch.batchBaseTimestamp(view, position)
  const appendTime = batch.isLogAppendTime(view, position) ? batch.batchMaxTimestamp(view, position) : null
  const records: LogRecord[] = []
  for (let index = 0; index < count; index++) {
    records.push(readRecord(reader, baseOffset, baseTimestamp, appendTime))
  }
  if (reader.left !== 0) throw new CorruptBatch(`${reader.left} bytes after the last record of a batch`)
  return records
}

/** As readBatch; none where a producer has sent what cannot be read, which the checksum does not tell. */
export function readableRecords(bytes: Uint8Array, view: DataView, position: number): LogRecord[] {
  try {
    return readBatch(bytes, view, position)
  } catch (error) {
    if (error instanceof CorruptBatch) return []
    throw error
  }
}

/** The records of all batches between two positions; a batch cut short is a CorruptBatch, as is a wrong checksum. */
export function readRecords(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
  maxSize: number = MAX_DECOMPRESSED_SIZE,
): LogRecord[] {
  const view = batch.viewOf(bytes)
  const cursor = new BatchCursor()
  const records: LogRecord[] = []
  cursor.reset(bytes, view, start, end)
  while (cursor.next()) {
    if (!cursor.verifyCrc())
      throw new CorruptBatch(`a batch at position ${cursor.position} whose checksum does not match`)
    for (const record of readBatch(bytes, view, cursor.position, maxSize)) records.push(record)
  }
  if (cursor.fault !== null) throw new CorruptBatch(`no whole batch at position ${cursor.position}: ${cursor.fault}`)
  return records
}

function checkCount(count: number, reader: RecordReader): void {
  if (count >= 0 && count * at.MIN_RECORD_SIZE <= reader.left) return
  throw new CorruptBatch(`a batch of ${reader.left} bytes states ${count} records`)
}

function readRecord(
  reader: RecordReader,
  baseOffset: number,
  baseTimestamp: number,
  appendTime: number | null,
): LogRecord {
  const end = recordEnd(reader)
  reader.position++ // attributes: unused
  const timestampDelta = reader.varlong()
  const offset = baseOffset + reader.varint()
  const key = reader.nullableBytes()
  const value = reader.nullableBytes()
  const headerCount = reader.varint()
  if (headerCount < 0 || headerCount * 2 > reader.left) throw new CorruptBatch(`a record states ${headerCount} headers`)
  const headers = headerCount === 0 ? NO_HEADERS : readHeaders(reader, headerCount)
  if (reader.position !== end) throw new CorruptBatch('a record whose length does not match its fields')
  return { offset, timestamp: appendTime ?? baseTimestamp + timestampDelta, key, value, headers }
}

function readHeaders(reader: RecordReader, count: number): Header[] {
  const headers: Header[] = []
  for (let index = 0; index < count; index++) {
    const name = reader.nullableBytes()
    if (name === null) throw new CorruptBatch('a header without a key')
    headers.push({ key: utf8.decode(name), value: reader.nullableBytes() })
  }
  return headers
}

function recordEnd(reader: RecordReader): number {
  const length = reader.varint()
  if (length < at.MIN_RECORD_SIZE - 1 || length > reader.left) {
    throw new CorruptBatch(`a record of stated length ${length} with ${reader.left} bytes left`)
  }
  return reader.position + length
}

export type RecordRules = {
  /** A topic that is compacted needs keys. */
  keysRequired?: boolean
  /**
   * ms; records outside are refused (message.timestamp.before.max.ms, …after.max.ms), except those without a timestamp.
   */
  oldestTimestamp?: number
  newestTimestamp?: number
  /** Of one record, decompressed. */
  maxRecordSize?: number
  maxSize?: number
}

/** `index` of the record in its batch, or -1 when the batch as a whole cannot be read. */
export type RecordFault = { index: number; fault: 'corrupt' | 'offset' | 'key' | 'timestamp' | 'size'; text: string }

/** Faults reported for one batch; a client that got one record wrong may have got all wrong. */
const MAX_FAULTS = 100

/**
 * Walks all records of a produced batch of magic 2 whose header is sound: sizes, offset deltas 0, 1, 2, …, and the
 * rules of the topic. null: nothing is wrong.
 */
export function recordFaults(
  bytes: Uint8Array,
  view: DataView,
  position: number,
  rules: RecordRules,
): RecordFault[] | null {
  const faults: RecordFault[] = []
  let index = -1
  try {
    const reader = plainRecords(bytes, view, position, rules.maxSize ?? MAX_DECOMPRESSED_SIZE)
    const count = batch.batchRecordCount(view, position)
    const baseTimestamp = batch.batchBaseTimestamp(view, position)
    checkCount(count, reader)
    for (index = 0; index < count && faults.length < MAX_FAULTS; index++) {
      checkRecord(reader, index, baseTimestamp, rules, faults)
    }
    index = -1
    if (reader.left !== 0 && faults.length === 0) throw new CorruptBatch(`${reader.left} bytes after the last record`)
  } catch (error) {
    if (!(error instanceof CorruptBatch)) throw error
    faults.push({ index, fault: 'corrupt', text: error.reason })
  }
  return faults.length === 0 ? null : faults
}

function checkRecord(
  reader: RecordReader,
  index: number,
  baseTimestamp: number,
  rules: RecordRules,
  faults: RecordFault[],
): void {
  const end = recordEnd(reader)
  const size = end - reader.position
  if (size > (rules.maxRecordSize ?? Infinity)) {
    faults.push({
      index,
      fault: 'size',
      text: `a record of ${size} bytes, more than the ${rules.maxRecordSize} allowed`,
    })
  }
  reader.position++
  const timestamp = baseTimestamp + reader.varlong()
  const offsetDelta = reader.varint()
  const keyIsNull = reader.skipBytes()
  reader.skipBytes()
  const headerCount = reader.varint()
  if (headerCount < 0 || headerCount * 2 > reader.left) throw new CorruptBatch(`a record states ${headerCount} headers`)
  for (let header = 0; header < headerCount; header++) {
    if (reader.skipBytes()) throw new CorruptBatch('a header without a key')
    reader.skipBytes()
  }
  if (reader.position !== end) throw new CorruptBatch('a record whose length does not match its fields')
  if (offsetDelta !== index) {
    faults.push({ index, fault: 'offset', text: `offset delta ${offsetDelta} of the record with index ${index}` })
  }
  if (keyIsNull && rules.keysRequired === true) {
    faults.push({ index, fault: 'key', text: 'a record without a key in a compacted topic' })
  }
  if (timestamp === at.NO_TIMESTAMP) return
  if (timestamp < (rules.oldestTimestamp ?? -Infinity) || timestamp > (rules.newestTimestamp ?? Infinity)) {
    faults.push({ index, fault: 'timestamp', text: `timestamp ${timestamp} is out of the range that the topic allows` })
  }
}
