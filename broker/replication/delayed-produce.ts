// A produce request whose appends wait to be committed (Kafka: DelayedProduce). Counts down; answers once, when all are
// committed or refused, or when the client's time is up: what is not committed by then is appended, but not promised.

import type { Timer, Timers } from '../../host/host.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { ACKS_ALL, type Partition } from './partition.ts'

export interface ProduceSlot {
  errorCode: number
}

export class DelayedProduce {
  readonly #timers: Timers
  readonly #done: () => void
  readonly #pending = new Set<ProduceSlot>()
  #timer: Timer | null = null
  #started = false

  /** `done` is called once, after `start`, when every slot has its final error code. */
  constructor(timers: Timers, done: () => void) {
    this.#timers = timers
    this.#done = done
  }

  /** Waits for what ends at `endOffset` to be visible (acks=all) or written (acks=1). */
  add(partition: Partition, endOffset: number, requiredAcks: number, slot: ProduceSlot): void {
    this.#pending.add(slot)
    const onOffset = (errorCode: number): void => {
      if (!this.#pending.delete(slot)) return
      slot.errorCode = errorCode
      this.#finishIfDone()
    }
    if (requiredAcks === ACKS_ALL) partition.whenCommitted(endOffset, onOffset)
    else partition.whenWritten(endOffset, onOffset)
  }

  start(timeoutMs: number): void {
    this.#started = true
    this.#finishIfDone()
    if (this.#pending.size === 0) return
    this.#timer = this.#timers.after(timeoutMs, () => {
      for (const slot of this.#pending) slot.errorCode = ErrorCode.REQUEST_TIMED_OUT
      this.#pending.clear()
      this.#finishIfDone()
    })
  }

  #finishIfDone(): void {
    if (!this.#started || this.#pending.size > 0) return
    this.#started = false
    this.#timer?.cancel()
    this.#done()
  }
}
