// One round of compaction of one log, in two passes:
//
//   dirty segments   ──► OffsetMap: the last offset of each key          until it is full
//   all up to there  ──► each record: is a later one of its key in the map? ──► groups of segments, each written anew
//
// A record goes when a later one has its key; a tombstone that is the last of its key stays until the delete horizon of
// its batch, delete.retention.ms after the round that met it first, so that every consumer had time to see it. Records
// of aborted transactions go; a marker goes when nothing is left of its transaction, after the horizon too. Of a
// producer that is still known the batch with its last sequence stays, if need be empty; so does the last batch of the
// round, so that consumers learn how far the log goes. Offsets never change. Source: Cleaner.

import * as batch from '../../protocol/records/batch.ts'
import { CorruptBatch } from '../../protocol/records/errors.ts'
import { type Filtered, filterBatch, type WalkedRecord, walkBatch } from '../../protocol/records/filter.ts'
import type { StorageEnvironment } from '../environment.ts'
import { CLEANED_SUFFIX, LOG_SUFFIX } from '../file-names.ts'
import { type LastRecord, type ProducerKey, producerKey } from '../producers/producer-state.ts'
import type { Segment } from '../segment/segment.ts'
import { newSegment } from '../segment/segment-files.ts'
import { abortedTransactions, segmentIndexFor } from '../segment/segment-search.ts'
import { StorageFault } from '../storage-fault.ts'
import type { LogToClean } from './cleanable.ts'
import { CleanedTransactions } from './cleaned-transactions.ts'
import { OffsetMap } from './offset-map.ts'
import type { Pace } from './pace.ts'
import { groupSegments } from './segment-groups.ts'
import { SegmentReader } from './segment-reader.ts'
import { removeCleaned, swapIn } from './segment-swap.ts'

export interface CleaningBounds {
  /** log.cleaner.dedupe.buffer.size */
  readonly mapSize: number
  /** log.cleaner.io.buffer.load.factor */
  readonly loadFactor: number
  /** log.cleaner.io.buffer.size */
  readonly bufferSize: number
}

export interface CleanedLog {
  /** Below it the log is clean. */
  readonly endOffset: number
  readonly bytesRead: number
  readonly bytesWritten: number
  readonly recordsRead: number
  readonly recordsKept: number
}

/** Throws CleaningAborted, DiskError, and StorageFault for what cannot be cleaned: damage, or too small a map. */
export async function cleanLog(
  environment: StorageEnvironment,
  target: LogToClean,
  bounds: CleaningBounds,
  pace: Pace,
): Promise<CleanedLog> {
  const cleaning = new Cleaning(environment, target, bounds, pace)
  return await cleaning.run()
}

class Cleaning {
  readonly #environment: StorageEnvironment
  readonly #target: LogToClean
  readonly #pace: Pace
  readonly #reader: SegmentReader
  readonly #map: OffsetMap
  readonly #now: number
  readonly #transactions = new CleanedTransactions()
  #lastRecords: ReadonlyMap<ProducerKey, LastRecord> = new Map()
  #bytesRead = 0
  #bytesWritten = 0
  #recordsRead = 0
  #recordsKept = 0
  // Of the batch under way, for the visitors.
  #isDiscarded = false
  #isMarker = false
  #areTombstonesDue = false

  constructor(environment: StorageEnvironment, target: LogToClean, bounds: CleaningBounds, pace: Pace) {
    const { host } = environment
    this.#environment = environment
    this.#target = target
    this.#pace = pace
    this.#now = host.clock.now()
    this.#reader = new SegmentReader(pace, Math.max(1024, bounds.bufferSize / 2))
    this.#map = new OffsetMap(bounds.mapSize, bounds.loadFactor, host.random)
  }

  async run(): Promise<CleanedLog> {
    const { log, firstDirtyOffset, upperOffset } = this.#target
    await this.#buildMap()
    const endOffset = this.#map.latestOffset + 1
    if (endOffset <= firstDirtyOffset) {
      throw new StorageFault(log.directory, `has a batch of more keys than the ${this.#map.maxCount} there is room for`)
    }
    const { segments } = log
    const upper = segmentIndexFor(segments, upperOffset)
    const covered = segments.slice(0, upper).filter(({ baseOffset }) => baseOffset < endOffset)
    for (const group of groupSegments(covered, log.config, upperOffset)) await this.#cleanGroup(group)
    return {
      endOffset,
      bytesRead: this.#bytesRead,
      bytesWritten: this.#bytesWritten,
      recordsRead: this.#recordsRead,
      recordsKept: this.#recordsKept,
    }
  }

