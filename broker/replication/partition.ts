// A partition as its leader sees it: a log, a leader epoch, and the high watermark up to which consumers see it.
//
//   logStartOffset        highWatermark      durable      written     logEndOffset
//   ──┼──────────────────────┼──────────────────┼────────────┼─────────────┼──▶
//     │    consumers read    │       on its way to being acknowledged      │
//
// Visible = acknowledged: the high watermark passes an append of acks=all once it is durable, one of acks 0 or 1 once
// it is written; so a consumer never reads what an acks=all producer may yet have to send again after a crash. (Kafka's
// leader counts what is in its page cache, and leaves durability to the replicas.)

import { ErrorCode } from '../../protocol/error-codes.ts'
import { type AppendResult, appendError } from '../../storage/log/append-result.ts'
import type { AppendOrigin } from '../../storage/log/append-validator.ts'
import type { Log } from '../../storage/log/log.ts'
import type { LogListener } from '../../storage/log/log-options.ts'
import { Backlog } from './backlog.ts'

/** Waits for data or for a reason to answer without; see delayed-fetch.ts. */
export interface FetchWaiter {
  /** Its place among those that wait; the partition's to change. -1: it does not wait. */
  waitIndex: number
  /** More is visible, or the partition has changed in a way that the fetch must tell. */
  onProgress(): void
}

export interface OffsetWaiter {
  /** The offset is reached, or never will be, and the error code says why. */
  onOffset(errorCode: number): void
}

export const ACKS_ALL = -1
/** Below all offsets. */
const NOTHING = -1

export class Partition implements LogListener {
  readonly topic: string
  readonly topicId: string
  readonly index: number
  /** Another one after it has moved between log directories. */
  log: Log
  /** The epoch of the leadership that this broker holds or follows; -1 before the first. */
  leaderEpoch = -1
  leaderId = -1
  isLeader = false
  /** Set once the partition is deleted or its directory has failed: whoever waits on it must give up. */
  isClosed = false
  readonly #syncsAcksAll: boolean
  /** Each null while nothing waits, where little does: there are thousands of partitions. */
  #awaitingWrite: Backlog<OffsetWaiter> | null = null
  #awaitingCommit: Backlog<OffsetWaiter> | null = null
  #fetchWaiters: FetchWaiter[] | null = null
  /** Appends that need only be written to be visible end here. */
  #visibleOnceWritten = 0
  /**
   * Bytes appended since the start, and how many of them are visible: fetches with a minimum count by the difference.
   */
  #appendedSize = 0
  #visibleSize = 0
  #invisible: Backlog<number> | null = null
  /** Since the start, for metrics: appended here, and given to fetches. */
  recordsIn = 0
  bytesOut = 0

  constructor(topic: string, topicId: string, index: number, log: Log, options: { syncsAcksAll: boolean }) {
    this.topic = topic
    this.topicId = topicId
    this.index = index
    this.log = log
    this.#syncsAcksAll = options.syncsAcksAll
    log.listener = this
  }

  /** As recordsIn. */
  get bytesIn(): number {
    return this.#appendedSize
  }

  /** This one included. */
  readonly replicaCount = 1

  /** Replicas in sync, this one included. */
  readonly isrSize = 1

  get highWatermark(): number {
    return this.log.highWatermark
  }

  /** A running count; only differences mean something. */
  get visibleSize(): number {
    return this.#visibleSize
  }

  /** This broker leads from now on. Everything recovered counts as committed: there is no other replica to ask. */
  becomeLeader(leaderEpoch: number, nodeId: number): void {
    this.leaderEpoch = leaderEpoch
    this.leaderId = nodeId
    this.isLeader = true
    this.#visibleOnceWritten = this.log.logEndOffset
    this.log.assignEpochStartOffset(leaderEpoch, this.log.logEndOffset)
    this.#advance()
    this.#wakeFetches()
  }

  /** The log has moved to another directory, with all that is in it, and all of it is durable. */
  replaceLog(log: Log): void {
    log.listener = this
    this.log = log
    if (log.latestEpoch < this.leaderEpoch) log.assignEpochStartOffset(this.leaderEpoch, log.logEndOffset)
    this.onWritten()
  }

