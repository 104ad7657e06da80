// Whether a log takes appends.
//
//   open ──a write fails──► refusing for RETRY_AFTER_MS, gone back to what is written ──► open
//                             └ no file handle, or a write still under way ──► refusing, and going back again
//                             └ it failed ──────────────┐
//   a sync fails, the log's directory fails ────────────┴──► offline, for good: reads go on
//   the log closes ──► closed

import { DiskError } from '../../host/disk.ts'
import type { Clock } from '../../host/host.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { DiskReserve } from '../shared/disk-reserve.ts'
import { type AppendResult, appendError } from './append-result.ts'

/** As long as clients wait before they send again. */
const RETRY_AFTER_MS = 100

export interface GatedLog {
  /** Offsets, producers and epochs as of what is written. Throws when a file is needed and fails. */
  takeBackUnwritten(): void
  /** The same of offsets alone, which needs no file: nothing is appended any more before the rest has followed. */
  hideUnwritten(): void
  /** Offline for good. */
  giveUp(error: Error): void
}

export class AppendGate {
  /** Offline: a sync failed, a failed write could not be taken back, or the directory has failed. */
  fault: Error | null = null
  isClosing = false
  readonly #clock: Clock
  readonly #log: GatedLog
  /** null: the log may go on when it is out. */
  readonly #reserve: DiskReserve | null
  /** After a failed write: no further attempt before this time. 0: none has failed. */
  #refuseUntilMs = 0
  /** What was not written has not been taken back yet. */
  #takeBackFailure: Error | null = null

  constructor(clock: Clock, log: GatedLog, reserve: DiskReserve | null) {
    this.#clock = clock
    this.#log = log
    this.#reserve = reserve
  }

  /** null: go on. */
  refusal(): AppendResult | null {
    // The clock costs 100 ns, and an append without it 1 µs.
    const isTooEarly = this.#refuseUntilMs !== 0 && this.#clock.monotonic() < this.#refuseUntilMs
    if (!isTooEarly && this.#takeBackFailure !== null && this.fault === null) this.writeFailed()
    if (this.fault !== null) return refused(`the log is offline: ${this.fault.message}`)
    if (this.#reserve?.isOut) return refused('the disk is full')
    if (this.isClosing) return refused('the log is closed')
    if (isTooEarly || this.#takeBackFailure !== null) return refused('the last write failed; the next is not tried yet')
    return null
  }

  /** False: what was not written has yet to be taken back. */
  get isSettled(): boolean {
    return this.#takeBackFailure === null
  }

  /** Goes back to what is written. */
  writeFailed(): void {
    this.#refuseUntilMs = this.#clock.monotonic() + RETRY_AFTER_MS
    try {
      this.#log.takeBackUnwritten()
      this.#takeBackFailure = null
    } catch (error) {
      this.#takeBackFailure = error instanceof Error ? error : new Error(String(error))
      this.#log.hideUnwritten()
      if (error instanceof DiskError && error.reason === 'exhausted') return
      this.fault = this.#takeBackFailure
      this.#log.giveUp(this.fault)
    }
  }

  /** Throws when the log has still not gone back after a failed write. */
  settle(): void {
    if (this.#takeBackFailure !== null) this.writeFailed()
    if (this.#takeBackFailure !== null) throw this.#takeBackFailure
  }
}

function refused(message: string): AppendResult {
  return appendError(ErrorCode.KAFKA_STORAGE_ERROR, message)
}