  // First pass

  async #buildMap(): Promise<void> {
    const { log, firstDirtyOffset, upperOffset } = this.#target
    const { segments } = log
    const first = segmentIndexFor(segments, firstDirtyOffset)
    const upper = segmentIndexFor(segments, upperOffset)
    const transactions = new CleanedTransactions()
    transactions.add(abortedTransactions(segments, segments[first]!.baseOffset, upperOffset))
    const keep = ({ bytes, keyStart, keyEnd, offset }: WalkedRecord): boolean =>
      keyStart < 0 || offset < firstDirtyOffset || this.#map.put(bytes, keyStart, keyEnd, offset)
    for (let index = first; index < upper; index++) {
      const segment = segments[index]!
      let isFull = false
      // From its begin: an abort is known by its transaction's first batch.
      await this.#reader.read(segment, 0, async () => {
        const { cursor } = this.#reader
        while (cursor.next()) {
          if (this.#pace.isOver) await this.#pace.pause()
          // Before anything is dropped for the sake of a record that is damaged.
          this.#verify(segment)
          const { view, position, lastOffset } = cursor
          if (cursor.magic === 2 && batch.isControl(view, position)) {
            orFault(segment, () => transactions.onMarker(cursor.bytes, view, position))
          } else if (cursor.magic < 2 || !transactions.onData(view, position)) {
            isFull = !this.#walk(segment, keep)
            if (isFull) return false
          }
          if (lastOffset >= firstDirtyOffset) this.#map.latestOffset = lastOffset
        }
        return true
      })
      if (isFull) return
      // What is missing at its end is missing for good.
      this.#map.latestOffset = segments[index + 1]!.baseOffset - 1
    }
  }

  #verify(segment: Segment): void {
    const { cursor } = this.#reader
    if (!cursor.verifyCrc()) throw fault(segment, `has a batch with a wrong checksum at offset ${cursor.lastOffset}`)
  }

  #walk(segment: Segment, visit: (record: WalkedRecord) => boolean): boolean {
    const { cursor } = this.#reader
    if (cursor.lastOffset < this.#target.firstDirtyOffset) return true
    return orFault(segment, () => walkBatch(cursor.bytes, cursor.view, cursor.position, visit))
  }

  // Second pass

  async #cleanGroup(group: readonly Segment[]): Promise<void> {
    const { log } = this.#target
    const first = group[0]!
    const cleaned = newSegment(this.#environment, log.directory, first.baseOffset, CLEANED_SUFFIX)
    this.#transactions.onKept = (transaction) => cleaned.indexes.transactions.append(transaction)
    try {
      this.#lastRecords = log.producers.state.lastRecords()
      for (const segment of group) {
        const { segments } = log
        const next = segments[segments.indexOf(segment) + 1]
        this.#transactions.add(abortedTransactions(segments, segment.baseOffset, next?.baseOffset ?? log.logEndOffset))
        await this.#cleanInto(segment, cleaned)
      }
      await swapIn(this.#environment, log, cleaned, group)
    } catch (error) {
      // Once it is one of the log's, its files stay as they are until the next start.
      if (!log.segments.includes(cleaned)) removeCleaned(this.#environment, cleaned)
      throw error
    }
  }

  async #cleanInto(source: Segment, cleaned: Segment): Promise<void> {
    const { cursor } = this.#reader
    await this.#reader.read(source, 0, async () => {
      /** Batches that stay and stand side by side go in one piece. */
      let runStart = -1
      const endRun = (): void => {
        if (runStart >= 0) cleaned.append(cursor.bytes.subarray(runStart, cursor.position))
        runStart = -1
      }
      while (cursor.next()) {
        if (this.#pace.isOver) await this.#pace.pause()
        this.#bytesRead += cursor.size
        const filtered = this.#filter(source)
        if (filtered === 'same') {
          if (runStart < 0) runStart = cursor.position
          this.#note(cleaned, cleaned.size + cursor.position - runStart, cursor.size)
          continue
        }
        endRun()
        if (filtered === 'nothing') continue
        const position = cleaned.size
        cleaned.append(filtered)
        this.#note(cleaned, position, filtered.length, batch.batchMaxTimestamp(batch.viewOf(filtered), 0))
      }
      endRun()
      await this.#write(cleaned)
      return true
    })
  }

  #note(cleaned: Segment, position: number, size: number, maxTimestamp = this.#reader.cursor.maxTimestamp): void {
    const { indexIntervalBytes } = this.#target.log.config
    cleaned.note(position, size, this.#reader.cursor.lastOffset, maxTimestamp, indexIntervalBytes)
  }

  async #write(cleaned: Segment): Promise<void> {
    const size = cleaned.unwrittenSize
    if (size === 0) return
    await new Promise<void>((resolve, reject) => {
      cleaned.startWriting((error) => {
        if (error === null) resolve()
        else reject(error)
      })
    })
    cleaned.keepWritten()
    this.#bytesWritten += size
    await this.#pace.throttle(size)
    this.#pace.resumed()
  }

  /** What becomes of the batch at the cursor. */
  #filter(source: Segment): Filtered {
    const { cursor } = this.#reader
    const { bytes, view, position } = cursor
    this.#verify(source)
    const isModern = cursor.magic === 2
    this.#isMarker = isModern && batch.isControl(view, position)
    const isSpent = isModern && orFault(source, () => this.#isSpent())
    const isPastHorizon = isModern && this.#isPastHorizon(view, position)
    this.#isDiscarded = isSpent && (!this.#isMarker || isPastHorizon)
    this.#areTombstonesDue = isModern ? isPastHorizon : source.maxTimestamp <= this.#now - this.#deleteRetentionMs
    const keepsEmpty = isModern && this.#keepsEmpty(view, position)
    if (this.#isDiscarded && !keepsEmpty) return 'nothing'
    return orFault(source, () =>
      filterBatch(bytes, view, position, this.#keeps, {
        newDeleteHorizon: this.#now + this.#deleteRetentionMs,
        wantsHorizon: isSpent && this.#isMarker,
        keepsEmpty,
      }),
    )
  }

  get #deleteRetentionMs(): number {
    return this.#target.log.config.deleteRetentionMs
  }

  #isSpent(): boolean {
    const { bytes, view, position } = this.#reader.cursor
    return this.#isMarker
      ? this.#transactions.onMarker(bytes, view, position)
      : this.#transactions.onData(view, position)
  }

  #isPastHorizon(view: DataView, position: number): boolean {
    return batch.hasDeleteHorizon(view, position) && batch.batchBaseTimestamp(view, position) <= this.#now
  }

  #keepsEmpty(view: DataView, position: number): boolean {
    const lastOffset = batch.batchLastOffset(view, position)
    if (lastOffset + 1 === this.#target.upperOffset) return true
    if (!batch.hasProducerId(view, position)) return false
    const last = this.#lastRecords.get(producerKey(view, position))
    if (last === undefined) return false
    if (last.lastDataOffset >= 0) return last.lastDataOffset === lastOffset
    return this.#isMarker && last.epoch === batch.batchProducerEpoch(view, position)
  }

  readonly #keeps = (record: WalkedRecord): boolean => {
    this.#recordsRead++
    const isKept = this.#isKept(record)
    if (isKept) this.#recordsKept++
    return isKept
  }

  #isKept({ bytes, keyStart, keyEnd, offset, hasValue }: WalkedRecord): boolean {
    if (this.#isDiscarded) return false
    if (this.#isMarker || offset > this.#map.latestOffset) return true
    // A record without a key has no place in a compacted log.
    if (keyStart < 0) return false
    if (offset < this.#map.get(bytes, keyStart, keyEnd)) return false
    return hasValue || !this.#areTombstonesDue
  }
}

const fault = (segment: Segment, reason: string): StorageFault => new StorageFault(segment.path(LOG_SUFFIX), reason)

function orFault<T>(segment: Segment, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof CorruptBatch)) throw error
    throw fault(segment, `cannot be read: ${error.reason}`)
  }
}
