// One fetch over several partitions: reads them in the order asked, within one byte budget, and, when that brings too
// little, waits for more (Kafka: DelayedFetch in the fetch purgatory; KIP-74 for the size limits).
//
//   read all ──enough, an error, or no time to wait──▶ done
//      │                                                ▲
//      └──too little──▶ wait ──progress or time-out──▶ read again
//
// No promise and no timer on the way of a fetch that finds its data. While it waits, a partition that has grown costs
// a subtraction, until there is enough: a hundred consumers of one partition are all told of each of its batches. Then
// only what has changed is read, unless there was something, but too little, before; and not before the callback ends
// in which it changed: one turn writes several partitions, and answered at the first of them, the client would have to
// ask once more for the others. A fetch that gets no memory waits as if there were nothing, and is answered with
// nothing when its time is up.
//
// The bytes that are read are held (host/slab.ts). Those of the answer go with it; what is too little, or for nobody,
// is let go of here.

import { DiskError } from '../../host/disk.ts'
import { letGoOfAll } from '../../host/slab.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { Log } from '../../storage/log/log.ts'
import { Deadline, type Deadlines } from './deadlines.ts'
import { type FetchTarget, NO_RECORDS } from './fetch-target.ts'
import type { Partition } from './partition.ts'

/** Bounds what all fetches read at one time (network/memory-budget.ts). */
export interface FetchMemory {
  /** Takes up to `wanted` bytes; returns how many, 0 when there is no memory. The first batch may be larger. */
  grant(wanted: number): number
  release(size: number): void
}

export interface FetchLimits {
  readonly minSize: number
  readonly maxSize: number
  readonly maxWaitMs: number
  readonly readCommitted: boolean
}

const NONE: FetchTarget[] = []

/** They wait, and there is enough: read as soon as the callback ends that has brought it. */
let awake: DelayedFetch[] = []

function wake(fetch: DelayedFetch): void {
  if (awake.push(fetch) === 1) queueMicrotask(readAwake)
}

function readAwake(): void {
  const fetches = awake
  awake = []
  for (const fetch of fetches) fetch.onAwake()
}

export class DelayedFetch extends Deadline {
  readonly #targets: readonly FetchTarget[]
  readonly #limits: FetchLimits
  readonly #deadlines: Deadlines
  readonly #memory: FetchMemory
  readonly #done: () => void
  #waiting = false
  /** While it waits: `onAwake` follows. */
  #isAwake = false
  #isDone = false
  /** What there is, is enough. */
  #isTimeUp: boolean
  /** What is being read: all targets, or those that have changed. */
  #reading: readonly FetchTarget[] = NONE
  #index = 0
  /** Where the target at #index is read on: a read ends with its segment. */
  #nextOffset = -1
  #totalSize = 0
  /** Bytes taken from #memory, and what that leaves of the limits. */
  #granted = 0
  #maxSize = 0
  #hasError = false
  /** The last time, there was no memory to read. */
  #isStarved = false
  /** A read is under way, and its answer has not come within the call. */
  #isReading = false
  #isAsync = false
  /** Since reading began, others have had their turn. */
  #hasYielded = false
  /** While it waits: those that have changed. */
  #changed: FetchTarget[] = NONE
  /** While it waits: how many bytes more must become visible. */
  #missingSize = 0

  /** `done` is called once, when the answers stand in `targets`; their records are its own. */
  constructor(
    targets: readonly FetchTarget[],
    limits: FetchLimits,
    deadlines: Deadlines,
    memory: FetchMemory,
    done: () => void,
  ) {
    super()
    this.#targets = targets
    this.#limits = limits
    this.#deadlines = deadlines
    this.#memory = memory
    this.#done = done
    this.#isTimeUp = limits.maxWaitMs <= 0
  }

