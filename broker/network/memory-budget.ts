// Bounds the memory of what is on its way through the broker, over all connections: of requests (Kafka:
// queued.max.request.bytes), and of answers that are being read from disk or wait for a slow peer.
//
// Bytes are charged as they arrive, not as they are announced, so that a frame that is announced and never sent costs
// nothing. When the budget is spent, connections stop reading and queue up here. When nothing but half-received frames
// holds the memory, they could wait for each other for ever: then a few of them read on until their frames are whole. A
// few, not one, since each goes at the pace of its client's network.

export interface BudgetWaiter {
  /** Part of a frame is here: reading on is what gives its memory back. */
  readonly isMidFrame: boolean
  /** There is room again. The waiter may read on. */
  onRoom(): void
}

const MAX_PRIVILEGED = 8

export class MemoryBudget {
  readonly limit: number
  #used = 0
  #handled = 0
  readonly #waiting = new Set<BudgetWaiter>()
  /** May read although the budget is spent. */
  readonly #privileged = new Set<BudgetWaiter>()

  constructor(limit: number) {
    this.limit = limit
  }

  /** Bytes held now. */
  get used(): number {
    return this.#used
  }

  get isSpent(): boolean {
    return this.#used >= this.limit
  }

  /** Nothing but half-received frames holds the memory: it comes back only as clients send on. */
  get isStuck(): boolean {
    return this.isSpent && this.#handled === 0
  }

  /** May go over the limit, by what one read of each connection brings. */
  charge(size: number): void {
    this.#used += size
  }

  /** Charges what there is room for, `wanted` at most; returns how much. */
  grant(wanted: number): number {
    const granted = Math.max(0, Math.min(wanted, this.limit - this.#used))
    this.#used += granted
    return granted
  }

  release(size: number): void {
    this.#used -= size
    this.#wake()
  }

  /**
   * A request is being handled whose memory comes back by itself: by the disk, not by its client's or another's doing.
   */
  startHandling(): void {
    this.#handled++
  }

  endHandling(): void {
    this.#handled--
    this.#wake()
  }

  /** `waiter.onRoom` is called once, when there is room; at once for a privileged one, while its frame is not whole. */
  wait(waiter: BudgetWaiter): void {
    if (this.#privileged.has(waiter)) {
      if (waiter.isMidFrame) {
        waiter.onRoom()
        return
      }
      this.#privileged.delete(waiter)
    }
    this.#waiting.add(waiter)
    this.#wake()
  }

  forget(waiter: BudgetWaiter): void {
    this.#waiting.delete(waiter)
    this.#privileged.delete(waiter)
    this.#wake()
  }

  #wake(): void {
    // Each answer comes by here, and nearly always nobody waits.
    if (this.#waiting.size === 0 && this.#privileged.size === 0) return
    while (!this.isSpent) {
      this.#privileged.clear()
      const [waiter] = this.#waiting
      if (waiter === undefined) return
      this.#waiting.delete(waiter)
      waiter.onRoom()
    }
    if (this.isStuck) this.#privilege()
  }

  #privilege(): void {
    for (const waiter of this.#privileged) if (!waiter.isMidFrame) this.#privileged.delete(waiter)
    for (const waiter of this.#waiting) {
      if (this.#privileged.size >= MAX_PRIVILEGED) return
      if (!waiter.isMidFrame) continue
      this.#waiting.delete(waiter)
      this.#privileged.add(waiter)
      waiter.onRoom()
    }
  }
}
