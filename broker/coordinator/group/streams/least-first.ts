// A heap that gives the least first, with the ties of java.util.PriorityQueue: which of two equally loaded processes
// gets a task decides where all others go, and a group that moves between brokers shall not be dealt anew.

export class LeastFirst<T> {
  readonly #items: T[] = []
  readonly #rank: (item: T) => number

  /** An item's rank may change only while it is out. */
  constructor(rank: (item: T) => number, items: Iterable<T>) {
    this.#rank = rank
    for (const item of items) this.add(item)
  }

  get isEmpty(): boolean {
    return this.#items.length === 0
  }

  add(item: T): void {
    const rank = this.#rank(item)
    let index = this.#items.length
    while (index > 0) {
      const parent = (index - 1) >>> 1
      if (rank >= this.#rank(this.#items[parent]!)) break
      this.#items[index] = this.#items[parent]!
      index = parent
    }
    this.#items[index] = item
  }

  take(): T | undefined {
    const least = this.#items[0]
    const last = this.#items.pop()
    if (last !== undefined && this.#items.length > 0) this.#sink(last)
    return least
  }

  #sink(item: T): void {
    const count = this.#items.length
    const rank = this.#rank(item)
    let index = 0
    while (index < count >>> 1) {
      let child = 2 * index + 1
      if (child + 1 < count && this.#rank(this.#items[child]!) > this.#rank(this.#items[child + 1]!)) child++
      if (rank <= this.#rank(this.#items[child]!)) break
      this.#items[index] = this.#items[child]!
      index = child
    }
    this.#items[index] = item
  }
}
