// Where readers of a segment go on: the offset that each will ask for, and the position in the file where its batch
// begins. The index knows batches a few KiB apart, by their last offsets; it leads to the batch before the wanted one,
// which is then read for nothing: with batches of 1 MiB, half of all that is read.

/** Readers at places of their own whom one segment remembers. */
const COUNT = 16

export class ReadPositions {
  readonly #offsets: number[] = []
  readonly #positions: number[] = []
  #next = 0

  /** -1: nobody has come so far. */
  find(offset: number): number {
    const index = this.#offsets.indexOf(offset)
    return index < 0 ? -1 : this.#positions[index]!
  }

  add(offset: number, position: number): void {
    if (this.#offsets.includes(offset)) return
    this.#offsets[this.#next] = offset
    this.#positions[this.#next] = position
    this.#next = (this.#next + 1) % COUNT
  }
}