  start(): void {
    if (!this.#isDone) this.#read(this.#targets)
  }

  #read(targets: readonly FetchTarget[]): void {
    const { maxSize } = this.#limits
    let wanted = 0
    for (const target of this.#targets) wanted += target.maxSize
    const size = Math.min(wanted, maxSize)
    this.#granted = this.#memory.grant(size)
    this.#isStarved = this.#granted === 0 && size > 0
    this.#maxSize = Math.min(this.#granted, maxSize)
    this.#reading = targets
    this.#index = 0
    this.#nextOffset = -1
    this.#totalSize = 0
    this.#hasError = false
    this.#hasYielded = false
    this.#readOn()
  }

  /** More is visible in a target's partition, or something must be told of it. */
  onProgress(target: FetchTarget): void {
    const { partition } = target
    if (!this.#waiting || partition === null) return
    this.#missingSize -= partition.visibleSize - target.seenSize
    target.seenSize = partition.visibleSize
    if (!target.hasChanged) {
      target.hasChanged = true
      if (this.#changed === NONE) this.#changed = [target]
      else this.#changed.push(target)
    }
    if (this.#isAwake || (this.#missingSize > 0 && partition.isLeader)) return
    this.#isAwake = true
    wake(this)
  }

  /** For `readAwake` alone. Its time may have come first, or its connection gone. */
  onAwake(): void {
    if (this.#waiting && this.#isAwake) this.#readAgain()
  }

  override onDue(): void {
    this.#isTimeUp = true
    if (this.#waiting) this.#readAgain()
  }

  /** The connection is gone: nothing is answered. */
  cancel(): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#endWait()
    this.#deadlines.remove(this)
    // A read under way holds its memory until it ends.
    if (!this.#isReading) this.#releaseMemory()
    this.#drop()
  }

  #readAgain(): void {
    // Of the others it is known that there was nothing.
    const targets = this.#totalSize === 0 && !this.#isStarved ? this.#changed : this.#targets
    this.#endWait()
    this.#read(targets)
  }

  #drop(): void {
    for (const target of this.#targets) dropRecords(target)
  }

  #releaseMemory(): void {
    const size = this.#granted
    this.#granted = 0
    this.#memory.release(size)
  }

  #readOn(): void {
    const { readCommitted } = this.#limits
    while (this.#index < this.#reading.length) {
      const target = this.#reading[this.#index]!
      if (this.#nextOffset < 0 && !this.#begin(target)) {
        this.#nextTarget()
        continue
      }
      const { partition } = target
      const budget = this.#maxSize - this.#totalSize
      const isFirst = this.#totalSize === 0
      const end = readCommitted ? target.lastStableOffset : target.highWatermark
      if (partition === null || this.#nextOffset >= end || this.#isStarved || (!isFirst && budget <= 0)) {
        this.#nextTarget()
        continue
      }
      const maxSize = Math.min(target.maxSize - target.recordsSize, Math.max(0, budget))
      this.#isReading = true
      this.#isAsync = false
      partition.log.read(this.#nextOffset, maxSize, end, isFirst, this.#onRead)
      this.#isAsync = this.#isReading
      if (this.#isAsync) {
        this.#hasYielded = true
        return
      }
    }
    this.#onAllRead()
  }

  /** False: there is nothing to read. */
  #begin(target: FetchTarget): boolean {
    target.recordsSize = 0
    target.abortedTransactions = null
    const { partition } = target
    if (partition === null || !this.#describe(target, partition)) {
      if (target.errorCode !== ErrorCode.NONE || target.divergingEpoch !== undefined) this.#hasError = true
      return false
    }
    this.#nextOffset = target.fetchOffset
    return true
  }

  #nextTarget(): void {
    this.#index++
    this.#nextOffset = -1
  }

  /** Fills in the offsets that go with an answer. False: there is nothing to read. */
  #describe(target: FetchTarget, partition: Partition): boolean {
    const { log } = partition
    target.seenSize = partition.visibleSize
    if (!partition.isLeader)
      target.errorCode = partition.isClosed ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.NOT_LEADER_OR_FOLLOWER
    const { logStartOffset } = log
    const isOutOfRange = target.fetchOffset < logStartOffset || target.fetchOffset > log.logEndOffset
    if (isOutOfRange && target.errorCode === ErrorCode.NONE && target.divergingEpoch === undefined)
      target.errorCode = ErrorCode.OFFSET_OUT_OF_RANGE
    if (target.errorCode !== ErrorCode.NONE) {
      target.fail(target.errorCode)
      return false
    }
    if (target.divergingEpoch !== undefined) return false
    target.highWatermark = log.highWatermark
    target.logStartOffset = logStartOffset
    return findLastStable(target, log)
  }

  /** Log: of the target at #index. */
  readonly #onRead = (errorCode: number, records: readonly Uint8Array[], size: number, nextOffset: number): void => {
    this.#isReading = false
    if (this.#isDone) {
      letGoOfAll(records)
      this.#releaseMemory()
      return
    }
    this.#take(this.#reading[this.#index]!, errorCode, records, size, nextOffset)
    if (this.#isAsync) this.#readOn()
  }

  #take(
    target: FetchTarget,
    errorCode: number,
    records: readonly Uint8Array[],
    size: number,
    nextOffset: number,
  ): void {
    target.records = target.recordsSize === 0 ? records : [...target.records, ...records]
    target.recordsSize += size
    this.#totalSize += size
    if (errorCode !== ErrorCode.NONE || !this.#findAborted(target, nextOffset)) {
      this.#totalSize -= target.recordsSize
      dropRecords(target)
      target.fail(errorCode === ErrorCode.NONE ? ErrorCode.KAFKA_STORAGE_ERROR : errorCode)
      this.#hasError = true
      this.#nextTarget()
    } else if (size > 0 && this.#totalSize < this.#limits.minSize) {
      // Too little, and nothing in the way: it was the end of a segment.
      this.#nextOffset = nextOffset
    } else {
      this.#nextTarget()
    }
  }

