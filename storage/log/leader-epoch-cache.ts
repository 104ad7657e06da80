// From which offset on each leader epoch wrote (KIP-101, KIP-279): how a follower finds where its log parts from the
// leader's.
//
//   epoch   0        3            4
//   offset  0 ······ 120 ········ 200 ····· log end        epochs and start offsets both rise
//
// Kept in leader-epoch-checkpoint, `epoch startOffset` a line; written with the sync of a segment that has ended and
// at a clean stop. After an unclean one recovery adds what the batches of the segments that it scans say.
// Source: LeaderEpochFileCache.

import type { Disk } from '../../host/disk.ts'
import type { Host, Logger } from '../../host/host.ts'
import { checkpointText, readCheckpoint, replaceFile, TMP_SUFFIX, writeFile } from '../checkpoint.ts'
import { join, LEADER_EPOCH_CHECKPOINT } from '../file-names.ts'
import { StorageFault } from '../storage-fault.ts'

const UNDEFINED_EPOCH = -1
const UNDEFINED_OFFSET = -1
const NO_ENTRIES = checkpointText([])
const NEXT_SUFFIX = '.next'

export interface EpochEntry {
  readonly epoch: number
  readonly startOffset: number
}

/** A checkpoint that is written and neither synced nor in its place yet. */
export interface NextCheckpoint {
  readonly path: string
  /** It has been synced: it gets its name, unless it is out of date. Throws DiskError. */
  commit(): void
}

export class LeaderEpochCache {
  readonly #disk: Disk
  readonly #logger: Logger
  readonly #directory: string
  /** null: not read yet. */
  #entries: EpochEntry[] | null = null
  /** Assigned before the file was read, as for each log at a start: most are not used for long. -1: none. */
  #nextEpoch = UNDEFINED_EPOCH
  #nextStartOffset = UNDEFINED_OFFSET
  /** What the file says, as far as we know. */
  #writtenText = NO_ENTRIES
  #next: NextCheckpoint | null = null

  constructor(host: Pick<Host, 'disk' | 'logger'>, directory: string) {
    this.#disk = host.disk
    this.#logger = host.logger
    this.#directory = directory
  }

  get entries(): readonly EpochEntry[] {
    return this.#load()
  }

