// Bytes to primitive values (see wire.ts).
//
// Invariants: a Reader never reads outside its bytes and never allocates by a length that it has not checked against
// the bytes left; the only error it throws is `MalformedRequest`. The number of elements it admits is bounded on top of
// that. Byte fields and records are views into the given bytes: they live as long as these do.

import { MalformedRequest } from './errors.ts'
import { interned, internedUuid } from './interned.ts'
import { MAX_STRING_SIZE } from './wire.ts'

/**
 * Array elements and tagged fields that one message may have: what costs two bytes in a frame may cost a hundred as
 * an object, so that the frame limit alone does not bound memory. Far above what clients send: one request of a
 * client names some thousands of partitions at most.
 */
export const MAX_ELEMENTS = 1 << 20

/**
 * V8 hashes longer strings by their length alone, so that a thousand names of this size, in a Set, are compared each
 * with each: 2,900 of them, which fit into a frame, stopped the broker for a minute. They count as more elements: some
 * 500 of them are what a batch of the metadata log has room for.
 */
const MAX_HASHED_SIZE = 16_383
const LONG_STRING_ELEMENTS = MAX_ELEMENTS / 512

const EMPTY = new Uint8Array(0)
const NO_MEMORY = Buffer.alloc(0)
const NO_VIEW = new DataView(EMPTY.buffer)

export class Reader {
  /** All of the memory that the bytes lie in: frames are cut one after the other from the same. */
  #memory: Buffer = NO_MEMORY
  #view: DataView<ArrayBufferLike> = NO_VIEW
  #start = 0
  #end = 0
  #position = 0
  #elementsLeft = 0

  constructor(bytes: Uint8Array, maxElements?: number) {
    this.reset(bytes, maxElements)
  }

  /** Begins with other bytes. Making a view costs as much as reading a small message, so it is kept where it can be. */
  reset(bytes: Uint8Array, maxElements = MAX_ELEMENTS): void {
    const { buffer, byteOffset, byteLength } = bytes
    if (buffer !== this.#view.buffer) {
      this.#memory = Buffer.from(buffer)
      this.#view = new DataView(buffer)
    }
    this.#start = byteOffset
    this.#position = byteOffset
    this.#end = byteOffset + byteLength
    this.#elementsLeft = maxElements
  }

  /** From the start of the bytes. */
  get position(): number {
    return this.#position - this.#start
  }

  get remaining(): number {
    return this.#end - this.#position
  }

  /** Steps over `size` bytes and returns where they begin. */
  #take(size: number): number {
    const at = this.#position
    if (size > this.#end - at) this.#fail(`${size} bytes wanted, ${this.#end - at} left,`)
    this.#position = at + size
    return at
  }

  #fail(what: string): never {
    throw new MalformedRequest(`${what} before ${this.position}`)
  }

  int8(): number {
    return this.#view.getInt8(this.#take(1))
  }

  int16(): number {
    return this.#view.getInt16(this.#take(2))
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2))
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4))
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4))
  }

  int64(): bigint {
    const at = this.#take(8)
    const low = this.#view.getInt32(at + 4)
    // "None" and "from the start" are most of what clients send, and need not be made.
    if (this.#view.getInt32(at) === low && (low === -1 || low === 0)) return low === 0 ? 0n : -1n
    return this.#view.getBigInt64(at)
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8))
  }

  bool(): boolean {
    return this.#view.getInt8(this.#take(1)) !== 0
  }

  uuid(): string {
    return internedUuid(this.#memory, this.#view, this.#take(16))
  }

  /** Unsigned, at most 32 bits in at most five bytes; bits beyond the 32nd are dropped, as Kafka does. */
  uvarint(): number {
    let byte = this.#view.getUint8(this.#take(1))
    if (byte < 0x80) return byte
    let value = byte & 0x7f
    for (let shift = 7; shift <= 28; shift += 7) {
      byte = this.#view.getUint8(this.#take(1))
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    return this.#fail('varint longer than 5 bytes')
  }

  /** Zigzag, 32 bits. */
  varint(): number {
    const value = this.uvarint()
    return (value >>> 1) ^ -(value & 1)
  }

  /** Zigzag, 64 bits. */
  varlong(): bigint {
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#view.getUint8(this.#take(1))
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) return BigInt((low >>> 1) ^ -(low & 1))
    }
    let value = BigInt(low)
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#view.getUint8(this.#take(1))
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) {
        value = BigInt.asUintN(64, value)
        return (value >> 1n) ^ -(value & 1n)
      }
    }
    return this.#fail('varlong longer than 10 bytes')
  }

  string(): string {
    return this.#string(this.int16())
  }

  nullableString(): string | null {
    const size = this.int16()
    return size === -1 ? null : this.#string(size)
  }

  compactString(): string {
    return this.#string(this.uvarint() - 1)
  }

  compactNullableString(): string | null {
    const size = this.uvarint() - 1
    return size === -1 ? null : this.#string(size)
  }

  #string(size: number): string {
    if (size < 0 || size > MAX_STRING_SIZE) this.#fail(`string of size ${size}`)
    if (size > MAX_HASHED_SIZE) this.#spend(LONG_STRING_ELEMENTS)
    return interned(this.#memory, this.#take(size), size)
  }

  bytes(): Uint8Array {
    return this.#bytes(this.int32())
  }

  nullableBytes(): Uint8Array | null {
    const size = this.int32()
    return size === -1 ? null : this.#bytes(size)
  }

  compactBytes(): Uint8Array {
    return this.#bytes(this.uvarint() - 1)
  }

  compactNullableBytes(): Uint8Array | null {
    const size = this.uvarint() - 1
    return size === -1 ? null : this.#bytes(size)
  }

  #bytes(size: number): Uint8Array {
    if (size < 0) this.#fail(`bytes of size ${size}`)
    return this.view(size)
  }

  /** The next `size` bytes, not copied. */
  view(size: number): Uint8Array {
    if (size === 0) return EMPTY
    const at = this.#take(size)
    return new Uint8Array(this.#memory.buffer, at, size)
  }

  /** The length of an array whose elements take at least `elementSize` bytes each. */
  count(elementSize: number): number {
    return this.#count(this.int32(), elementSize)
  }

  /** As `count`; -1 for a null array. */
  nullableCount(elementSize: number): number {
    const count = this.int32()
    return count === -1 ? -1 : this.#count(count, elementSize)
  }

  compactCount(elementSize: number): number {
    return this.#count(this.uvarint() - 1, elementSize)
  }

  compactNullableCount(elementSize: number): number {
    const count = this.uvarint() - 1
    return count === -1 ? -1 : this.#count(count, elementSize)
  }

  #count(count: number, elementSize: number): number {
    if (count < 0) this.#fail(`array of length ${count}`)
    if (count * elementSize > this.remaining) this.#fail(`array of length ${count} with ${this.remaining} bytes left`)
    this.#spend(count)
    return count
  }

  #spend(elements: number): void {
    this.#elementsLeft -= elements
    if (this.#elementsLeft < 0) this.#fail('too many elements in one message')
  }

  /** Whether a nullable struct follows: one byte, negative = null. */
  present(): boolean {
    return this.int8() >= 0
  }

  /** Where the tagged field that begins here ends. */
  taggedFieldEnd(): number {
    this.#spend(1)
    const size = this.uvarint()
    if (size > this.remaining) this.#fail(`tagged field of size ${size} with ${this.remaining} bytes left`)
    return this.position + size
  }

  expectPosition(position: number): void {
    if (this.position !== position) this.#fail(`tagged field that should end at ${position} ends`)
  }
}