  /** For a read-committed consumer, the aborted transactions among what was read. False: their index cannot be read. */
  #findAborted(target: FetchTarget, nextOffset: number): boolean {
    if (!this.#limits.readCommitted || target.partition === null) return true
    try {
      target.abortedTransactions = target.partition.log.abortedTransactions(target.fetchOffset, nextOffset)
      return true
    } catch (error) {
      if (error instanceof DiskError) return false
      throw error
    }
  }

  #onAllRead(): void {
    this.#releaseMemory()
    const minSize = this.#isStarved ? 1 : Math.min(this.#limits.minSize, this.#maxSize)
    if (this.#totalSize >= minSize || this.#hasError || this.#isTimeUp || this.#targets.length === 0) this.#finish()
    else this.#wait()
  }

  #finish(): void {
    this.#isDone = true
    this.#deadlines.remove(this)
    this.#done()
    // They are the answer's now.
    for (const target of this.#targets) target.records = NO_RECORDS
  }

  #wait(): void {
    this.#waiting = true
    this.#missingSize = Math.max(1, this.#limits.minSize) - this.#totalSize
    if (this.#totalSize > 0) this.#drop()
    if (this.list === null) this.#deadlines.add(this, this.#limits.maxWaitMs)
    for (const target of this.#targets) {
      target.fetch = this
      target.partition?.addFetchWaiter(target)
    }
    if (!this.#hasYielded) return
    // What became visible while a cold read was under way told nobody.
    for (const target of this.#targets) {
      if (target.partition !== null && hasChanged(target, target.partition)) this.onProgress(target)
    }
  }

  #endWait(): void {
    if (!this.#waiting) return
    this.#waiting = false
    this.#isAwake = false
    for (const target of this.#changed) target.hasChanged = false
    this.#changed = NONE
    for (const target of this.#targets) {
      target.fetch = null
      target.partition?.removeFetchWaiter(target)
    }
  }
}

/** False: the log's producers have yet to be read, and cannot be. */
function findLastStable(target: FetchTarget, log: Log): boolean {
  try {
    target.lastStableOffset = log.lastStableOffset
    return true
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    target.fail(ErrorCode.KAFKA_STORAGE_ERROR)
    return false
  }
}

function hasChanged(target: FetchTarget, partition: Partition): boolean {
  return partition.visibleSize !== target.seenSize || !partition.isLeader
}

/** What the answer will not carry. */
export function dropRecords(target: FetchTarget): void {
  letGoOfAll(target.records)
  target.records = NO_RECORDS
  target.recordsSize = 0
}
