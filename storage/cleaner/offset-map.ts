// The last offset of each key in the part of a log that is about to be compacted, in a bounded amount of memory: a key
// is known by 128 bits of hash. 64 tables of open addressing, 24 bytes a slot, which grow one by one as keys come: one
// of log.cleaner.dedupe.buffer.size would touch 128 MiB for a few thousand keys, and to grow it would take 100 ms.
//
//   table  │ hash 4 × u32 │ offset + 1, f64 │  …       0: the slot is free
//
// The hash is MurmurHash3 (x86, 128 bits) from a random seed. It is not meant to withstand an attacker: who can make
// two keys collide can write both, and could have overwritten the other one in the first place. Kafka takes MD5 for the
// same purpose; in JavaScript that costs ten times as much. Source: SkimpyOffsetMap.

import type { Random } from '../../host/host.ts'

const SLOT_SIZE = 24
const HASH_WORDS = 4
const TABLE_COUNT = 64
/** A table is chosen by the upper bits of the second word, a slot by the first. */
const TABLE_SHIFT = 26
const INITIAL_SLOTS = 64

const C1 = 0x239b961b
const C2 = 0xab0e9789
const C3 = 0x38b34ae5
const C4 = 0xa1e38b93

export class OffsetMap {
  readonly #tables: Table[]
  readonly #seed: number
  readonly #hash = new Uint32Array(HASH_WORDS)
  /** Keys that it can hold; some fewer, where they are not spread evenly. */
  readonly maxCount: number
  /** Up to here everything is in the map; -1: nothing is. */
  latestOffset = -1

  /** `loadFactor` of `size` bytes is used. */
  constructor(size: number, loadFactor: number, random: Random) {
    const slotsPerTable = Math.max(2, Math.floor(size / SLOT_SIZE / TABLE_COUNT))
    this.#tables = Array.from({ length: TABLE_COUNT }, () => new Table(slotsPerTable, loadFactor))
    this.maxCount = this.#tables.length * this.#tables[0]!.maxCount
    this.#seed = random.below(0xffffffff)
  }

  get count(): number {
    return this.#tables.reduce((sum, { count }) => sum + count, 0)
  }

  /** False: it is full, and the key is not in it. */
  put(bytes: Uint8Array, start: number, end: number, offset: number): boolean {
    return this.#table(bytes, start, end).put(this.#hash, offset)
  }

  /** -1: the key is not in the map. */
  get(bytes: Uint8Array, start: number, end: number): number {
    return this.#table(bytes, start, end).get(this.#hash)
  }

  #table(bytes: Uint8Array, start: number, end: number): Table {
    murmur128(bytes, start, end, this.#seed, this.#hash)
    return this.#tables[this.#hash[1]! >>> TABLE_SHIFT]!
  }
}

class Table {
  readonly maxCount: number
  count = 0
  readonly #maxSlots: number
  readonly #loadFactor: number
  #slotCount: number
  /** Keys from which it grows. */
  #growAt: number
  #hashes: Uint32Array
  #offsets: Float64Array

  constructor(maxSlots: number, loadFactor: number) {
    this.#maxSlots = maxSlots
    this.#loadFactor = loadFactor
    this.maxCount = Math.max(1, Math.min(maxSlots - 1, Math.floor(maxSlots * loadFactor)))
    this.#slotCount = Math.min(INITIAL_SLOTS, maxSlots)
    this.#growAt = this.#limitOf(this.#slotCount)
    this.#hashes = new Uint32Array(this.#slotCount * HASH_WORDS)
    this.#offsets = new Float64Array(this.#slotCount)
  }

  put(hash: Uint32Array, offset: number): boolean {
    let slot = this.#find(hash, 0)
    if (this.#offsets[slot] === 0) {
      if (this.count >= this.maxCount) return false
      if (this.count >= this.#growAt) {
        this.#grow()
        slot = this.#find(hash, 0)
      }
      this.#hashes.set(hash, slot * HASH_WORDS)
      this.count++
    }
    this.#offsets[slot] = offset + 1
    return true
  }

  get(hash: Uint32Array): number {
    return this.#offsets[this.#find(hash, 0)]! - 1
  }

