// One ShareFetch over the partitions of a session: reads where records may be acquired, acquires them, and waits when
// there are none (Kafka: DelayedShareFetch).
//
//   try all ──records, an error, or no time to wait──▶ done
//     │  ▲
//     ▼  └── more is visible, or something was released ──┐
//    wait ────────────────────────────────────────────────┘
//
// A partition is read by one fetch at a time: a second one would read the same records in vain. What is read from
// memory is acquired within the call, so two fetches see each other only when one of them reads from the disk.
//
// The bytes that are read are held (host/slab.ts); those of the answer go with it. They count in the memory of fetches
// until `release`: an answer may have to wait for acknowledgements that came along to be durable. With that memory
// spent nothing is read, until something comes or the time is up.

import { DiskError } from '../../host/disk.ts'
import { letGoOfAll } from '../../host/slab.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { Deadline, type Deadlines } from '../replication/deadlines.ts'
import type { FetchMemory } from '../replication/delayed-fetch.ts'
import type { FetchWaiter, Partition } from '../replication/partition.ts'
import type { AcquiredRecords } from './in-flight-records.ts'
import { abortedBatches, ReadBatches } from './read-batches.ts'
import { type SharePartition, type ShareWaiter, UNREADABLE } from './share-partition.ts'

export interface ShareFetchLimits {
  readonly memberId: string
  readonly maxWaitMs: number
  readonly minSize: number
  readonly maxSize: number
  readonly maxRecords: number
  readonly batchSize: number
  readonly isRecordLimit: boolean
}

/** What a fetch wants of a share partition. */
export interface FetchedShare
  extends Pick<SharePartition, 'errorCode' | 'records' | 'readableEnd' | 'readableCount' | 'followLogStart'>,
    Pick<SharePartition, 'isReading' | 'recordSize' | 'watchLocks' | 'wake' | 'addWaiter' | 'removeWaiter'> {
  readonly settings: { readonly readCommitted: boolean }
  readonly partition: Pick<Partition, 'addFetchWaiter' | 'removeFetchWaiter'> & {
    readonly log: Pick<Partition['log'], 'read' | 'abortedTransactions'>
  }
}

/** What comes after the turn of a target. */
type Turn = typeof DONE | typeof AGAIN | typeof READING
const DONE = 0
const AGAIN = 1
const READING = 2

const NO_RECORDS: readonly Uint8Array[] = []
const NOTHING: readonly AcquiredRecords[] = []
/** One read is for about as many records as may be acquired; some are larger than the last ones were. */
const READ_SLACK = 1.25
const MIN_READ_SIZE = 64 * 1024
/** Reads of one partition in a row that bring nothing to acquire: aborted transactions, say. The next fetch goes on. */
const MAX_EMPTY_READS = 8

/** One partition of a fetch, and its answer. */
export class ShareFetchTarget implements FetchWaiter, ShareWaiter {
  readonly topicId: string
  readonly index: number
  /** Null: it cannot be fetched from, and errorCode says why. */
  readonly share: FetchedShare | null
  errorCode: number
  records: readonly Uint8Array[] = NO_RECORDS
  acquired: readonly AcquiredRecords[] = NOTHING
  emptyReads = 0
  waitIndex = -1
  fetch: ShareFetch | null = null

  constructor(topicId: string, index: number, share: FetchedShare | number) {
    this.topicId = topicId
    this.index = index
    this.share = typeof share === 'number' ? null : share
    this.errorCode = typeof share === 'number' ? share : ErrorCode.NONE
  }

  onProgress(): void {
    this.fetch?.tryAgain()
  }

  onShareProgress(): void {
    this.fetch?.tryAgain()
  }
}

export class ShareFetch extends Deadline {
  readonly #targets: readonly ShareFetchTarget[]
  readonly #limits: ShareFetchLimits
  readonly #deadlines: Pick<Deadlines, 'add' | 'remove'>
  readonly #memory: FetchMemory
  readonly #now: () => number
  readonly #done: () => void
  #isDone = false
  #isTimeUp: boolean
  #isWaiting = false
  /** It reads; whoever tries again meanwhile is told by this that there is more. */
  #isTrying = false
  #isStale = false
  #index = 0
  #acquiredCount = 0
  #size = 0
  /** Of #memory: for what is read, until it is sent. */
  #granted = 0

