// The batches appended last, in memory, so that a consumer at the end of a log never touches the disk. Each log has a
// tail; one bound holds for all of them together, and what was appended first, wherever, is dropped first.
//
//   log A   ······│ a1 │ a2 │ a3 │        TailCache, in the order of appending: a1 b1 a2 b2 a3 …
//   log B        ···│ b1 │ b2 │           over the limit, a1 goes: always the head of its own tail
//
// A chunk is what one append gave: one batch of a client, or several of a leader. The bytes are the log's: nobody
// changes them, and the tail holds them until they are dropped. A slice keeps all of its memory alive, and the bound
// counts slices. What was cut from one slab came at one time and is dropped at one time, so slabs are used up nearly
// whole; of other memory a small slice of a large frame is copied.
//
// The queue holds a tail once for each chunk. Those of a tail that was emptied are stale: skipped when they come to the
// head, swept out when they are as many as the others.

import { hold, isPooled, letGo } from '../../host/slab.ts'

/** Drained heads are cut off the arrays in pieces of this many. */
const COMPACT_AT = 64
/** Up to so many, arrays have no room to spare: of thousands of logs most keep less. */
const FEW = 4
const NOTHING = new Uint8Array(0)

/** Of the many tails that are empty. Never changed. */
const NO_CHUNKS: Uint8Array[] = []
const NO_OFFSETS: number[] = []

export class Tail {
  readonly #cache: TailCache
  #chunks: Uint8Array[] = NO_CHUNKS
  /** Each chunk ends where the next one begins. */
  #baseOffsets: number[] = NO_OFFSETS
  /** Of the last chunk. */
  #endOffset = 0
  #head = 0
  /** Entries in the cache's queue whose chunks are gone; before all others of this tail. */
  staleCount = 0

  constructor(cache: TailCache) {
    this.#cache = cache
  }

  get count(): number {
    return this.#chunks.length - this.#head
  }

  /** The lowest offset that is here; Infinity when none is. */
  get startOffset(): number {
    return this.#head < this.#baseOffsets.length ? this.#baseOffsets[this.#head]! : Number.POSITIVE_INFINITY
  }

