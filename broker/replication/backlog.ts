// What waits for a log to reach an offset, in the order of appends, which is the order of offsets.

const COMPACT_AT = 1024

export class Backlog<T> {
  readonly #endOffsets: number[] = []
  readonly #entries: T[] = []
  #head = 0

  get isEmpty(): boolean {
    return this.#head === this.#entries.length
  }

  /** Usually at the end; an entry for an earlier offset (a duplicate of a batch under way) finds its place. */
  push(endOffset: number, entry: T): void {
    let index = this.#entries.length
    while (index > this.#head && this.#endOffsets[index - 1]! > endOffset) index--
    if (index === this.#entries.length) {
      this.#endOffsets.push(endOffset)
      this.#entries.push(entry)
    } else {
      this.#endOffsets.splice(index, 0, endOffset)
      this.#entries.splice(index, 0, entry)
    }
  }

  /** Takes the next entry whose offset is reached; undefined when there is none. */
  shiftUpTo(endOffset: number): T | undefined {
    if (this.#head === this.#entries.length || this.#endOffsets[this.#head]! > endOffset) return undefined
    const entry = this.#entries[this.#head++]
    if (this.#head === this.#entries.length) this.#drop(this.#entries.length)
    else if (this.#head >= COMPACT_AT) this.#drop(this.#head)
    return entry
  }

  /** Takes those whose offset lies above `endOffset`. */
  takeAbove(endOffset: number): T[] {
    let index = this.#entries.length
    while (index > this.#head && this.#endOffsets[index - 1]! > endOffset) index--
    this.#endOffsets.splice(index)
    const taken = this.#entries.splice(index)
    if (this.#head === this.#entries.length) this.#drop(this.#head)
    return taken
  }

  #drop(count: number): void {
    this.#entries.splice(0, count)
    this.#endOffsets.splice(0, count)
    this.#head = 0
  }
}
