// From which offset on each leader epoch wrote (KIP-101, KIP-279): how a follower finds where its log parts from the leader's.
//
//   epoch   0        3            4
//   offset  0 ······ 120 ········ 200 ····· log end        epochs and start offsets both rise
//
// Kept in leader-epoch-checkpoint, `epoch startOffset` a line. The file may lag behind after an unclean stop: recovery adds what the
// batches past the recovery point say. Source: LeaderEpochFileCache.

import type { Disk } from '../host/disk.ts'
import { checkpointText, readCheckpoint, replaceFile } from './checkpoint.ts'
import { join, LEADER_EPOCH_CHECKPOINT } from './file-names.ts'
import { StorageFault } from './storage-fault.ts'

export const UNDEFINED_EPOCH = -1
export const UNDEFINED_OFFSET = -1

export interface EpochEntry {
  readonly epoch: number
  readonly startOffset: number
}

export class LeaderEpochCache {
  readonly #disk: Disk
  #directory: string
  /** null: not read yet. */
  #entries: EpochEntry[] | null = null
  #isFlushed = true

  constructor(disk: Disk, directory: string) {
    this.#disk = disk
    this.#directory = directory
  }

  get entries(): readonly EpochEntry[] {
    return this.#load()
  }

  get latestEpoch(): number {
    return this.#load().at(-1)?.epoch ?? UNDEFINED_EPOCH
  }

  /** A leader, or a batch of one, begins `epoch` at `startOffset`. True when that was news. */
  assign(epoch: number, startOffset: number): boolean {
    const entries = this.#load()
    const last = entries.at(-1)
    if (last !== undefined && last.epoch === epoch) return false
    if (epoch < 0) return false
    // What contradicts the new entry was written by leaders that lost: their offsets are not in the log any more.
    while (entries.length > 0 && contradicts(entries[entries.length - 1]!, epoch, startOffset)) entries.pop()
    entries.push({ epoch, startOffset })
    this.#isFlushed = false
    return true
  }

  /**
   * The end of `epoch` in this log: the start of the next higher one, `logEndOffset` for the latest. For an epoch that is not here,
   * the next lower one with its end. -1 and -1 when nothing is known of it.
   */
  endOffsetFor(epoch: number, logEndOffset: number): { epoch: number; endOffset: number } {
    const entries = this.#load()
    if (epoch < 0) return { epoch: UNDEFINED_EPOCH, endOffset: UNDEFINED_OFFSET }
    if (epoch === this.latestEpoch) return { epoch, endOffset: logEndOffset }
    const higher = entries.findIndex((entry) => entry.epoch > epoch)
    if (higher < 0) return { epoch: UNDEFINED_EPOCH, endOffset: UNDEFINED_OFFSET }
    const next = entries[higher]!
    // Older than all we know: it ended where our log begins.
    if (higher === 0) return { epoch, endOffset: next.startOffset }
    return { epoch: entries[higher - 1]!.epoch, endOffset: next.startOffset }
  }

  epochForOffset(offset: number): number {
    const entries = this.#load()
    for (let index = entries.length - 1; index >= 0; index--) {
      if (entries[index]!.startOffset <= offset) return entries[index]!.epoch
    }
    return UNDEFINED_EPOCH
  }

  /** Epochs that begin at or after `endOffset` never were. */
  truncateFromEnd(endOffset: number): void {
    const entries = this.#load()
    const count = entries.length
    while (entries.length > 0 && entries[entries.length - 1]!.startOffset >= endOffset) entries.pop()
    if (entries.length !== count) this.#isFlushed = false
  }

  /** The log begins at `startOffset` now; the epoch that covers it begins there. */
  truncateFromStart(startOffset: number): void {
    const entries = this.#load()
    let covering = -1
    while (covering + 1 < entries.length && entries[covering + 1]!.startOffset <= startOffset) covering++
    if (covering < 0 || entries[covering]!.startOffset === startOffset) {
      if (covering > 0) this.#replaceHead(entries, covering, entries[covering]!)
      return
    }
    this.#replaceHead(entries, covering, { epoch: entries[covering]!.epoch, startOffset })
  }

  clear(): void {
    if (this.#load().length === 0) return
    this.#entries = []
    this.#isFlushed = false
  }

  /** Writes the checkpoint if it has changed. Durable at return. */
  flush(): void {
    if (this.#isFlushed) return
    const lines = this.#load().map((entry) => `${entry.epoch} ${entry.startOffset}`)
    replaceFile(this.#disk, this.#directory, LEADER_EPOCH_CHECKPOINT, checkpointText(lines))
    this.#isFlushed = true
  }

  moved(directory: string): void {
    this.#directory = directory
  }

  #replaceHead(entries: EpochEntry[], covering: number, first: EpochEntry): void {
    entries.splice(0, covering + 1, first)
    this.#isFlushed = false
  }

  #load(): EpochEntry[] {
    if (this.#entries !== null) return this.#entries
    const path = join(this.#directory, LEADER_EPOCH_CHECKPOINT)
    const entries: EpochEntry[] = []
    for (const line of readCheckpoint(this.#disk, path) ?? []) {
      const [epoch, startOffset, ...rest] = line.split(' ').map(Number)
      if (!Number.isSafeInteger(epoch) || !Number.isSafeInteger(startOffset) || rest.length > 0) {
        throw new StorageFault(path, `has the line '${line}'`)
      }
      entries.push({ epoch: epoch!, startOffset: startOffset! })
    }
    this.#entries = entries
    return entries
  }
}

function contradicts(entry: EpochEntry, epoch: number, startOffset: number): boolean {
  return entry.epoch >= epoch || entry.startOffset >= startOffset
}
