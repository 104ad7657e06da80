/**
 * Snappy as Kafka has it: the block format, framed by the Java library ("xerial"); some clients write a bare block.
 *
 *   0x82 'SNAPPY' 0x00 | version i32 = 1 | compatible i32 = 1 | { size i32 | block }*
 *
 * A block opens with its plain size as a varint, which is checked before the package allocates it.
 */

import { CorruptBatch, OversizeBatch } from './errors.ts'

export type SnappyPackage = {
  compressSync(bytes: Uint8Array, options: { copyOutputData: boolean }): Uint8Array
  uncompressSync(bytes: Uint8Array, options: { copyOutputData: boolean; asBuffer: true }): Uint8Array
}

const XERIAL_MAGIC = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0)
const XERIAL_HEADER_SIZE = 16
/** The Java library's block size. */
const BLOCK_SIZE = 32 * 1024
/** A copy of 64 bytes takes 3; no block can grow by more than this. */
const MAX_RATIO = 32
/** Without this option the output is external memory, whose fresh pages made compression three times slower. */
const COPY = { copyOutputData: true } as const
const COPY_BUFFER = { copyOutputData: true, asBuffer: true } as const

export function compressXerial(snappy: SnappyPackage, bytes: Uint8Array): Uint8Array {
  const blocks: Uint8Array[] = []
  let size = XERIAL_HEADER_SIZE
  for (let start = 0; start < bytes.length; start += BLOCK_SIZE) {
    const block = snappy.compressSync(bytes.subarray(start, start + BLOCK_SIZE), COPY)
    blocks.push(block)
    size += 4 + block.length
  }
  const framed = new Uint8Array(size)
  const view = new DataView(framed.buffer)
  framed.set(XERIAL_MAGIC)
  view.setInt32(8, 1)
  view.setInt32(12, 1)
  let position = XERIAL_HEADER_SIZE
  for (const block of blocks) {
    view.setInt32(position, block.length)
    framed.set(block, position + 4)
    position += 4 + block.length
  }
  return framed
}

export function decompressSnappy(snappy: SnappyPackage, bytes: Uint8Array, maxSize: number): Uint8Array {
  if (!isXerial(bytes)) return block(snappy, bytes, maxSize)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const blocks: Uint8Array[] = []
  let left = maxSize
  let position = XERIAL_HEADER_SIZE
  while (position < bytes.length) {
    if (bytes.length - position < 4) throw new CorruptBatch('a snappy stream that ends inside a block size')
    const size = view.getInt32(position)
    position += 4
    if (size < 0 || size > bytes.length - position) throw new CorruptBatch(`a snappy block of stated size ${size}`)
    const plain = block(snappy, bytes.subarray(position, position + size), left)
    blocks.push(plain)
    left -= plain.length
    position += size
  }
  return blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks)
}

function isXerial(bytes: Uint8Array): boolean {
  return bytes.length >= XERIAL_HEADER_SIZE && XERIAL_MAGIC.every((byte, index) => bytes[index] === byte)
}

function block(snappy: SnappyPackage, bytes: Uint8Array, maxSize: number): Uint8Array {
  const size = statedSize(bytes)
  if (size > maxSize) throw new OversizeBatch(`compressed records of more than ${maxSize} bytes`)
  if (size > bytes.length * MAX_RATIO) throw new CorruptBatch('a snappy block that states more than it can hold')
  try {
    return snappy.uncompressSync(bytes, COPY_BUFFER)
  } catch (cause) {
    throw new CorruptBatch('a damaged snappy block', { cause })
  }
}

function statedSize(bytes: Uint8Array): number {
  let size = 0
  for (let index = 0; index < 5 && index < bytes.length; index++) {
    const byte = bytes[index]!
    size += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return size
  }
  throw new CorruptBatch('a snappy block without its size')
}
