/**
 * Zigzag varints as records hold them (KIP-98): small numbers of either sign in few bytes, seven bits a byte, low
 * first. Lengths and deltas are 32-bit; timestamp deltas are 64-bit and come out as numbers (see int64.ts for their
 * range).
 */

import { CorruptBatch } from './errors.ts'

/** Reads one after another; the bounds are those of the records of one batch. */
export class RecordReader {
  bytes: Uint8Array
  position: number
  readonly end: number

  constructor(bytes: Uint8Array, position: number, end: number) {
    this.bytes = bytes
    this.position = position
    this.end = end
  }

  get left(): number {
    return this.end - this.position
  }

  varint(): number {
    const { bytes, end } = this
    let raw = 0
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.position >= end) throw new CorruptBatch('a record ends inside a number')
      const byte = bytes[this.position++]!
      raw |= (byte & 0x7f) << shift
      if (byte < 0x80) return (raw >>> 1) ^ -(raw & 1)
    }
    throw new CorruptBatch('a 32-bit number of more than five bytes')
  }

  varlong(): number {
    const { bytes, end } = this
    let raw = 0
    let unit = 1
    for (let count = 0; count < 10; count++) {
      if (this.position >= end) throw new CorruptBatch('a record ends inside a number')
      const byte = bytes[this.position++]!
      raw += (byte & 0x7f) * unit
      if (byte < 0x80) return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2
      unit *= 128
    }
    throw new CorruptBatch('a 64-bit number of more than ten bytes')
  }

  /** A length of -1 is null; the result is a view of the same memory. */
  nullableBytes(): Uint8Array | null {
    const length = this.varint()
    if (length === -1) return null
    if (length < 0 || length > this.left) throw new CorruptBatch(`a length of ${length} with ${this.left} bytes left`)
    const start = this.position
    this.position += length
    return this.bytes.subarray(start, this.position)
  }

  /** Steps over bytes; returns whether they were null. */
  skipBytes(): boolean {
    const length = this.varint()
    if (length === -1) return true
    if (length < 0 || length > this.left) throw new CorruptBatch(`a length of ${length} with ${this.left} bytes left`)
    this.position += length
    return false
  }
}

export function varintSize(value: number): number {
  let raw = ((value << 1) ^ (value >> 31)) >>> 0
  let size = 1
  while (raw >= 0x80) {
    raw >>>= 7
    size++
  }
  return size
}

export function varlongSize(value: number): number {
  let raw = value < 0 ? -2 * value - 1 : 2 * value
  let size = 1
  while (raw >= 0x80) {
    raw = Math.floor(raw / 128)
    size++
  }
  return size
}

/** Writes at `position`, returns the position after. */
export function putVarint(bytes: Uint8Array, position: number, value: number): number {
  let raw = ((value << 1) ^ (value >> 31)) >>> 0
  while (raw >= 0x80) {
    bytes[position++] = (raw & 0x7f) | 0x80
    raw >>>= 7
  }
  bytes[position++] = raw
  return position
}

export function putVarlong(bytes: Uint8Array, position: number, value: number): number {
  let raw = value < 0 ? -2 * value - 1 : 2 * value
  while (raw >= 0x80) {
    bytes[position++] = (raw % 128) | 0x80
    raw = Math.floor(raw / 128)
  }
  bytes[position++] = raw
  return position
}