  get latestEpoch(): number {
    if (this.#entries === null && this.#nextEpoch >= 0) return this.#nextEpoch
    return this.#load().at(-1)?.epoch ?? UNDEFINED_EPOCH
  }

  /** A leader, or a batch of one, begins `epoch` at `startOffset`. */
  assign(epoch: number, startOffset: number): void {
    if (this.#entries === null) {
      if (epoch === this.#nextEpoch) return
      if (this.#nextEpoch === UNDEFINED_EPOCH) {
        this.#nextEpoch = epoch
        this.#nextStartOffset = startOffset
        return
      }
    }
    addTo(this.#load(), epoch, startOffset)
  }

  /**
   * The end of `epoch` in this log: the start of the next higher one, `logEndOffset` for the latest. For an epoch
   * that is not here, the next lower one with its end. -1 and -1 when nothing is known of it.
   */
  endOffsetFor(epoch: number, logEndOffset: number): { epoch: number; endOffset: number } {
    const entries = this.#load()
    if (epoch === UNDEFINED_EPOCH) return { epoch: UNDEFINED_EPOCH, endOffset: UNDEFINED_OFFSET }
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
    while (entries.length > 0 && entries[entries.length - 1]!.startOffset >= endOffset) entries.pop()
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
    this.#load().length = 0
  }

  /** The file has what is not in the log any more. */
  hasForgotten(logEndOffset: number): boolean {
    const text = this.#changedText(logEndOffset)
    return text !== null && !body(text).startsWith(body(this.#writtenText))
  }

  /** Writes the checkpoint if it has changed. Durable at return. */
  flush(logEndOffset: number): void {
    this.#next = null
    const text = this.#changedText(logEndOffset)
    if (text === null) return
    replaceFile(this.#disk, this.#directory, LEADER_EPOCH_CHECKPOINT, text)
    this.#writtenText = text
  }

  /**
   * As flush, for a sync in the pool: writes aside what batches below `endOffset` say. null: nothing has changed. Out
   * of date as soon as one of the others is called. Throws DiskError.
   */
  writeNext(endOffset: number): NextCheckpoint | null {
    const text = this.#changedText(endOffset)
    if (text === null) return null
    const target = join(this.#directory, LEADER_EPOCH_CHECKPOINT)
    const path = target + NEXT_SUFFIX
    writeFile(this.#disk, path, text)
    const next = {
      path,
      commit: () => {
        if (this.#next !== next) return
        this.#next = null
        this.#disk.rename(path, target)
        this.#writtenText = text
      },
    }
    this.#next = next
    return next
  }

  /**
   * As flush, for a stop of many logs: writes aside, and tells which file to sync before `commit`. null: nothing has
   * changed.
   */
  prepare(logEndOffset: number): string | null {
    this.#next = null
    const text = this.#changedText(logEndOffset)
    if (text === null) return null
    const path = join(this.#directory, LEADER_EPOCH_CHECKPOINT + TMP_SUFFIX)
    writeFile(this.#disk, path, text)
    this.#writtenText = text
    return path
  }

  commit(): void {
    const path = join(this.#directory, LEADER_EPOCH_CHECKPOINT)
    this.#disk.rename(path + TMP_SUFFIX, path)
  }

  /**
   * An epoch without a batch need not be kept: the next leader begins its own there. So a broker that is stopped
   * after it became leader of thousands of idle logs writes nothing.
   */
  #changedText(logEndOffset: number): string | null {
    if (this.#entries === null && (this.#nextEpoch < 0 || this.#nextStartOffset >= logEndOffset)) return null
    const lasting = this.#load().filter((entry) => entry.startOffset < logEndOffset)
    const text = textOf(lasting)
    return text === this.#writtenText ? null : text
  }

  #replaceHead(entries: EpochEntry[], covering: number, first: EpochEntry): void {
    entries.splice(0, covering + 1, first)
  }

  #load(): EpochEntry[] {
    if (this.#entries !== null) return this.#entries
    const path = join(this.#directory, LEADER_EPOCH_CHECKPOINT)
    this.#entries = []
    try {
      this.#entries = readEntries(this.#disk, path)
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error
      // Without it followers truncate a little more than they need to; without the log nobody reads at all.
      this.#logger.warn('leader epochs are forgotten', { path, reason: error.reason })
    }
    this.#writtenText = textOf(this.#entries)
    addTo(this.#entries, this.#nextEpoch, this.#nextStartOffset)
    return this.#entries
  }
}

function readEntries(disk: Disk, path: string): EpochEntry[] {
  const entries: EpochEntry[] = []
  for (const line of readCheckpoint(disk, path) ?? []) {
    const [epoch, startOffset, ...rest] = line.split(' ').map(Number)
    if (!Number.isSafeInteger(epoch) || !Number.isSafeInteger(startOffset) || rest.length > 0) {
      throw new StorageFault(path, `has the line '${line}'`)
    }
    entries.push({ epoch: epoch!, startOffset: startOffset! })
  }
  return entries
}

function addTo(entries: EpochEntry[], epoch: number, startOffset: number): void {
  if (epoch < 0 || entries.at(-1)?.epoch === epoch) return
  // What contradicts the new entry was written by leaders that lost: their offsets are not in the log any more.
  while (entries.length > 0 && contradicts(entries[entries.length - 1]!, epoch, startOffset)) entries.pop()
  entries.push({ epoch, startOffset })
}

function textOf(entries: readonly EpochEntry[]): string {
  return entries.length === 0
    ? NO_ENTRIES
    : checkpointText(entries.map(({ epoch, startOffset }) => `${epoch} ${startOffset}`))
}

/** Without version and count. */
function body(text: string): string {
  return text.slice(text.indexOf('\n', text.indexOf('\n') + 1) + 1)
}

function contradicts(entry: EpochEntry, epoch: number, startOffset: number): boolean {
  return entry.epoch >= epoch || entry.startOffset >= startOffset
}