  /** `done` is called once, when the answers stand in `targets`; their records are its own, now or later. */
  constructor(
    targets: readonly ShareFetchTarget[],
    limits: ShareFetchLimits,
    deadlines: Pick<Deadlines, 'add' | 'remove'>,
    memory: FetchMemory,
    now: () => number,
    done: () => void,
  ) {
    super()
    this.#targets = targets
    this.#limits = limits
    this.#deadlines = deadlines
    this.#memory = memory
    this.#now = now
    this.#done = done
    this.#isTimeUp = limits.maxWaitMs <= 0 || targets.length === 0
  }

  start(): void {
    this.tryAgain()
  }

  /** There may be something to acquire now. */
  tryAgain(): void {
    if (this.#isDone) return
    if (this.#isTrying) {
      this.#isStale = true
      return
    }
    if (!this.#isTimeUp && !this.#isEnough()) {
      this.#wait()
      return
    }
    this.#isTrying = true
    this.#isStale = false
    this.#index = 0
    for (const target of this.#targets) target.emptyReads = 0
    this.#tryOn()
  }

  override onDue(): void {
    this.#isTimeUp = true
    this.tryAgain()
  }

  /** The connection is gone: nothing is answered. What was acquired is released with the session. */
  cancel(): void {
    if (this.#isDone) return
    this.#end()
    this.#drop()
    // A read under way holds its memory until it ends.
    if (!this.#isTrying) this.release()
  }

  /** The answer is about to be sent: its memory counts there. */
  release(): void {
    this.#giveBack(this.#granted)
  }

  #giveBack(size: number): void {
    this.#granted -= size
    this.#memory.release(size)
  }

  /** Whether the wanted minimum is there, by the size of the records seen lately. */
  #isEnough(): boolean {
    const { minSize } = this.#limits
    if (minSize <= 1) return true
    let size = 0
    for (const { share, errorCode } of this.#targets) {
      if (share === null || errorCode !== ErrorCode.NONE || share.errorCode !== ErrorCode.NONE) return true
      const { records } = share
      if (share.readableEnd === UNREADABLE) return true
      if (records?.canAcquire() === true) size += share.readableCount(records) * share.recordSize
    }
    return size >= minSize
  }

  #tryOn(): void {
    while (this.#index < this.#targets.length) {
      const next = this.#tryTarget(this.#targets[this.#index]!)
      if (next === READING) return
      if (next === DONE) this.#index++
    }
    this.#onAllTried()
  }

  /** READING: it goes on from there when the read is over. */
  #tryTarget(target: ShareFetchTarget): Turn {
    const { share } = target
    if (share === null || target.errorCode !== ErrorCode.NONE) return DONE
    if (share.errorCode !== ErrorCode.NONE) {
      target.errorCode = share.errorCode
      return DONE
    }
    const { records } = share
    const { maxRecords, maxSize } = this.#limits
    if (records === null || share.isReading || target.acquired !== NOTHING) return DONE
    if (this.#acquiredCount >= maxRecords || (this.#size > 0 && this.#size >= maxSize)) return DONE
    share.followLogStart()
    if (!records.canAcquire()) return DONE
    const { partition } = share
    const fetchOffset = records.nextFetchOffset()
    const end = share.readableEnd
    if (end === UNREADABLE) target.errorCode = ErrorCode.KAFKA_STORAGE_ERROR
    if (fetchOffset >= end) return DONE
    const wanted = Math.max(MIN_READ_SIZE, (maxRecords - this.#acquiredCount) * share.recordSize * READ_SLACK)
    const size = Math.min(Math.ceil(wanted), maxSize - this.#size)
    const granted = this.#memory.grant(size)
    if (granted === 0 && size > 0) return DONE
    this.#granted += granted
    share.isReading = true
    let turn: Turn = READING
    let isAsync = false
    partition.log.read(fetchOffset, granted, end, this.#size === 0, (errorCode, slices, size, nextOffset) => {
      share.isReading = false
      const sizeBefore = this.#size
      turn = this.#take(target, share, fetchOffset, errorCode, slices, size, nextOffset)
      // Less than nothing: a batch was larger.
      this.#giveBack(this.#isDone ? this.#granted : granted - (this.#size - sizeBefore))
      if (!isAsync) return
      if (turn === DONE) this.#index++
      if (!this.#isDone) this.#tryOn()
      // Those who found it being read.
      share.wake()
    })
    isAsync = turn === READING
    return turn
  }

  /** What was read. AGAIN: there was nothing to acquire in it, but there is more. */
  #take(
    target: ShareFetchTarget,
    share: FetchedShare,
    fetchOffset: number,
    errorCode: number,
    slices: readonly Uint8Array[],
    size: number,
    nextOffset: number,
  ): Turn {
    const { records } = share
    if (this.#isDone || records === null || errorCode !== ErrorCode.NONE || size === 0) {
      letGoOfAll(slices)
      if (errorCode !== ErrorCode.NONE && errorCode !== ErrorCode.OFFSET_OUT_OF_RANGE) target.errorCode = errorCode
      return DONE
    }
    const batches = new ReadBatches(slices)
    const aborted = this.#findAborted(target, share, batches, fetchOffset, nextOffset)
    if (aborted === undefined) {
      letGoOfAll(slices)
      return DONE
    }
    const { memberId, isRecordLimit, batchSize, maxRecords } = this.#limits
    share.recordSize = Math.max(1, size / (batches.lasts[batches.count - 1]! - batches.bases[0]! + 1))
    const acquired = records.acquire(
      {
        memberId,
        isRecordLimit,
        batchSize: Math.max(1, batchSize),
        maxRecords: maxRecords - this.#acquiredCount,
        fetchOffset,
        nowMs: this.#now(),
      },
      batches,
      aborted,
    )
    if (acquired.length === 0) {
      letGoOfAll(slices)
      return records.nextFetchOffset() !== fetchOffset && ++target.emptyReads < MAX_EMPTY_READS ? AGAIN : DONE
    }
    share.watchLocks()
    const kept = batches.keep(acquired[0]!.firstOffset, acquired[acquired.length - 1]!.lastOffset)
    target.records = kept
    target.acquired = acquired
    for (const { firstOffset, lastOffset } of acquired) this.#acquiredCount += lastOffset - firstOffset + 1
    for (const { length } of kept) this.#size += length
    return DONE
  }

  /** undefined: their index cannot be read. */
  #findAborted(
    target: ShareFetchTarget,
    share: FetchedShare,
    batches: ReadBatches,
    fetchOffset: number,
    nextOffset: number,
  ) {
    if (!share.settings.readCommitted) return null
    try {
      const aborted = share.partition.log.abortedTransactions(fetchOffset, nextOffset)
      return aborted.length === 0 ? null : abortedBatches(batches, aborted)
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      target.errorCode = ErrorCode.KAFKA_STORAGE_ERROR
      return undefined
    }
  }

  #onAllTried(): void {
    this.#isTrying = false
    const hasError = this.#targets.some(({ errorCode }) => errorCode !== ErrorCode.NONE)
    if (this.#acquiredCount > 0 || hasError || this.#isTimeUp) {
      this.#end()
      this.#done()
    } else if (this.#isStale) this.tryAgain()
    else this.#wait()
  }

  #wait(): void {
    if (this.#isWaiting) return
    this.#isWaiting = true
    this.#deadlines.add(this, this.#limits.maxWaitMs)
    for (const target of this.#targets) {
      target.fetch = this
      target.share?.addWaiter(target)
      target.share?.partition.addFetchWaiter(target)
    }
  }

  #end(): void {
    this.#isDone = true
    this.#deadlines.remove(this)
    if (!this.#isWaiting) return
    for (const target of this.#targets) {
      target.fetch = null
      target.share?.removeWaiter(target)
      target.share?.partition.removeFetchWaiter(target)
    }
  }

  #drop(): void {
    for (const target of this.#targets) {
      letGoOfAll(target.records)
      target.records = NO_RECORDS
    }
  }
}
