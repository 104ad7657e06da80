// What waits for a log to reach an offset, in the order of appends, which is the order of offsets: a ring, so that what
// comes and goes all the time leaves nothing for the collector.
//
//   │ 7 8 9 · · · · · 4 5 6 │
//             ▲       ▲
//         head + count  head

/** Of most partitions one append at a time waits. */
const FIRST_CAPACITY = 2
/**
 * A ring that a burst has made larger than this goes when it is empty; so does one of the first capacity, 128 bytes,
 * and with it the ring itself, 64 more: there are thousands of partitions, and those that are busy have larger ones.
 */
const MAX_IDLE_CAPACITY = 1024

/** Until something waits. Never changed. */
const NOTHING: never[] = []

export class Backlog<T> {
  /** As long as each other, a power of two; empty until something waits. */
  #endOffsets: number[] = NOTHING
  #entries: (T | undefined)[] = NOTHING
  #head = 0
  #count = 0

  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** Nothing waits, and no room is kept for what will. */
  get isBare(): boolean {
    return this.#entries.length === 0
  }

  /** Usually at the end; an entry for an earlier offset (a duplicate of a batch under way) finds its place. */
  push(endOffset: number, entry: T): void {
    if (this.#count === this.#entries.length) this.#grow()
    const mask = this.#entries.length - 1
    let place = this.#head + this.#count
    while (place > this.#head && this.#endOffsets[(place - 1) & mask]! > endOffset) {
      this.#endOffsets[place & mask] = this.#endOffsets[(place - 1) & mask]!
      this.#entries[place & mask] = this.#entries[(place - 1) & mask]
      place--
    }
    this.#endOffsets[place & mask] = endOffset
    this.#entries[place & mask] = entry
    this.#count++
  }

  /** Takes the next entry whose offset is reached; undefined when there is none. */
  shiftUpTo(endOffset: number): T | undefined {
    const head = this.#head
    if (this.#count === 0 || this.#endOffsets[head]! > endOffset) return undefined
    const entry = this.#entries[head]
    this.#entries[head] = undefined
    this.#head = (head + 1) & (this.#entries.length - 1)
    this.#count--
    if (this.#count === 0) this.#restOf()
    return entry
  }

  /** Takes those whose offset lies above `endOffset`, lowest first. */
  takeAbove(endOffset: number): T[] {
    const mask = this.#entries.length - 1
    const taken: T[] = []
    while (this.#count > 0) {
      const last = (this.#head + this.#count - 1) & mask
      if (this.#endOffsets[last]! <= endOffset) break
      taken.push(this.#entries[last]!)
      this.#entries[last] = undefined
      this.#count--
    }
    return taken.reverse()
  }

  #restOf(): void {
    if (this.#entries.length > FIRST_CAPACITY && this.#entries.length <= MAX_IDLE_CAPACITY) return
    this.#entries = NOTHING
    this.#endOffsets = NOTHING
    this.#head = 0
  }

  #grow(): void {
    const from = this.#entries.length
    const capacity = Math.max(FIRST_CAPACITY, from * 2)
    const endOffsets = new Array<number>(capacity).fill(0)
    const entries = new Array<T | undefined>(capacity).fill(undefined)
    for (let index = 0; index < this.#count; index++) {
      const place = (this.#head + index) & (from - 1)
      endOffsets[index] = this.#endOffsets[place]!
      entries[index] = this.#entries[place]
    }
    this.#endOffsets = endOffsets
    this.#entries = entries
    this.#head = 0
  }
}
