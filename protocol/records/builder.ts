/**
 * Writes record batches of magic 2 as Kafka's own writer encodes them (DefaultRecordBatch, MemoryRecordsBuilder): for
 * the metadata log, the coordinators, control batches, compaction and tests. What producers send is never rebuilt.
 *
 * Records go into one growing buffer behind room for the header, so that an uncompressed batch is written once.
 */

import { compress } from './compression.ts'
import { crc32c } from './crc32c.ts'
import { setInt64 } from './int64.ts'
import * as at from './layout.ts'
import { CODECS, type Codec } from './layout.ts'
import type { Header } from './log-record.ts'
import { putVarint, putVarlong, varintSize, varlongSize } from './varint.ts'

export type RecordInput = {
  key: Uint8Array | null
  value: Uint8Array | null
  headers?: readonly Header[]
  /** ms; the batch's `timestamp` where absent. */
  timestamp?: number
  /** For compacted batches, which have gaps; by default one more than that of the record before. */
  offset?: number
}

export type BatchOptions = {
  baseOffset?: number
  leaderEpoch?: number
  /** ms, of records without one of their own; NO_TIMESTAMP by default. */
  timestamp?: number
  /** Given, the batch is one of LogAppendTime and this is its time. */
  logAppendTime?: number
  producerId?: bigint
  producerEpoch?: number
  baseSequence?: number
  transactional?: boolean
  control?: boolean
  /** ms, see DELETE_HORIZON_FLAG. */
  deleteHorizon?: number
  compression?: Codec
  /** Of the codec; its default where absent. */
  level?: number
  /** For compacted batches, whose last record may be gone; by default the offset of the last record. */
  lastOffset?: number
}

const INITIAL_SIZE = 512
const encoder = new TextEncoder()

export class BatchBuilder {
  readonly #options: BatchOptions
  readonly #baseOffset: number
  #bytes = new Uint8Array(INITIAL_SIZE)
  #position: number = at.RECORDS
  #count = 0
  #lastOffset: number
  #baseTimestamp: number
  #maxTimestamp: number = at.NO_TIMESTAMP

  constructor(options: BatchOptions = {}) {
    this.#options = options
    this.#baseOffset = options.baseOffset ?? 0
    this.#lastOffset = this.#baseOffset - 1
    this.#baseTimestamp = options.deleteHorizon ?? at.NO_TIMESTAMP
  }

  get count(): number {
    return this.#count
  }

  /** Bytes so far, before compression. */
  get size(): number {
    return this.#position
  }

  /** Bytes by which `record` would make the batch grow, for callers that keep batches below a size. */
  sizeOf(record: RecordInput): number {
    const size = this.#bodySize(record)
    return varintSize(size) + size
  }