  /** Validates, assigns offsets and queues the write; the log owns `records` from now on. Errors are values. */
  appendAsLeader(records: Uint8Array, origin: AppendOrigin, requiredAcks: number = ACKS_ALL): AppendResult {
    if (!this.isLeader || this.isClosed) {
      return appendError(ErrorCode.NOT_LEADER_OR_FOLLOWER, `${this.topic}-${this.index} is not led by this broker`)
    }
    const { log } = this
    const result = log.append(records, this.leaderEpoch, origin)
    if (result.errorCode !== ErrorCode.NONE) return result
    if (!result.duplicate) {
      this.#appendedSize += records.length
      this.recordsIn += result.lastOffset - result.baseOffset + 1
      this.#invisible ??= new Backlog()
      this.#invisible.push(log.logEndOffset, this.#appendedSize)
    }
    // Of a duplicate too: its first copy may have been sent with acks=1.
    if (requiredAcks === ACKS_ALL && this.#syncsAcksAll) log.requestSync()
    else if (!result.duplicate) this.#visibleOnceWritten = log.logEndOffset
    return result
  }

  /** Told once everything before `endOffset` is written, or what prevents it; at once when it already is. */
  whenWritten(endOffset: number, waiter: OffsetWaiter): void {
    if (this.log.writtenEndOffset >= endOffset) waiter.onOffset(ErrorCode.NONE)
    else {
      this.#awaitingWrite ??= new Backlog()
      this.#awaitingWrite.push(endOffset, waiter)
    }
  }

  /** As whenWritten, once everything before `endOffset` is visible and, unless that was switched off, durable. */
  whenCommitted(endOffset: number, waiter: OffsetWaiter): void {
    if (this.#committedOffset >= endOffset) waiter.onOffset(ErrorCode.NONE)
    else {
      this.#awaitingCommit ??= new Backlog()
      this.#awaitingCommit.push(endOffset, waiter)
    }
  }

  /**
   * What acks=all may promise. The high watermark can be ahead of it: an append of acks=1 takes all before it along.
   */
  get #committedOffset(): number {
    return this.#syncsAcksAll ? Math.min(this.log.durableEndOffset, this.log.highWatermark) : this.log.highWatermark
  }

  addFetchWaiter(waiter: FetchWaiter): void {
    if (waiter.waitIndex >= 0) return
    this.#fetchWaiters ??= []
    waiter.waitIndex = this.#fetchWaiters.length
    this.#fetchWaiters.push(waiter)
  }

  removeFetchWaiter(waiter: FetchWaiter): void {
    const { waitIndex } = waiter
    const waiters = this.#fetchWaiters
    if (waitIndex < 0 || waiters === null) return
    waiter.waitIndex = -1
    const last = waiters.pop()!
    if (last === waiter) return
    last.waitIndex = waitIndex
    waiters[waitIndex] = last
  }

  /** Log: appends up to writtenEndOffset are in the operating system's hands. */
  onWritten(): void {
    this.#complete(this.#awaitingWrite, this.log.writtenEndOffset)
    if (this.#awaitingWrite?.isBare) this.#awaitingWrite = null
    this.#advance()
  }

  /** Log: appends up to durableEndOffset survive a power failure. */
  onDurable(): void {
    this.#advance()
  }

  /**
   * Log: a write failed, and the log has gone back to `logEndOffset`; or it is offline, and nothing more becomes
   * durable.
   */
  onFailed(): void {
    const { log } = this
    const from = log.isOffline ? NOTHING : log.logEndOffset
    this.#visibleOnceWritten = Math.min(this.#visibleOnceWritten, log.logEndOffset)
    this.#invisible?.takeAbove(log.logEndOffset)
    // Of what was to be written, a part may have been.
    if (!log.isOffline) this.onWritten()
    this.#refuseAbove(from, ErrorCode.KAFKA_STORAGE_ERROR)
  }

  /** The partition is deleted, or no longer led here. */
  resign(errorCode: number, options: { closed: boolean }): void {
    this.isLeader = false
    this.isClosed ||= options.closed
    this.#refuseAbove(NOTHING, errorCode)
    this.#wakeFetches()
  }

  #advance(): void {
    const { log } = this
    const visible = Math.max(log.durableEndOffset, Math.min(log.writtenEndOffset, this.#visibleOnceWritten))
    const hasGrown = visible > log.highWatermark
    if (hasGrown) {
      log.updateHighWatermark(visible)
      for (;;) {
        const size = this.#invisible?.shiftUpTo(visible)
        if (size === undefined) break
        this.#visibleSize = size
      }
      if (this.#invisible?.isBare) this.#invisible = null
    }
    this.#complete(this.#awaitingCommit, this.#committedOffset)
    if (this.#awaitingCommit?.isBare) this.#awaitingCommit = null
    if (hasGrown) this.#wakeFetches()
  }

  #complete(backlog: Backlog<OffsetWaiter> | null, endOffset: number): void {
    while (backlog !== null) {
      const waiter = backlog.shiftUpTo(endOffset)
      if (waiter === undefined) return
      waiter.onOffset(ErrorCode.NONE)
    }
  }

  #refuseAbove(endOffset: number, errorCode: number): void {
    for (const waiter of this.#awaitingWrite?.takeAbove(endOffset) ?? []) waiter.onOffset(errorCode)
    for (const waiter of this.#awaitingCommit?.takeAbove(endOffset) ?? []) waiter.onOffset(errorCode)
  }

  /** From the last to the first: one that goes is replaced by one that has had its turn, one that comes is last. */
  #wakeFetches(): void {
    const waiters = this.#fetchWaiters
    if (waiters === null) return
    for (let index = waiters.length - 1; index >= 0; index--) waiters[index]?.onProgress()
  }
}
