// Bounds the memory that requests in flight may hold, over all connections (Kafka: queued.max.request.bytes).
//
// Bytes are charged as they arrive, not as they are announced, so that a frame that is announced and never sent costs
// nothing. When the budget is spent, connections stop reading and queue up here. One of them is always let through when
// nothing but half-received frames holds the memory: otherwise they could wait for each other for ever.

export interface BudgetWaiter {
  /** There is room again. The waiter may read on. */
  onRoom(): void
}

export class MemoryBudget {
  readonly limit: number
  #used = 0
  #handled = 0
  readonly #waiting = new Set<BudgetWaiter>()
  /** May read although the budget is spent. */
  #privileged: BudgetWaiter | null = null

  constructor(limit: number) {
    this.limit = limit
  }

  /** Bytes held now. May exceed the limit by what one read of each connection brings. */
  get used(): number {
    return this.#used
  }

  get available(): number {
    return Math.max(0, this.limit - this.#used)
  }

  get isSpent(): boolean {
    return this.#used >= this.limit
  }

  charge(size: number): void {
    this.#used += size
  }

  /** A whole request is being handled: its memory will come back without anybody's reading on. */
  startHandling(): void {
    this.#handled++
    this.#privileged = null
  }

  endHandling(): void {
    this.#handled--
    this.#wake()
  }

  release(size: number): void {
    this.#used -= size
    this.#wake()
  }

  /** `waiter.onRoom` is called once, when there is room; at once for the privileged one. */
  wait(waiter: BudgetWaiter): void {
    if (waiter === this.#privileged) {
      waiter.onRoom()
      return
    }
    this.#waiting.add(waiter)
    this.#wake()
  }

  forget(waiter: BudgetWaiter): void {
    this.#waiting.delete(waiter)
    if (waiter !== this.#privileged) return
    this.#privileged = null
    this.#wake()
  }

  #wake(): void {
    while (!this.isSpent) {
      this.#privileged = null
      const waiter = this.#takeFirst()
      if (waiter === null) return
      waiter.onRoom()
    }
    if (this.#handled > 0 || this.#privileged !== null) return
    this.#privileged = this.#takeFirst()
    this.#privileged?.onRoom()
  }

  #takeFirst(): BudgetWaiter | null {
    for (const waiter of this.#waiting) {
      this.#waiting.delete(waiter)
      return waiter
    }
    return null
  }
}
