/**
 * Messages of magic 0 and 1, which old logs hold and no producer may send any more. Read only.
 *
 * A plain message is a batch of one. A compressed one wraps a set of plain messages: in magic 0 with absolute offsets,
 * in magic 1 with offsets from 0 such that the last one is the wrapper's own; a wrapper of LogAppendTime lends its
 * timestamp. Source: AbstractLegacyRecordBatch, LegacyRecord; KIP-31 and KIP-32. Layout: layout.ts.
 */

import { batchBaseOffset, batchMagic, batchSize, viewOf } from './batch.ts'
import { decompress } from './compression.ts'
import { crc32 } from './crc32c.ts'
import { CorruptBatch } from './errors.ts'
import { getInt64 } from './int64.ts'
import * as at from './layout.ts'
import { CODECS, type Codec } from './layout.ts'
import type { LogRecord } from './log-record.ts'

/** What a compressed message of old producers can have come from, at most. */
const MAX_WRAPPED_SIZE = 128 * 1024 * 1024

export function legacyCrcMatches(bytes: Uint8Array, view: DataView, position: number): boolean {
  const end = position + batchSize(view, position)
  return view.getUint32(position + at.LEGACY_CRC) === crc32(bytes, position + at.MAGIC, end)
}

function legacyCodec(view: DataView, position: number): Codec {
  const codec = CODECS[view.getInt8(position + at.LEGACY_ATTRIBUTES) & at.COMPRESSION_MASK]
  if (codec === undefined || codec === 'zstd') throw new CorruptBatch('a message of an unknown compression type')
  return codec
}

function isLegacyLogAppendTime(view: DataView, position: number): boolean {
  return (
    batchMagic(view, position) === 1 && (view.getInt8(position + at.LEGACY_ATTRIBUTES) & at.LOG_APPEND_TIME_FLAG) !== 0
  )
}

/** The offset of the first message; needs to decompress a wrapper. */
export function legacyBaseOffset(bytes: Uint8Array, view: DataView, position: number): number {
  if (legacyCodec(view, position) === 'none') return batchBaseOffset(view, position)
  const records = readLegacyRecords(bytes, view, position, MAX_WRAPPED_SIZE)
  return records[0]!.offset
}

/** The messages of the message at `position`, one unless it is a wrapper; never none. Does not check the checksum. */
export function readLegacyRecords(bytes: Uint8Array, view: DataView, position: number, maxSize: number): LogRecord[] {
  const wrapper = readMessage(bytes, view, position)
  const codec = legacyCodec(view, position)
  if (codec === 'none') return [wrapper]
  if (wrapper.value === null) throw new CorruptBatch('a compressed message without a value')
  const magic = batchMagic(view, position)
  const inner = decompress(codec, wrapper.value, maxSize, magic === 0)
  const records = readInner(inner, magic)
  if (magic === 1) {
    const shift = wrapper.offset - records.at(-1)!.offset
    for (const record of records) record.offset += shift
    if (isLegacyLogAppendTime(view, position)) for (const record of records) record.timestamp = wrapper.timestamp
  }
  return records
}

function readInner(bytes: Uint8Array, magic: number): LogRecord[] {
  const view = viewOf(bytes)
  const minSize = magic === 0 ? at.LEGACY_MIN_SIZE_V0 : at.LEGACY_MIN_SIZE_V1
  const records: LogRecord[] = []
  let position = 0
  while (position < bytes.length) {
    const left = bytes.length - position
    if (left < minSize || batchSize(view, position) < minSize || batchSize(view, position) > left) {
      throw new CorruptBatch('a message of impossible size inside a compressed message')
    }
    if (batchMagic(view, position) !== magic) throw new CorruptBatch('messages of two formats in a compressed message')
    if (legacyCodec(view, position) !== 'none') throw new CorruptBatch('a compressed message inside another')
    records.push(readMessage(bytes, view, position))
    position += batchSize(view, position)
  }
  if (records.length === 0) throw new CorruptBatch('a compressed message that holds none')
  return records
}

function readMessage(bytes: Uint8Array, view: DataView, position: number): LogRecord {
  const end = position + batchSize(view, position)
  const hasTimestamp = batchMagic(view, position) === 1
  const keyAt = position + (hasTimestamp ? at.LEGACY_KEY_V1 : at.LEGACY_KEY_V0)
  const key = readBytes(bytes, view, keyAt, end)
  const value = readBytes(bytes, view, keyAt + 4 + (key?.length ?? 0), end)
  return {
    offset: batchBaseOffset(view, position),
    timestamp: hasTimestamp ? getInt64(view, position + at.LEGACY_TIMESTAMP) : at.NO_TIMESTAMP,
    key,
    value,
    headers: [],
  }
}

function readBytes(bytes: Uint8Array, view: DataView, position: number, end: number): Uint8Array | null {
  if (end - position < 4) throw new CorruptBatch('a message that ends before its key or value')
  const length = view.getInt32(position)
  if (length === -1) return null
  const start = position + 4
  if (length < 0 || length > end - start) throw new CorruptBatch(`a length of ${length} with ${end - start} bytes left`)
  return bytes.subarray(start, start + length)
}
