// One fetch over several partitions: reads them in the order asked, within one byte budget, and, when that brings too
// little, waits for more (Kafka: DelayedFetch in the fetch purgatory; KIP-74 for the size limits).
//
//   read all ──enough, an error, or no time to wait──▶ done
//      │                                                ▲
//      └──too little──▶ wait ──progress or time-out──▶ read all again
//
// No promise and no timer on the way of a fetch that finds its data.

import { DiskError } from '../../host/disk.ts'
import type { Clock, Timer, Timers } from '../../host/host.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { FetchWaiter, Partition } from './partition.ts'

/**
 * A partition as a request names it: by topic (then topicId is zero) or, from Fetch v13 on, by topicId (then topic is
 * empty).
 */
export interface FetchPartition {
  readonly topic: string
  readonly topicId: string
  readonly index: number
  readonly currentLeaderEpoch: number
  readonly fetchOffset: number
  readonly lastFetchedEpoch: number
  readonly maxSize: number
}

/** What one partition of a fetch asks for, and what it got: the answer is filled into the same object. */
export interface FetchTarget {
  readonly request: FetchPartition
  /** Null when the partition is not here or the request is wrong; errorCode says why. */
  partition: Partition | null
  errorCode: number
  records: readonly Uint8Array[]
  recordsSize: number
  highWatermark: number
  lastStableOffset: number
  logStartOffset: number
  abortedTransactions: readonly { producerId: bigint; firstOffset: number }[] | null
  /** Set when lastFetchedEpoch diverges from our history (KIP-595). */
  divergingEpoch: { epoch: number; endOffset: number } | null
}

/** Bounds what all fetches read at one time (network/memory-budget.ts). */
export interface FetchMemory {
  /** Takes up to `wanted` bytes; returns how many. Without any, a fetch still gets its first batch. */
  grant(wanted: number): number
  release(size: number): void
}

export interface FetchLimits {
  readonly minSize: number
  readonly maxSize: number
  readonly maxWaitMs: number
  readonly readCommitted: boolean
}

const NO_RECORDS: readonly Uint8Array[] = []

export class DelayedFetch implements FetchWaiter {
  readonly #targets: readonly FetchTarget[]
  readonly #limits: FetchLimits
  readonly #host: { readonly clock: Clock; readonly timers: Timers }
  readonly #memory: FetchMemory
  readonly #done: () => void
  readonly #deadline: number
  #timer: Timer | null = null
  #waiting = false
  #isDone = false
  #index = 0
  /** Where the target at #index is read on: a read ends with its segment. */
  #nextOffset = -1
  #totalSize = 0
  /** Bytes taken from #memory, and what that leaves of the limits. */
  #granted = 0
  #maxSize = 0
  #hasError = false
  #readingAsync = false
  /** Sum of the partitions' visibleSize when they were read, and the sum at which there is enough. */
  #enoughAt = 0

  /** `done` is called once, when the answers stand in `targets`. */
  constructor(
    targets: readonly FetchTarget[],
    limits: FetchLimits,
    host: { readonly clock: Clock; readonly timers: Timers },
    memory: FetchMemory,
    done: () => void,
  ) {
    this.#targets = targets
    this.#limits = limits
    this.#host = host
    this.#memory = memory
    this.#done = done
    this.#deadline = limits.maxWaitMs > 0 ? host.clock.monotonic() + limits.maxWaitMs : 0
  }