  append(record: RecordInput): void {
    const timestamp = this.#timestampOf(record)
    if (this.#count === 0 && this.#options.deleteHorizon === undefined) this.#baseTimestamp = timestamp
    const offset = record.offset ?? this.#lastOffset + 1
    if (offset <= this.#lastOffset) {
      throw new Error(`assertion: record offset ${offset} does not follow ${this.#lastOffset}`)
    }
    const size = this.#bodySize(record)
    this.#reserve(varintSize(size) + size)
    const bytes = this.#bytes
    let position = putVarint(bytes, this.#position, size)
    bytes[position++] = 0 // attributes: unused since magic 2
    position = putVarlong(bytes, position, timestamp - this.#baseTimestamp)
    position = putVarint(bytes, position, offset - this.#baseOffset)
    position = putNullable(bytes, position, record.key)
    position = putNullable(bytes, position, record.value)
    const headers = record.headers ?? []
    position = putVarint(bytes, position, headers.length)
    for (const header of headers) {
      position = putNullable(bytes, position, encoder.encode(header.key))
      position = putNullable(bytes, position, header.value)
    }
    this.#position = position
    this.#lastOffset = offset
    this.#maxTimestamp = Math.max(this.#maxTimestamp, timestamp)
    this.#count++
  }

  /** The batch; the builder is of no use afterwards, for an uncompressed batch is its own buffer. */
  build(): Uint8Array {
    const codec = this.#options.compression ?? 'none'
    const bytes = codec === 'none' ? this.#bytes.subarray(0, this.#position) : this.#compressed(codec)
    this.#writeHeader(bytes, codec)
    return bytes
  }

  #compressed(codec: Codec): Uint8Array {
    const records = compress(codec, this.#bytes.subarray(at.RECORDS, this.#position), this.#options.level)
    const bytes = new Uint8Array(at.RECORDS + records.length)
    bytes.set(records, at.RECORDS)
    return bytes
  }

  #writeHeader(bytes: Uint8Array, codec: Codec): void {
    const options = this.#options
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    setInt64(view, at.BASE_OFFSET, this.#baseOffset)
    view.setInt32(at.BATCH_LENGTH, bytes.length - at.LOG_OVERHEAD)
    view.setInt32(at.LEADER_EPOCH, options.leaderEpoch ?? at.NO_LEADER_EPOCH)
    view.setInt8(at.MAGIC, 2)
    view.setInt16(at.ATTRIBUTES, this.#attributes(codec))
    // An empty batch covers at least one offset: that of the record which compaction took out of it.
    const lastOffset = options.lastOffset ?? Math.max(this.#lastOffset, this.#baseOffset)
    view.setInt32(at.LAST_OFFSET_DELTA, lastOffset - this.#baseOffset)
    setInt64(view, at.BASE_TIMESTAMP, this.#baseTimestamp)
    setInt64(view, at.MAX_TIMESTAMP, options.logAppendTime ?? this.#maxTimestamp)
    view.setBigInt64(at.PRODUCER_ID, options.producerId ?? at.NO_PRODUCER_ID)
    view.setInt16(at.PRODUCER_EPOCH, options.producerEpoch ?? at.NO_PRODUCER_EPOCH)
    view.setInt32(at.BASE_SEQUENCE, options.baseSequence ?? at.NO_SEQUENCE)
    view.setInt32(at.RECORD_COUNT, this.#count)
    view.setUint32(at.CRC, crc32c(bytes, at.ATTRIBUTES))
  }

  #attributes(codec: Codec): number {
    const options = this.#options
    return (
      CODECS.indexOf(codec) |
      (options.logAppendTime === undefined ? 0 : at.LOG_APPEND_TIME_FLAG) |
      (options.transactional ? at.TRANSACTIONAL_FLAG : 0) |
      (options.control ? at.CONTROL_FLAG : 0) |
      (options.deleteHorizon === undefined ? 0 : at.DELETE_HORIZON_FLAG)
    )
  }

  #timestampOf(record: RecordInput): number {
    return record.timestamp ?? this.#options.timestamp ?? at.NO_TIMESTAMP
  }

  /** What the record's length field says. */
  #bodySize(record: RecordInput): number {
    const timestamp = this.#timestampOf(record)
    const first = this.#count === 0 && this.#options.deleteHorizon === undefined
    const offset = record.offset ?? this.#lastOffset + 1
    const headers = record.headers ?? []
    let size = 1 + varlongSize(first ? 0 : timestamp - this.#baseTimestamp) + varintSize(offset - this.#baseOffset)
    size += nullableSize(record.key) + nullableSize(record.value) + varintSize(headers.length)
    for (const header of headers) {
      const keySize = Buffer.byteLength(header.key)
      size += varintSize(keySize) + keySize + nullableSize(header.value)
    }
    return size
  }

  #reserve(size: number): void {
    const needed = this.#position + size
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#position))
    this.#bytes = grown
  }
}

export function buildBatch(options: BatchOptions & { records: readonly RecordInput[] }): Uint8Array {
  const builder = new BatchBuilder(options)
  for (const record of options.records) builder.append(record)
  return builder.build()
}

function nullableSize(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : varintSize(bytes.length) + bytes.length
}

function putNullable(bytes: Uint8Array, position: number, value: Uint8Array | null): number {
  if (value === null) return putVarint(bytes, position, -1)
  position = putVarint(bytes, position, value.length)
  bytes.set(value, position)
  return position + value.length
}
