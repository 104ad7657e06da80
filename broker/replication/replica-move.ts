// A partition's log moves to another log directory of this broker while it is written to and read (KIP-113):
//
//   old directory  topic-0                                    ──────────────┐ copied as long as it grows
//   new directory  topic-0.<hex>-future  ◀── what is durable ◀──────────────┘
//   then, in one turn: the rest is copied and synced │ -future becomes topic-0 │ the old one becomes …-delete
//
// The names in this order, each synced: a crash leaves two whole logs at most, never none. The turn takes the time of
// two syncs, and until then the old log is all there is. Source: ReplicaAlterLogDirsThread, LogManager.

import { DiskError } from '../../host/disk.ts'
import type { Host } from '../../host/host.ts'
import { letGoOfAll } from '../../host/slab.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { viewOf } from '../../protocol/records/batch.ts'
import { BatchCursor } from '../../protocol/records/cursor.ts'
import type { LogDirectory } from '../../storage/directory/log-directory.ts'
import { offsetAt } from '../../storage/log/append-assign.ts'
import type { Log } from '../../storage/log/log.ts'
import type { LogListener } from '../../storage/log/log-options.ts'
import type { Partition } from './partition.ts'

/** What the last turn may copy, and how much of it in one piece. */
const MAX_REST_SIZE = 4 * 1024 * 1024
const REST_PIECE_SIZE = 1024 * 1024
/** Caught up, and nothing new is durable. */
const IDLE_MS = 5

/** What all moves share. */
export interface CopyPace {
  readonly pieceSize: number
  /** After so many bytes, in ms. */
  pauseAfter(size: number): number
}

export class ReplicaMove implements LogListener {
  readonly partition: Partition
  readonly target: LogDirectory
  readonly #source: LogDirectory
  readonly #host: Host
  readonly #future: Log
  readonly #pace: CopyPace
  readonly #onEnd: (move: ReplicaMove, isMoved: boolean) => void
  #isOver = false
  /** Appended, and not durable yet. */
  #waiting: (() => void) | null = null

  /** `onEnd` is told whether the log has moved, or the move has come to nothing. Throws DiskError. */
  constructor(
    host: Host,
    partition: Partition,
    source: LogDirectory,
    target: LogDirectory,
    pace: CopyPace,
    onEnd: (move: ReplicaMove, isMoved: boolean) => void,
  ) {
    this.#host = host
    this.partition = partition
    this.#source = source
    this.target = target
    this.#pace = pace
    this.#onEnd = onEnd
    const { log, topic, topicId, index } = partition
    this.#future = target.futures.open(topic, topicId, index, log.config)
    this.#future.listener = this
  }

