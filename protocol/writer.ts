// Primitive values to bytes (see wire.ts). A Writer keeps its own bytes in one growing buffer and remembers where
// foreign chunks (records) go between them, so that records are never copied.

import { UnencodableValue } from './errors.ts'
import { MAX_STRING_SIZE, SHORT_STRING } from './wire.ts'

const EMPTY = new Uint8Array(0)
/** Times the memory that it begins with. */
const MAX_KEPT = 64

export class Writer {
  #buffer: Buffer
  #view: DataView
  readonly #memorySize: number
  /** Where what is being written begins; before it lies what was finished earlier. */
  #start = 0
  /** Where the last finished message ends. */
  #end = 0
  #position = 0
  /** Foreign bytes, and where among the writer's own they go. Entries beyond the count are of earlier messages. */
  readonly #chunks: Uint8Array[] = []
  readonly #chunkPositions: number[] = []
  #chunkCount = 0
  #chunksSize = 0

  /** @param sizeHint bytes that are allocated at once: for one message, or for several by `begin` */
  constructor(sizeHint = 256) {
    this.#memorySize = sizeHint
    this.#buffer = Buffer.allocUnsafe(sizeHint)
    this.#view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset, this.#buffer.byteLength)
  }

  /** Bytes written so far, foreign chunks included. */
  get size(): number {
    return this.#position - this.#start + this.#chunksSize
  }

  /** Bytes written so far that are not foreign chunks. */
  get ownSize(): number {
    return this.#position - this.#start
  }

  /** Makes room for `size` bytes, steps over it and returns where it begins. */
  #reserve(size: number): number {
    const at = this.#position
    const end = at + size
    if (end > this.#buffer.byteLength) this.#grow(end)
    this.#position = end
    return at
  }

  #grow(end: number): void {
    // Positions stay: they are remembered all over. What earlier messages took of the old memory lies idle in the new.
    const grown = Buffer.allocUnsafe(Math.max(end, this.#buffer.byteLength * 2))
    this.#buffer.copy(grown, this.#start, this.#start, this.#position)
    this.#use(grown)
  }

  #use(buffer: Buffer): void {
    this.#buffer = buffer
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  }

