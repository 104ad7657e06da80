/**
 * The same batch under another codec, for topics with a `compression.type` of their own. Header and records stay as
 * they are, byte for byte; only the codec's bits, the length and the checksum change.
 */

import * as batch from './batch.ts'
import { compress } from './compression.ts'
import { crc32c } from './crc32c.ts'
import * as at from './layout.ts'
import { CODECS, type Codec } from './layout.ts'
import { MAX_DECOMPRESSED_SIZE, plainRecords } from './record.ts'

/** A new batch, of magic 2; throws CorruptBatch where the records cannot be decompressed within `maxSize`. */
export function recompressBatch(
  bytes: Uint8Array,
  view: DataView,
  position: number,
  codec: Codec,
  level?: number,
  maxSize: number = MAX_DECOMPRESSED_SIZE,
): Uint8Array {
  const plain = plainRecords(bytes, view, position, maxSize)
  const records = compress(codec, plain.bytes.subarray(plain.position, plain.end), level)
  const changed = new Uint8Array(at.RECORDS + records.length)
  changed.set(bytes.subarray(position, position + at.RECORDS))
  changed.set(records, at.RECORDS)
  const header = batch.viewOf(changed)
  header.setInt32(at.BATCH_LENGTH, changed.length - at.LOG_OVERHEAD)
  const attributes = batch.batchAttributes(header, 0) & ~at.COMPRESSION_MASK
  header.setInt16(at.ATTRIBUTES, attributes | CODECS.indexOf(codec))
  header.setUint32(at.CRC, crc32c(changed, at.ATTRIBUTES))
  return changed
}
