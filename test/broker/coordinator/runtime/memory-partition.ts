// A partition in memory that commits, refuses and fails when it is told to.

import type {
  CoordinatorAppend,
  CoordinatorPartition,
} from '../../../../broker/coordinator/runtime/coordinator-partition.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { batchLastOffset, setBaseOffset, viewOf } from '../../../../protocol/records/batch.ts'

interface Batch {
  readonly bytes: Uint8Array
  readonly baseOffset: number
  readonly lastOffset: number
}

export class MemoryPartition implements CoordinatorPartition {
  readonly leaderEpoch: number
  logStartOffset = 0
  maxBatchSize = 1_048_588
  batches: Batch[] = []
  committedOffset: number
  /** What the next appends are refused with. */
  refusal: number = ErrorCode.NONE
  /** How many appends are taken before `refusal` applies. */
  appendsLeft = 0
  /** What the next reads answer instead of batches: an error, or nothing. */
  readAnswers: number[] = []
  /** Whether appends are committed at once. */
  isEager = true
  #waiting: { endOffset: number; done: (errorCode: number) => void }[] = []

  constructor(leaderEpoch = 1, batches: readonly Batch[] = []) {
    this.leaderEpoch = leaderEpoch
    this.batches = [...batches]
    this.committedOffset = this.logEndOffset
  }

  get logEndOffset(): number {
    return (this.batches.at(-1)?.lastOffset ?? -1) + 1
  }

  append(bytes: Uint8Array): CoordinatorAppend {
    const { refusal } = this
    if (refusal !== ErrorCode.NONE && this.appendsLeft-- <= 0)
      return { errorCode: refusal, errorMessage: null, baseOffset: -1, lastOffset: -1 }
    const baseOffset = this.logEndOffset
    setBaseOffset(viewOf(bytes), 0, baseOffset)
    const lastOffset = batchLastOffset(viewOf(bytes), 0)
    this.batches.push({ bytes, baseOffset, lastOffset })
    if (this.isEager) this.commit()
    return { errorCode: ErrorCode.NONE, errorMessage: null, baseOffset, lastOffset }
  }

  whenCommitted(endOffset: number, done: (errorCode: number) => void): void {
    if (this.committedOffset >= endOffset) done(ErrorCode.NONE)
    else this.#waiting.push({ endOffset, done })
  }

  read(offset: number, _maxSize: number, done: (errorCode: number, chunks: readonly Uint8Array[]) => void): void {
    const answer = this.readAnswers.shift()
    if (answer !== undefined) {
      done(answer, [])
      return
    }
    const batch = this.batches.find(({ lastOffset }) => lastOffset >= offset)
    done(ErrorCode.NONE, batch === undefined ? [] : [batch.bytes])
  }

  commit(endOffset = this.logEndOffset): void {
    this.committedOffset = Math.max(this.committedOffset, endOffset)
    const ready = this.#waiting.filter((waiting) => waiting.endOffset <= this.committedOffset)
    this.#waiting = this.#waiting.filter((waiting) => waiting.endOffset > this.committedOffset)
    for (const { done } of ready) done(ErrorCode.NONE)
  }

  /** What is not committed is lost. */
  fail(): void {
    this.batches = this.batches.filter(({ lastOffset }) => lastOffset < this.committedOffset)
    const waiting = this.#waiting
    this.#waiting = []
    for (const { done } of waiting) done(ErrorCode.KAFKA_STORAGE_ERROR)
  }
}