  /**
   * Begins another message, behind those that are finished: their bytes are not touched again. Answers are small, and
   * memory of their own would cost each more than its encoding. One that may be large gets it at once, as much as is
   * expected: growing by halves would take twice that.
   */
  begin(expectedSize = 0): void {
    this.#dropChunks()
    this.#start = this.#end
    const { byteLength } = this.#buffer
    // What a giant has left goes with it.
    const wanted = Math.max(expectedSize, this.#memorySize / 8)
    if (byteLength - this.#end < wanted || byteLength > MAX_KEPT * this.#memorySize) {
      this.#use(Buffer.allocUnsafe(Math.max(expectedSize, this.#memorySize)))
      this.#start = 0
    }
    this.#position = this.#start
  }

  int8(value: number): void {
    if ((value << 24) >> 24 !== value) outOfRange('int8', value)
    const at = this.#reserve(1)
    this.#view.setInt8(at, value)
  }

  int16(value: number): void {
    if ((value << 16) >> 16 !== value) outOfRange('int16', value)
    const at = this.#reserve(2)
    this.#view.setInt16(at, value)
  }

  uint16(value: number): void {
    if ((value & 0xffff) !== value) outOfRange('uint16', value)
    const at = this.#reserve(2)
    this.#view.setUint16(at, value)
  }

  int32(value: number): void {
    if ((value | 0) !== value) outOfRange('int32', value)
    const at = this.#reserve(4)
    this.#view.setInt32(at, value)
  }

  uint32(value: number): void {
    if (value >>> 0 !== value) outOfRange('uint32', value)
    const at = this.#reserve(4)
    this.#view.setUint32(at, value)
  }

  /** A number is a safe integer: offsets, sizes and times stay far below. */
  int64(value: bigint | number): void {
    const at = this.#reserve(8)
    if (typeof value === 'number') {
      this.#view.setInt32(at, Math.floor(value / 0x1_0000_0000))
      this.#view.setInt32(at + 4, value | 0)
    } else {
      this.#view.setBigInt64(at, value)
    }
  }

  float64(value: number): void {
    const at = this.#reserve(8)
    this.#view.setFloat64(at, value)
  }

  bool(value: boolean): void {
    const at = this.#reserve(1)
    this.#view.setInt8(at, value ? 1 : 0)
  }

  uuid(value: string): void {
    const words = uuidWords(value)
    const at = this.#reserve(16)
    this.#view.setInt32(at, words[0]!)
    this.#view.setInt32(at + 4, words[1]!)
    this.#view.setInt32(at + 8, words[2]!)
    this.#view.setInt32(at + 12, words[3]!)
  }

  uvarint(value: number): void {
    let at = this.#reserve(value < 0x80 ? 1 : uvarintSize(value))
    const buffer = this.#buffer
    while (value >= 0x80) {
      buffer[at++] = (value & 0x7f) | 0x80
      value >>>= 7
    }
    buffer[at] = value
  }

  varint(value: number): void {
    this.uvarint(((value << 1) ^ (value >> 31)) >>> 0)
  }

  varlong(value: bigint): void {
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
    while (rest >= 0x80n) {
      const at = this.#reserve(1)
      this.#buffer[at] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    const at = this.#reserve(1)
    this.#buffer[at] = Number(rest)
  }

  string(value: string): void {
    const start = this.#position
    if (value.length <= SHORT_STRING) {
      this.int16(value.length)
      if (this.#ascii(value)) return
      this.#position = start
    }
    const size = stringSize(value)
    this.int16(size)
    this.#utf8(value, size)
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1)
    else this.string(value)
  }

  compactString(value: string): void {
    const start = this.#position
    if (value.length <= SHORT_STRING) {
      this.uvarint(value.length + 1)
      if (this.#ascii(value)) return
      this.#position = start
    }
    const size = stringSize(value)
    this.uvarint(size + 1)
    this.#utf8(value, size)
  }

  compactNullableString(value: string | null): void {
    if (value === null) this.uvarint(0)
    else this.compactString(value)
  }

  /** Writes a short string of ASCII only; false, and nothing to rely on, when it is not. */
  #ascii(value: string): boolean {
    const at = this.#reserve(value.length)
    const buffer = this.#buffer
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index)
      if (code >= 0x80) return false
      buffer[at + index] = code
    }
    return true
  }