  start(): void {
    if (this.#isDone) return
    let wanted = 0
    for (const { request } of this.#targets) wanted += request.maxSize
    this.#granted = this.#memory.grant(Math.min(wanted, this.#limits.maxSize))
    this.#maxSize = Math.min(this.#granted, this.#limits.maxSize)
    this.#index = 0
    this.#nextOffset = -1
    this.#totalSize = 0
    this.#hasError = false
    this.#enoughAt = this.#visibleSize() + Math.max(1, this.#limits.minSize)
    this.#readOn()
  }

  /** Partition: more is visible, or something must be told. */
  onProgress(): void {
    if (!this.#waiting) return
    if (this.#visibleSize() < this.#enoughAt && !this.#hasChanged()) return
    this.#endWait()
    this.start()
  }

  /** The connection is gone: nothing is answered. */
  cancel(): void {
    if (this.#isDone) return
    this.#isDone = true
    // A read under way holds its memory until it ends.
    if (!this.#readingAsync) this.#releaseMemory()
    this.#endWait()
  }

  #releaseMemory(): void {
    const size = this.#granted
    this.#granted = 0
    this.#memory.release(size)
  }

  #readOn(): void {
    while (this.#index < this.#targets.length) {
      const target = this.#targets[this.#index]!
      if (this.#nextOffset < 0 && !this.#begin(target)) {
        this.#nextTarget()
        continue
      }
      const { partition } = target
      const budget = this.#maxSize - this.#totalSize
      const isFirst = this.#totalSize === 0
      const end = this.#limits.readCommitted ? target.lastStableOffset : target.highWatermark
      if (partition === null || this.#nextOffset >= end || (!isFirst && budget <= 0)) {
        this.#nextTarget()
        continue
      }
      let isSync = true
      this.#readingAsync = true
      partition.log.read(
        this.#nextOffset,
        Math.min(target.request.maxSize - target.recordsSize, Math.max(0, budget)),
        end,
        isFirst,
        (errorCode, records, size, nextOffset) => {
          this.#onRead(target, errorCode, records, size, nextOffset)
          this.#readingAsync = false
          if (this.#isDone) this.#releaseMemory()
          else if (!isSync) this.#readOn()
        },
      )
      isSync = false
      if (this.#readingAsync) return
    }
    this.#onAllRead()
  }

  /** False: there is nothing to read. */
  #begin(target: FetchTarget): boolean {
    target.records = NO_RECORDS
    target.recordsSize = 0
    const { partition } = target
    if (partition === null || !this.#describe(target, partition)) {
      if (target.errorCode !== ErrorCode.NONE || target.divergingEpoch !== null) this.#hasError = true
      return false
    }
    this.#nextOffset = target.request.fetchOffset
    return true
  }

  #nextTarget(): void {
    this.#index++
    this.#nextOffset = -1
  }

  /** Fills in the offsets that go with an answer. False: there is nothing to read. */
  #describe(target: FetchTarget, partition: Partition): boolean {
    const { log } = partition
    if (!partition.isLeader)
      target.errorCode = partition.isClosed ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.NOT_LEADER_OR_FOLLOWER
    const isOutOfRange =
      target.request.fetchOffset < log.logStartOffset || target.request.fetchOffset > log.logEndOffset
    if (target.errorCode === ErrorCode.NONE && target.divergingEpoch === null && isOutOfRange)
      target.errorCode = ErrorCode.OFFSET_OUT_OF_RANGE
    if (target.errorCode !== ErrorCode.NONE) {
      target.highWatermark = -1
      target.lastStableOffset = -1
      target.logStartOffset = -1
      return false
    }
    if (target.divergingEpoch !== null) return false
    target.highWatermark = log.highWatermark
    target.lastStableOffset = log.lastStableOffset
    target.logStartOffset = log.logStartOffset
    return true
  }

  #onRead(
    target: FetchTarget,
    errorCode: number,
    records: readonly Uint8Array[],
    size: number,
    nextOffset: number,
  ): void {
    if (errorCode !== ErrorCode.NONE || !this.#findAborted(target, nextOffset)) {
      target.errorCode = errorCode === ErrorCode.NONE ? ErrorCode.KAFKA_STORAGE_ERROR : errorCode
      target.highWatermark = -1
      target.lastStableOffset = -1
      target.logStartOffset = -1
      this.#hasError = true
      this.#nextTarget()
      return
    }
    target.records = target.recordsSize === 0 ? records : [...target.records, ...records]
    target.recordsSize += size
    this.#totalSize += size
    // Too little, and nothing in the way: it was the end of a segment.
    if (size > 0 && this.#totalSize < this.#limits.minSize) this.#nextOffset = nextOffset
    else this.#nextTarget()
  }

  /** For a read-committed consumer, the aborted transactions among what was read. False: their index cannot be read. */
  #findAborted(target: FetchTarget, nextOffset: number): boolean {
    if (!this.#limits.readCommitted || target.partition === null) return true
    try {
      target.abortedTransactions = target.partition.log.abortedTransactions(target.request.fetchOffset, nextOffset)
      return true
    } catch (error) {
      if (error instanceof DiskError) return false
      throw error
    }
  }

  #onAllRead(): void {
    if (this.#isDone) return
    this.#releaseMemory()
    const minSize = Math.min(this.#limits.minSize, this.#maxSize)
    const enough = this.#totalSize >= minSize || this.#hasError || this.#targets.length === 0
    const leftMs = this.#deadline === 0 ? 0 : this.#deadline - this.#host.clock.monotonic()
    if (enough || leftMs <= 0) {
      this.#isDone = true
      this.#done()
      return
    }
    this.#waiting = true
    this.#enoughAt -= this.#totalSize
    for (const { partition } of this.#targets) partition?.addFetchWaiter(this)
    this.#timer = this.#host.timers.after(leftMs, () => {
      this.#timer = null
      this.#endWait()
      this.start()
    })
    // What became visible while a cold read was under way told nobody.
    this.onProgress()
  }

  #endWait(): void {
    this.#waiting = false
    this.#timer?.cancel()
    this.#timer = null
    for (const { partition } of this.#targets) partition?.removeFetchWaiter(this)
  }

  #visibleSize(): number {
    let size = 0
    for (const { partition } of this.#targets) if (partition !== null) size += partition.visibleSize
    return size
  }

  #hasChanged(): boolean {
    for (const { partition } of this.#targets) if (partition !== null && !partition.isLeader) return true
    return false
  }
}
