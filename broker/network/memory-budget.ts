// Bounds the memory of what is on its way through the broker, over all connections: of requests (Kafka:
// queued.max.request.bytes), and of answers that are being read from disk or wait for a slow peer.
//
//   requests   bytes arrive ──► frame ──► dispatched; produced batches: appended ──► written
//              └────────────── charged ───────────┘                      └─ charged ───┘
//
// Bytes are charged as they arrive, not as they are announced, so that a frame that is announced and never sent costs
// nothing. When the budget is spent, connections stop reading and queue up here; as there is room, as many go on as
// fill it. When nothing but half-received frames holds the memory, they could wait for each other for ever: then a few
// of them read on until their frames are whole. A few, not one, since each goes at the pace of its client's network.
// When that does not help either, those are given up that lack most: frames that were announced to be sent never.

export interface BudgetWaiter {
  /** Part of a frame is here: reading on is what gives its memory back. */
  readonly isMidFrame: boolean
  /** Bytes until that frame is whole. */
  readonly missingSize: number
  /** There is room again. The waiter may read on. */
  onRoom(): void
  /** What it has of a frame is in everybody's way: it is dropped, its memory comes back at once. */
  giveUp(): void
}

const MAX_PRIVILEGED = 8
/** What they may lack together, as a share of the limit, when they are more than one: it comes on top of it. */
const MAX_PRIVILEGED_SHARE = 0.5
/** Share of the limit: when as much comes back at once, a large frame was made whole, and others get their turn. */
const MUCH = 1 / 16
/** What one read may bring. */
const READ_SIZE = 1024 * 1024

/** Of the limit, on top of it: for answers when it is spent, so that nobody who reads has to wait for who does not. */
const OVERDRAFT = 0.25
/** What one answer gets of that: the largest batch that a topic takes by default. */
const OVERDRAFT_SIZE = 1024 * 1024
/** And of what is left, at most this share, so that few do not take it all. */
const MAX_SHARE = 0.25

export class MemoryBudget {
  readonly limit: number
  readonly #later: (run: () => void) => void
  #used = 0
  /** Of #used: appended and not written, or of large requests that wait to be started. */
  #returning = 0
  readonly #waiting = new Set<BudgetWaiter>()
  /** May read although the budget is spent. */
  readonly #privileged = new Set<BudgetWaiter>()
  #wakeIsDue = false
  /** Since the last `relieve`. */
  #wasStuck = false

  /** `later`: after what sockets have brought in this turn of the event loop, so that it is known what room is left. */
  constructor(limit: number, later: (run: () => void) => void = (run) => run()) {
    this.limit = limit
    this.#later = later
  }

  /** Bytes held now. */
  get used(): number {
    return this.#used
  }

  get isSpent(): boolean {
    return this.#used >= this.limit
  }

  /** Answers get nothing any more. */
  get isOverdrawn(): boolean {
    return this.#used >= this.limit * (1 + OVERDRAFT)
  }

  /** Nothing but half-received frames holds the memory: it comes back only as clients send on. */
  get isStuck(): boolean {
    return this.isSpent && this.#returning === 0
  }

  /** May go over the limit, by what one read of each connection brings. */
  charge(size: number): void {
    this.#used += size
  }

  /** Charges a part of what there is room for, `wanted` at most; returns how much. 0: it is overdrawn. */
  grant(wanted: number): number {
    if (this.isOverdrawn) return 0
    const share = Math.floor((this.limit - this.#used) * MAX_SHARE)
    const granted = Math.min(wanted, Math.max(share, OVERDRAFT_SIZE))
    this.#used += granted
    return granted
  }

  release(size: number): void {
    this.#used -= size
    if (size >= this.limit * MUCH) this.#wasStuck = false
    this.#wake()
  }

  /** Storage: appended, and not written. */
  chargeUnwritten(size: number): void {
    this.#used += size
    this.returning(size)
  }

  releaseUnwritten(size: number): void {
    this.#returning -= size
    this.release(size)
  }

  /** What is charged, and comes back by itself: by the disk, or our turn, not by its client's or another's doing. */
  returning(size: number): void {
    this.#returning += size
    this.#wasStuck = false
  }

  /** It comes back as other memory does, or at once. */
  returned(size: number): void {
    this.#returning -= size
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

  /** To be called about once a second. Stuck all the time since the last call: the hopeless frames are given up. */
  relieve(): void {
    const wasStuck = this.#wasStuck
    this.#wasStuck = this.isStuck
    if (!wasStuck || !this.isStuck) return
    const hopeless = [...this.#waiting].filter(({ isMidFrame }) => isMidFrame)
    hopeless.sort((a, b) => b.missingSize - a.missingSize)
    for (const waiter of hopeless) {
      // Half of it, of those that a next read would not make whole; no more of others than it takes to go on.
      const isEnough = waiter.missingSize > READ_SIZE ? this.#used * 2 <= this.limit : !this.isSpent
      if (isEnough) return
      waiter.giveUp()
    }
  }

  #wake(): void {
    // Each answer comes by here, and nearly always nobody waits.
    if (this.#waiting.size === 0 && this.#privileged.size === 0) return
    if (!this.isSpent) this.#wakeLater()
    else if (this.#returning === 0) this.#privilege()
  }

  #wakeLater(): void {
    this.#privileged.clear()
    if (this.#wakeIsDue) return
    this.#wakeIsDue = true
    this.#later(this.#wakeSome)
  }

  /** As many as may fill the room; when they have read, the next. */
  readonly #wakeSome = (): void => {
    this.#wakeIsDue = false
    for (let room = this.limit - this.#used; room > 0 && this.#waiting.size > 0; room -= READ_SIZE) {
      const [waiter] = this.#waiting
      if (waiter === undefined) break
      this.#waiting.delete(waiter)
      waiter.onRoom()
    }
    this.#wake()
  }

  #privilege(): void {
    let missingSize = 0
    for (const waiter of this.#privileged) {
      if (waiter.isMidFrame) missingSize += waiter.missingSize
      else this.#privileged.delete(waiter)
    }
    for (const waiter of this.#waiting) {
      if (this.#privileged.size >= MAX_PRIVILEGED) return
      if (!waiter.isMidFrame) continue
      const isTooMuch = missingSize + waiter.missingSize > this.limit * MAX_PRIVILEGED_SHARE
      if (isTooMuch && this.#privileged.size > 0) continue
      missingSize += waiter.missingSize
      this.#waiting.delete(waiter)
      this.#privileged.add(waiter)
      waiter.onRoom()
    }
  }
}