  #utf8(value: string, size: number): void {
    const at = this.#reserve(size)
    this.#buffer.write(value, at, size, size === value.length ? 'latin1' : 'utf8')
  }

  bytes(value: Uint8Array): void {
    this.int32(value.byteLength)
    this.raw(value)
  }

  nullableBytes(value: Uint8Array | null): void {
    if (value === null) this.int32(-1)
    else this.bytes(value)
  }

  compactBytes(value: Uint8Array): void {
    this.uvarint(value.byteLength + 1)
    this.raw(value)
  }

  compactNullableBytes(value: Uint8Array | null): void {
    if (value === null) this.uvarint(0)
    else this.compactBytes(value)
  }

  /** The bytes themselves, copied, without a length. */
  raw(value: Uint8Array): void {
    const at = this.#reserve(value.byteLength)
    this.#buffer.set(value, at)
  }

  count(value: number): void {
    this.int32(value)
  }

  compactCount(value: number): void {
    this.uvarint(value + 1)
  }

  records(value: Uint8Array | readonly Uint8Array[]): void {
    this.int32(sizeOf(value))
    this.chunks(value)
  }

  nullableRecords(value: Uint8Array | readonly Uint8Array[] | null): void {
    if (value === null) this.int32(-1)
    else this.records(value)
  }

  compactRecords(value: Uint8Array | readonly Uint8Array[]): void {
    this.uvarint(sizeOf(value) + 1)
    this.chunks(value)
  }

  compactNullableRecords(value: Uint8Array | readonly Uint8Array[] | null): void {
    if (value === null) this.uvarint(0)
    else this.compactRecords(value)
  }

  /** Puts foreign bytes here, by reference. */
  chunks(value: Uint8Array | readonly Uint8Array[]): void {
    if (value instanceof Uint8Array) this.#chunk(value)
    else for (const bytes of value) this.#chunk(bytes)
  }

  #chunk(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return
    this.#chunks[this.#chunkCount] = bytes
    this.#chunkPositions[this.#chunkCount++] = this.#position
    this.#chunksSize += bytes.byteLength
  }

  taggedField({ tag, bytes }: { readonly tag: number; readonly bytes: Uint8Array }): void {
    this.uvarint(tag)
    this.uvarint(bytes.byteLength)
    this.raw(bytes)
  }

  /** Begins something that is preceded by its own size as uvarint; what this returns goes to `endSized`. */
  beginSized(): number {
    return this.#reserve(1)
  }

  endSized(start: number): void {
    const size = this.#position - start - 1
    if (size >= 0x80) {
      const more = uvarintSize(size) - 1
      this.#reserve(more)
      this.#buffer.copyWithin(start + 1 + more, start + 1, start + 1 + size)
    }
    const end = this.#position
    this.#position = start
    this.uvarint(size)
    this.#position = end
  }

  /** All of the message, in order: own bytes and foreign chunks by turns. Nothing but `begin` may follow. */
  finish(): Uint8Array[] {
    const end = this.#position
    this.#end = end
    if (this.#chunkCount === 0) return this.#start === end ? [] : [this.#buffer.subarray(this.#start, end)]
    const result: Uint8Array[] = []
    let from = this.#start
    for (let index = 0; index < this.#chunkCount; index++) {
      const position = this.#chunkPositions[index]!
      if (position > from) result.push(this.#buffer.subarray(from, position))
      result.push(this.#chunks[index]!)
      from = position
    }
    if (end > from) result.push(this.#buffer.subarray(from, end))
    this.#dropChunks()
    return result
  }

  #dropChunks(): void {
    for (let index = 0; index < this.#chunkCount; index++) this.#chunks[index] = EMPTY
    this.#chunkCount = 0
    this.#chunksSize = 0
  }

  /** Everything written as one array; copies only when there are foreign chunks. */
  toBytes(): Uint8Array {
    if (this.#chunkCount === 0) return this.#buffer.subarray(this.#start, this.#position)
    const { size } = this
    return Buffer.concat(this.finish(), size)
  }
}

/** A broker writes the ids of its topics again and again, and parsing one costs more than looking it up. */
const MAX_KNOWN_UUIDS = 4096
const knownUuids = new Map<string, Int32Array>()

function uuidWords(value: string): Int32Array {
  const known = knownUuids.get(value)
  if (known !== undefined) return known
  const bytes = Buffer.from(value, 'base64url')
  if (value.length !== 22 || bytes.length !== 16) throw new UnencodableValue(`not a uuid: ${JSON.stringify(value)}`)
  const words = new Int32Array(4)
  for (let index = 0; index < 4; index++) words[index] = bytes.readInt32BE(index * 4)
  if (knownUuids.size === MAX_KNOWN_UUIDS) knownUuids.clear()
  knownUuids.set(value, words)
  return words
}

function outOfRange(type: string, value: number): never {
  throw new UnencodableValue(`not an ${type}: ${value}`)
}

function uvarintSize(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x200000) return 3
  return value < 0x10000000 ? 4 : 5
}

function stringSize(value: string): number {
  const size = Buffer.byteLength(value)
  if (size > MAX_STRING_SIZE) throw new UnencodableValue(`string of ${size} bytes: ${value.slice(0, 40)}…`)
  return size
}

function sizeOf(value: Uint8Array | readonly Uint8Array[]): number {
  if (value instanceof Uint8Array) return value.byteLength
  let size = 0
  for (const bytes of value) size += bytes.byteLength
  return size
}
