// What it takes to open a log, and what the one who opened it is told.

import type { StorageEnvironment } from '../environment.ts'
import type { Journal } from '../journal/journal.ts'
import type { LogConfig } from './log-config.ts'

export interface LogOptions {
  readonly environment: StorageEnvironment
  /** Of the partition; made when missing. */
  readonly directory: string
  readonly topic: string
  readonly partition: number
  readonly topicId?: string
  readonly config: LogConfig
  /** The metadata log's: on a full disk it gets the room that is kept for it. */
  readonly spendsReserve?: boolean
  /** Up to here everything is known to be on disk; 0 when unknown. */
  readonly recoveryPoint?: number
  /** False: the checkpoint could not be read. */
  readonly isRecoveryPointKnown?: boolean
  readonly logStartOffset?: number
  readonly highWatermark?: number
  /** Up to here it has been compacted; null: never. */
  readonly cleanedOffset?: number | null
  /** Nothing is scanned then. */
  readonly cleanShutdown?: boolean
  /** That of the log directory. Logs without a topic id do without. */
  readonly journal?: Journal
}

/** Of one log: whoever owns it. */
export interface LogListener {
  /** writtenEndOffset has moved. */
  onWritten(): void
  /** durableEndOffset has moved. */
  onDurable(): void
  /** A write or sync failed; offsets from writtenEndOffset on are taken back. When the log is offline, for good. */
  onFailed(error: Error): void
}

export const IDLE_LISTENER: LogListener = { onWritten() {}, onDurable() {}, onFailed() {} }