  /** Offsets that are left out, as a replica's copy of a compacted log does, begin the tail anew. */
  append(chunk: Uint8Array, baseOffset: number, endOffset: number): void {
    if (baseOffset !== this.#endOffset) this.clear()
    this.#endOffset = endOffset
    const bytes = ownBytes(chunk)
    hold(bytes)
    if (this.#chunks === NO_CHUNKS) {
      // Of one element: an array that is pushed to makes room for sixteen more.
      this.#chunks = [bytes]
      this.#baseOffsets = [baseOffset]
    } else if (this.#chunks.length < FEW) {
      // As [...these, one] would too.
      this.#chunks = this.#chunks.concat([bytes])
      this.#baseOffsets = this.#baseOffsets.concat(baseOffset)
    } else {
      this.#chunks.push(bytes)
      this.#baseOffsets.push(baseOffset)
    }
    this.#cache.added(this, chunk.length)
  }

  /** The chunk that holds `offset`, which is not below startOffset; for use with chunkAt. */
  find(offset: number): number {
    const baseOffsets = this.#baseOffsets
    let low = this.#head
    let high = baseOffsets.length - 1
    // A consumer at the end is the usual one.
    if (high >= low && baseOffsets[high]! <= offset) return high
    while (low <= high) {
      const middle = (low + high) >>> 1
      if (baseOffsets[middle]! <= offset) low = middle + 1
      else high = middle - 1
    }
    return high
  }

  /** Of the chunk that begins at `offset`; -1 when none does. */
  indexOf(offset: number): number {
    if (this.startOffset > offset) return -1
    const index = this.find(offset)
    return this.#baseOffsets[index] === offset ? index : -1
  }

  /** Bytes of the chunks from `index` on that end at `endOffset` or before; no more are counted than `limit` allows. */
  sizeFrom(index: number, endOffset: number, limit: number): number {
    let size = 0
    while (index < this.#chunks.length && this.endOffsetAt(index) <= endOffset && size <= limit) {
      size += this.#chunks[index++]!.length
    }
    return size
  }

  /** undefined past the last. */
  chunkAt(index: number): Uint8Array | undefined {
    return this.#chunks[index]
  }

  /** Of a chunk that is there. */
  baseOffsetAt(index: number): number {
    return this.#baseOffsets[index]!
  }

  endOffsetAt(index: number): number {
    return index + 1 < this.#baseOffsets.length ? this.#baseOffsets[index + 1]! : this.#endOffset
  }

  /** Forgets everything: the log was truncated or closed. */
  clear(): void {
    const { count } = this
    if (count === 0) return
    for (let index = this.#head; index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index]!
      this.#cache.removed(chunk.length)
      letGo(chunk)
    }
    this.#chunks = NO_CHUNKS
    this.#baseOffsets = NO_OFFSETS
    this.#head = 0
    this.#cache.forget(this, count)
  }

  /** What ends at or below `offset` has been compacted: readers see what is left in the files. */
  clearBelow(offset: number): void {
    let count = 0
    while (this.#head < this.#chunks.length && this.endOffsetAt(this.#head) <= offset) {
      this.#cache.removed(this.dropOldest())
      count++
    }
    if (count > 0) this.#cache.forget(this, count)
  }

  /** Called by the cache alone, and above. Size of what was dropped. */
  dropOldest(): number {
    const chunk = this.#chunks[this.#head]
    if (chunk === undefined) throw new Error('assertion: a tail without a chunk is asked to drop one')
    letGo(chunk)
    // The array is cut later, and memory of the collector's must not wait for that.
    this.#chunks[this.#head] = NOTHING
    this.#head++
    if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#head)
      this.#baseOffsets = this.#baseOffsets.slice(this.#head)
      this.#head = 0
    }
    return chunk.length
  }
}

/** What a chunk costs besides its bytes: headers of the array, the entries here. */
const CHUNK_OVERHEAD = 200

export class TailCache {
  readonly #limit: number
  #queue: Tail[] = []
  #head = 0
  #size = 0
  /** Of the queue's entries. */
  #staleCount = 0

  /** `limit` in bytes; 0 keeps nothing. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#size
  }

  /** Chunks here, and stale entries not swept out yet; for tests. */
  get queueLength(): number {
    return this.#queue.length - this.#head
  }

  added(tail: Tail, size: number): void {
    this.#queue.push(tail)
    this.#size += size + CHUNK_OVERHEAD
    while (this.#size > this.#limit && this.#head < this.#queue.length) {
      const oldest = this.#queue[this.#head]!
      this.#head++
      if (this.#isStale(oldest)) continue
      this.#size -= oldest.dropOldest() + CHUNK_OVERHEAD
    }
    if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
  }

  removed(size: number): void {
    this.#size -= size + CHUNK_OVERHEAD
  }

  /** The tail has been emptied by its log, of `count` chunks. */
  forget(tail: Tail, count: number): void {
    tail.staleCount += count
    this.#staleCount += count
    if (this.#staleCount < COMPACT_AT || this.#staleCount * 2 < this.#queue.length - this.#head) return
    this.#queue = this.#queue.slice(this.#head).filter((other) => !this.#isStale(other))
    this.#head = 0
  }

  #isStale(tail: Tail): boolean {
    if (tail.staleCount === 0) return false
    tail.staleCount--
    this.#staleCount--
    return true
  }
}

/** Node cuts small buffers out of shared ones of this size: such a slice keeps little alive. */
const POOL_SIZE = 8192

function ownBytes(chunk: Uint8Array): Uint8Array {
  if (isPooled(chunk)) return chunk
  const { byteLength } = chunk.buffer
  return byteLength > POOL_SIZE && chunk.length * 2 < byteLength ? new Uint8Array(chunk) : chunk
}
