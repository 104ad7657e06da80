/**
 * Positions and bits of what a log holds: record batches (magic 2, KIP-98) and messages (magic 0, and 1 since KIP-32).
 * All integers are big-endian. Source: Kafka's protocol guide, "Message format"; DefaultRecordBatch, LegacyRecord.
 *
 *   record batch, magic 2
 *    0        8        12       16   17    21      23       27         35        43        51      53       57      61
 *   +--------+--------+--------+----+-----+-------+--------+----------+---------+---------+-------+--------+-------+---
 *   | base   | batch  | leader |mag-| crc |attri- | last   | base     | max     |producer |prod.  | base   |record |
 *   | offset | length | epoch  |ic 2| 32c |butes  | offset | time-    | time-   |id       |epoch  |sequence|count  | …
 *   | i64    | i32    | i32    | i8 | u32 |i16    | Δ i32  | stamp i64| stamp   |i64      |i16    | i32    | i32   |
 *   +--------+--------+--------+----+-----+-------+--------+----------+---------+---------+-------+--------+-------+---
 *             batchLength counts from 12 ──►       └─────────────── crc covers attributes to the end ─────────────────►
 *   so base offset and leader epoch can be set in place without touching the checksum; a timestamp cannot.
 *
 *   record: length varint | attributes i8 = 0 | timestamp Δ varlong | offset Δ varint | key | value | headers
 *           bytes are a zigzag varint length (-1 = null) and the bytes; what follows byte 61 is compressed as one.
 *
 *   message, magic 0 and 1
 *    0        8      12    16   17    18          18|26
 *   +--------+------+-----+----+-----+-----------+-------+-------+
 *   | offset | size | crc |mag-|attri| timestamp | key   | value |
 *   | i64    | i32  | 32  |ic  |butes| i64, only | i32+… | i32+… |
 *   |        |      |     | i8 | i8  | magic 1   |       |       |
 *   +--------+------+-----+----+-----+-----------+-------+-------+
 *             size counts from 12, crc covers from magic. A compressed message (wrapper) holds messages as its value.
 */

/** The same in all magics: what it takes to step from one batch to the next. */
export const BASE_OFFSET = 0
export const BATCH_LENGTH = 8
export const MAGIC = 16
/** Bytes before what the length field counts. */
export const LOG_OVERHEAD = 12

export const LEADER_EPOCH = 12
export const CRC = 17
export const ATTRIBUTES = 21
export const LAST_OFFSET_DELTA = 23
export const BASE_TIMESTAMP = 27
export const MAX_TIMESTAMP = 35
export const PRODUCER_ID = 43
export const PRODUCER_EPOCH = 51
export const BASE_SEQUENCE = 53
export const RECORD_COUNT = 57
/**
 * Also the size of the header, and of an empty batch (which compaction leaves behind to keep a producer's sequence).
 */
export const RECORDS = 61

/** Batch attributes. */
export const COMPRESSION_MASK = 0x07
export const LOG_APPEND_TIME_FLAG = 0x08
export const TRANSACTIONAL_FLAG = 0x10
export const CONTROL_FLAG = 0x20
/**
 * The base timestamp is the time from which tombstones and markers may go (KAFKA-8522), not that of the first record.
 */
export const DELETE_HORIZON_FLAG = 0x40
/** What is above has no meaning yet; Kafka drops it whenever it writes attributes anew. */
export const KNOWN_ATTRIBUTES = 0x7f

/** Messages of magic 0 and 1. */
export const LEGACY_CRC = 12
export const LEGACY_ATTRIBUTES = 17
export const LEGACY_TIMESTAMP = 18
export const LEGACY_KEY_V0 = 18
export const LEGACY_KEY_V1 = 26
/** The smallest message: null key and null value. */
export const LEGACY_MIN_SIZE_V0 = LEGACY_KEY_V0 + 8
export const LEGACY_MIN_SIZE_V1 = LEGACY_KEY_V1 + 8

/** length, attributes, two deltas, key and value lengths, header count: one byte each. */
export const MIN_RECORD_SIZE = 7

export const NO_TIMESTAMP = -1
export const NO_PRODUCER_ID = -1n
export const NO_PRODUCER_EPOCH = -1
export const NO_SEQUENCE = -1
export const NO_LEADER_EPOCH = -1

/** The codec of a batch; its place in this list is its number in the attributes. */
export const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type Codec = (typeof CODECS)[number]
