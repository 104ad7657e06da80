// One record of the journal on its way to the disk: which logs are in it, and what became of it.
//
//   free ──▶ queued, until the end of the turn ──▶ under way: written, synced ──▶ free
//
// Two may be under way: whoever comes while one is synced would wait for the rest of that sync first, and devices sync
// two records nearly as fast as one. Each record is good by itself, in whatever order they become durable, since no log
// is in both.

import type { DiskError } from '../../host/disk.ts'
import type { Syncable } from '../commit/group-commit.ts'
import type { JournalFile } from './journal-file.ts'
import { JournalRecord } from './journal-record.ts'

/** Puts together what `lane` is to write, and is told of it when the turn in which its sync has ended is over. */
export interface LaneOwner<Log> {
  start(lane: JournalLane<Log>): void
  finish(lane: JournalLane<Log>): void
}

export class JournalLane<Log> implements Syncable {
  readonly isAwaited = true
  /** By which its file tells its syncs from others. */
  readonly index: number
  readonly #owner: LaneOwner<Log>
  readonly #recordSize: number
  #record: JournalRecord | null = null
  #ended: ((lane: Syncable) => void) | null = null
  state: 'free' | 'queued' | 'under way' = 'free'
  logs: Log[] = []
  /** Where its record goes, until what became of it is known. */
  file: JournalFile<Log> | null = null
  error: DiskError | null = null
  isWritten = false

  constructor(index: number, recordSize: number, owner: LaneOwner<Log>) {
    this.index = index
    this.#recordSize = recordSize
    this.#owner = owner
  }

  /** Empty at the start. */
  get record(): JournalRecord {
    this.#record ??= new JournalRecord(this.#recordSize)
    return this.#record
  }

  startSync(ended: (lane: Syncable) => void): void {
    this.state = 'under way'
    this.#ended = ended
    this.error = null
    this.isWritten = false
    this.record.clear()
    this.#owner.start(this)
  }

  /** The record is in the file, or `error` tells why not. */
  written(file: JournalFile<Log>, error: DiskError | null): void {
    this.isWritten = error === null
    if (error === null) file.sync(this.index, this.end)
    else this.end(error)
  }

  /** It is durable, or `error` tells why not. */
  readonly end = (error: DiskError | null): void => {
    this.error = error
    this.#ended?.(this)
  }

  finishSync(): void {
    this.#ended = null
    this.state = 'free'
    this.#owner.finish(this)
  }
}