  /** How far the copy is behind, in offsets. */
  get offsetLag(): number {
    return Math.max(0, this.partition.log.logEndOffset - this.#future.logEndOffset)
  }

  get size(): number {
    return this.#future.size
  }

  start(): void {
    this.#run().catch((error: unknown) => {
      if (!(error instanceof DiskError)) throw error
      this.#giveUp(error.message)
    })
  }

  isOf(directory: LogDirectory): boolean {
    return directory === this.#source || directory === this.target
  }

  /** The broker stops: what is there of the copy tells the next start to begin it anew. */
  stop(): void {
    this.#isOver = true
    this.#future.abandon()
  }

  /** The copy goes; the log stays where it is. */
  cancel(reason: string): void {
    if (!this.#isOver) this.#giveUp(reason)
  }

  onWritten(): void {}

  onDurable(): void {
    this.#waiting?.()
    this.#waiting = null
  }

  onFailed(error: Error): void {
    this.cancel(error.message)
    this.onDurable()
  }

  async #run(): Promise<void> {
    await this.#begin()
    while (!this.#isOver) {
      const { log } = this.partition
      if (this.#future.logEndOffset < log.durableEndOffset) await this.#copyPiece()
      else if (this.#finish()) return
      else await this.#pause(IDLE_MS)
    }
  }

  /** Where the first batch begins: it may hold records below the log start offset. */
  async #begin(): Promise<void> {
    const { log } = this.partition
    let first = log.logEndOffset
    let failure: string | null = null
    await new Promise<void>((resolve) => {
      // Not only of what is durable: after a start that may be less than there is.
      log.read(log.logStartOffset, 0, log.logEndOffset, true, (errorCode, slices) => {
        const found = slices.length === 0 ? null : firstOffset(slices[0]!)
        if (found !== null) first = found
        else if (errorCode !== ErrorCode.NONE || log.size > 0) failure = `no first batch is found: error ${errorCode}`
        letGoOfAll(slices)
        resolve()
      })
    })
    if (failure !== null) this.cancel(failure)
    if (!this.#isOver && first > 0) this.#future.truncateFullyAndStartAt(first)
  }

  async #copyPiece(): Promise<void> {
    const { log } = this.partition
    let failure: string | null = null
    let copiedSize = 0
    await new Promise<void>((resolve) => {
      const from = Math.max(this.#future.logEndOffset, log.logStartOffset)
      log.read(from, this.#pace.pieceSize, log.durableEndOffset, true, (errorCode, slices, size) => {
        if (errorCode !== ErrorCode.NONE) failure = `reading answers error ${errorCode}`
        else failure = this.#append(slices)
        copiedSize = size
        letGoOfAll(slices)
        resolve()
      })
    })
    if (failure !== null) return this.cancel(failure)
    if (copiedSize === 0) return await this.#pause(IDLE_MS)
    await this.#synced()
    await this.#pause(this.#pace.pauseAfter(copiedSize))
  }

  /** null: they are in the copy. Memory of their own: the source may let go of its own at any time. */
  #append(slices: readonly Uint8Array[]): string | null {
    for (const slice of slices) {
      if (this.#isOver) return null
      const { errorCode, errorMessage } = this.#future.appendAsFollower(slice.slice())
      if (errorCode !== ErrorCode.NONE) return errorMessage ?? `appending answers error ${errorCode}`
    }
    return null
  }

  #synced(): Promise<void> {
    const future = this.#future
    if (this.#isOver || future.durableEndOffset >= future.logEndOffset) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting = resolve
      future.requestSync()
    })
  }

  /** In one turn. False: too much has come since. */
  #finish(): boolean {
    const { partition, target } = this
    const { log } = partition
    if (partition.isClosed || log.isOffline) {
      this.cancel('the partition is gone')
      return true
    }
    if (!this.#copyRest(log)) return false
    const { logStartOffset, highWatermark, cleanedOffset, logEndOffset } = log
    // From here on there is no way back: what fails now leaves the old log as it is, until it is set aside.
    this.#future.close()
    const known = { logStartOffset, highWatermark, cleanedOffset, recoveryPoint: logEndOffset }
    const moved = target.adopt(this.#future, known)
    this.#isOver = true
    this.#source.deleteLog(log)
    this.#host.disk.syncDirectory(this.#source.path)
    partition.replaceLog(moved)
    const from = this.#source.path
    this.#host.logger.info('a log has moved', {
      topic: partition.topic,
      partition: partition.index,
      from,
      to: target.path,
    })
    this.#onEnd(this, true)
    return true
  }

  #copyRest(log: Log): boolean {
    let size = 0
    while (this.#future.logEndOffset < log.logEndOffset && size <= MAX_REST_SIZE) {
      const before = this.#future.logEndOffset
      log.readSync(
        Math.max(before, log.logStartOffset),
        REST_PIECE_SIZE,
        log.logEndOffset,
        true,
        (_errorCode, slices, read) => {
          size += read
          const failure = this.#append(slices)
          letGoOfAll(slices)
          if (failure !== null) this.cancel(failure)
        },
      )
      if (this.#isOver || this.#future.logEndOffset === before) return false
    }
    return this.#future.logEndOffset === log.logEndOffset
  }

  #giveUp(reason: string): void {
    this.#isOver = true
    this.target.futures.forget(this.#future, true)
    const { topic, index } = this.partition
    this.#host.logger.warn('a log does not move', { topic, partition: index, to: this.target.path, reason })
    this.#onEnd(this, false)
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#host.timers.after(delayMs, resolve)
    })
  }
}

/** Of any magic: a compressed message of an old format bears its last offset. null: it cannot be read. */
function firstOffset(bytes: Uint8Array): number | null {
  const cursor = new BatchCursor()
  cursor.reset(bytes, viewOf(bytes), 0, bytes.length)
  cursor.next()
  return offsetAt(cursor)
}
