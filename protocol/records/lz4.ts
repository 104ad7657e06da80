/**
 * LZ4 frames as Kafka writes and reads them, around the package which does the blocks.
 *
 *   magic u32 LE | FLG | BD | content size u64? | dict id u32? | HC | blocks | 0 u32 | checksum u32?
 *   block: size u32 LE | data | checksum u32?
 *
 * The package has no limit on its output, so the frame's size is worked out from its blocks before anything is
 * allocated. For message sets of magic 0 Kafka computed HC over the magic as well (KAFKA-3160); HC is put right before
 * decoding those.
 */

import { CorruptBatch, OversizeBatch } from './errors.ts'

const FRAME_MAGIC = 0x184d2204
const BLOCK_CHECKSUM_FLAG = 0x10
const CONTENT_SIZE_FLAG = 0x08
const DICTIONARY_FLAG = 0x01
const RAW_BLOCK_FLAG = 0x80000000
/** No byte of a block can stand for more than this many. */
const MAX_RATIO = 255

type FrameHeader = { headerSize: number; blockMaxSize: number; blockChecksums: boolean }

function readHeader(frame: Uint8Array, view: DataView): FrameHeader {
  if (frame.length < 7 || view.getUint32(0, true) !== FRAME_MAGIC) throw new CorruptBatch('not an lz4 frame')
  const flags = frame[4]!
  const blockSizeCode = (frame[5]! >> 4) & 7
  if (flags >> 6 !== 1 || blockSizeCode < 4) throw new CorruptBatch('an lz4 frame of an unknown version')
  if ((flags & DICTIONARY_FLAG) !== 0) throw new CorruptBatch('an lz4 frame with a dictionary')
  const headerSize = (flags & CONTENT_SIZE_FLAG) === 0 ? 7 : 15
  if (frame.length < headerSize) throw new CorruptBatch('an lz4 frame that ends inside its header')
  const blockMaxSize = 1 << (8 + 2 * blockSizeCode)
  return { headerSize, blockMaxSize, blockChecksums: (flags & BLOCK_CHECKSUM_FLAG) !== 0 }
}

/** Throws CorruptBatch where the frame is cut, or would come to more than `maxSize` bytes. */
export function checkLz4Frame(frame: Uint8Array, maxSize: number): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const { headerSize, blockMaxSize, blockChecksums } = readHeader(frame, view)
  let position = headerSize
  let total = 0
  for (;;) {
    if (position + 4 > frame.length) throw new CorruptBatch('an lz4 frame without its end')
    const word = view.getUint32(position, true)
    position += 4
    if (word === 0) return
    const raw = word >= RAW_BLOCK_FLAG
    const size = raw ? word - RAW_BLOCK_FLAG : word
    if (size > frame.length - position) throw new CorruptBatch('an lz4 block that ends beyond its frame')
    if (size > blockMaxSize) throw new CorruptBatch('an lz4 block larger than its frame allows')
    total += blockOutputSize(frame, position, size, raw, blockMaxSize, maxSize - total)
    if (total > maxSize) throw new OversizeBatch(`compressed records of more than ${maxSize} bytes`)
    position += size + (blockChecksums ? 4 : 0)
  }
}

/** An upper bound where that suffices, else exact. */
function blockOutputSize(
  frame: Uint8Array,
  position: number,
  size: number,
  raw: boolean,
  blockMaxSize: number,
  left: number,
): number {
  if (raw) return size
  const bound = Math.min(blockMaxSize, size * MAX_RATIO)
  return bound <= left ? bound : exactBlockSize(frame, position, position + size)
}

/** Adds up the sequences of a block (literals, then a match) without copying any. */
function exactBlockSize(bytes: Uint8Array, position: number, end: number): number {
  let total = 0
  const extended = (nibble: number) => {
    let length = nibble
    if (nibble !== 15) return length
    let byte = 255
    while (byte === 255 && position < end) {
      byte = bytes[position++]!
      length += byte
    }
    return length
  }
  while (position < end) {
    const token = bytes[position++]!
    const literals = extended(token >> 4)
    position += literals
    total += literals
    if (position >= end) return total
    position += 2 // match distance
    total += extended(token & 15) + 4
  }
  return total
}

/** The same frame with the header checksum that the format asks for. */
export function repairLz4Header(frame: Uint8Array): Uint8Array {
  const { headerSize } = readHeader(frame, new DataView(frame.buffer, frame.byteOffset, frame.byteLength))
  const repaired = Uint8Array.from(frame)
  repaired[headerSize - 1] = (xxHash32(repaired, 4, headerSize - 1) >>> 8) & 0xff
  return repaired
}

const PRIME_1 = 0x9e3779b1
const PRIME_2 = 0x85ebca77
const PRIME_3 = 0xc2b2ae3d
const PRIME_4 = 0x27d4eb2f
const PRIME_5 = 0x165667b1

/** xxHash-32 with seed 0, of inputs below 16 bytes: a frame's descriptor has at most 14. */
function xxHash32(bytes: Uint8Array, start: number, end: number): number {
  let hash = (PRIME_5 + (end - start)) | 0
  let position = start
  for (; position + 4 <= end; position += 4) {
    const word =
      bytes[position]! | (bytes[position + 1]! << 8) | (bytes[position + 2]! << 16) | (bytes[position + 3]! << 24)
    hash = Math.imul(rotate(hash + Math.imul(word, PRIME_3), 17), PRIME_4)
  }
  for (; position < end; position++) {
    hash = Math.imul(rotate(hash + Math.imul(bytes[position]!, PRIME_5), 11), PRIME_1)
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2)
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3)
  return (hash ^ (hash >>> 16)) >>> 0
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
