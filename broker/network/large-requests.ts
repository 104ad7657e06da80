// Requests of a megabyte and more, Produce aside (connection.ts): names by the hundred thousand, as a rule. As objects
// they take several times their bytes, and their answers are as large again. So they are started one a turn of the
// event loop, whose other clients go on in between, and only while there is memory for answers: eight DeleteTopics of
// 89 MiB at once, of names that no topic has, took 2.2 GiB, of which 0.8 were answers that waited to be sent.
//
// Slow clients may have all that memory for good: each that takes a part of it back finds another one that wants it.
// Then the next is started after a second, as long as no more than half as much again is held with its answer.
//
// It is a start that waits here, not an answer: a large JoinGroup may be answered when others have joined.

import type { Timer, Timers } from '../../host/host.ts'
import type { BudgetWaiter, MemoryBudget } from './memory-budget.ts'

export const LARGE_REQUEST_SIZE = 1024 * 1024
const PATIENCE_MS = 1_000
/** Of the memory for answers: what may be held together with the answer to one that has waited so long. */
const MAX_HELD = 1.5

/** A connection whose next request is large. */
interface LargeRequestOwner {
  /** It may start, if `admits` is asked within the call. */
  flushLater(): void
}

export class LargeRequests {
  readonly #requests: MemoryBudget
  readonly #answers: MemoryBudget
  readonly #timers: Timers
  /** With the sizes of their requests. */
  readonly #waiting = new Map<LargeRequestOwner, number>()
  /** Whose turn it is. */
  #next: LargeRequestOwner | null = null
  /** One was started in this turn, or room is waited for. */
  #isBusy = false
  /** Of who waits for room. */
  #patience: Timer | null = null

  constructor(requests: MemoryBudget, answers: MemoryBudget, timers: Timers) {
    this.#requests = requests
    this.#answers = answers
    this.#timers = timers
  }

  /** Whether it may start its request now. If not, `flushLater` is called when it may. */
  admits(owner: LargeRequestOwner, size: number): boolean {
    if (this.#next === owner) {
      this.#next = null
      return true
    }
    const isFree = !this.#isBusy && this.#waiting.size === 0 && !this.#answers.isSpent
    if (!isFree && !this.#waiting.has(owner)) {
      this.#waiting.set(owner, size)
      this.#requests.returning(size)
    }
    if (!this.#isBusy) this.#startLater()
    return isFree
  }

  forget(owner: LargeRequestOwner): void {
    const size = this.#waiting.get(owner)
    if (size === undefined) return
    this.#waiting.delete(owner)
    this.#requests.returned(size)
  }

  #startLater(): void {
    this.#isBusy = true
    this.#timers.endOfTurn(this.#startNext)
  }

  readonly #startNext = (): void => {
    this.#isBusy = false
    const [owner] = this.#waiting.keys()
    if (owner === undefined) return
    if (this.#answers.isSpent) this.#awaitRoom()
    else this.#start(owner)
  }

  #start(owner: LargeRequestOwner): void {
    this.#startLater()
    this.#next = owner
    this.forget(owner)
    owner.flushLater()
    this.#next = null
  }

  #awaitRoom(): void {
    this.#isBusy = true
    this.#patience = this.#timers.after(PATIENCE_MS, this.#onPatienceOver)
    this.#answers.wait(this.#room)
  }

  readonly #onPatienceOver = (): void => {
    this.#answers.forget(this.#room)
    this.#isBusy = false
    const [next] = this.#waiting
    if (next === undefined) return
    const [owner, size] = next
    if (this.#answers.used + size > MAX_HELD * this.#answers.limit) this.#awaitRoom()
    else this.#start(owner)
  }

  readonly #room: BudgetWaiter = {
    isMidFrame: false,
    missingSize: 0,
    onRoom: () => {
      this.#patience?.cancel()
      this.#startLater()
    },
    giveUp() {},
  }
}