  /** Where the hash that stands at `from` of `words` is, or the free slot where it would be; there always is one. */
  #find(words: Uint32Array, from: number): number {
    const hashes = this.#hashes
    const offsets = this.#offsets
    const a = words[from]!
    const b = words[from + 1]
    const c = words[from + 2]
    const d = words[from + 3]
    let slot = a % this.#slotCount
    for (;;) {
      if (offsets[slot] === 0) return slot
      const at = slot * HASH_WORDS
      if (hashes[at] === a && hashes[at + 1] === b && hashes[at + 2] === c && hashes[at + 3] === d) return slot
      slot = slot + 1 === this.#slotCount ? 0 : slot + 1
    }
  }

  #grow(): void {
    const hashes = this.#hashes
    const offsets = this.#offsets
    this.#slotCount = Math.min(this.#slotCount * 2, this.#maxSlots)
    this.#growAt = this.#slotCount === this.#maxSlots ? this.maxCount : this.#limitOf(this.#slotCount)
    this.#hashes = new Uint32Array(this.#slotCount * HASH_WORDS)
    this.#offsets = new Float64Array(this.#slotCount)
    for (let slot = 0; slot < offsets.length; slot++) {
      if (offsets[slot] === 0) continue
      const target = this.#find(hashes, slot * HASH_WORDS)
      for (let word = 0; word < HASH_WORDS; word++) {
        this.#hashes[target * HASH_WORDS + word] = hashes[slot * HASH_WORDS + word]!
      }
      this.#offsets[target] = offsets[slot]!
    }
  }

  #limitOf(slotCount: number): number {
    return slotCount === this.#maxSlots ? this.maxCount : Math.floor(slotCount * Math.min(0.75, this.#loadFactor))
  }
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits))

function mix(hash: number): number {
  let value = hash
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return value ^ (value >>> 16)
}

/** The four words of a tail that is filled up with zeros. */
const tail = new Uint8Array(16)

function murmur128(bytes: Uint8Array, start: number, end: number, seed: number, into: Uint32Array): void {
  let h1 = seed | 0
  let h2 = h1
  let h3 = h1
  let h4 = h1
  const length = end - start
  const blockEnd = start + (length & ~15)
  for (let at = start; at < blockEnd; at += 16) {
    h1 ^= Math.imul(rotate(Math.imul(word(bytes, at), C1), 15), C2)
    h1 = (Math.imul((rotate(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0
    h2 ^= Math.imul(rotate(Math.imul(word(bytes, at + 4), C2), 16), C3)
    h2 = (Math.imul((rotate(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0
    h3 ^= Math.imul(rotate(Math.imul(word(bytes, at + 8), C3), 17), C4)
    h3 = (Math.imul((rotate(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0
    h4 ^= Math.imul(rotate(Math.imul(word(bytes, at + 12), C4), 18), C1)
    h4 = (Math.imul((rotate(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0
  }
  if (blockEnd < end) {
    tail.fill(0)
    for (let at = blockEnd; at < end; at++) tail[at - blockEnd] = bytes[at]!
    h4 ^= Math.imul(rotate(Math.imul(word(tail, 12), C4), 18), C1)
    h3 ^= Math.imul(rotate(Math.imul(word(tail, 8), C3), 17), C4)
    h2 ^= Math.imul(rotate(Math.imul(word(tail, 4), C2), 16), C3)
    h1 ^= Math.imul(rotate(Math.imul(word(tail, 0), C1), 15), C2)
  }
  h1 ^= length
  h2 ^= length
  h3 ^= length
  h4 ^= length
  h1 = (h1 + h2 + h3 + h4) | 0
  h2 = (h2 + h1) | 0
  h3 = (h3 + h1) | 0
  h4 = (h4 + h1) | 0
  h1 = mix(h1)
  h2 = mix(h2)
  h3 = mix(h3)
  h4 = mix(h4)
  h1 = (h1 + h2 + h3 + h4) | 0
  into[0] = h1
  into[1] = h2 + h1
  into[2] = h3 + h1
  into[3] = h4 + h1
}
