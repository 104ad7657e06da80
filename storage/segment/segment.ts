// One segment of a log: the .log file with its batches, and the indexes beside it (segment-indexes.ts). The last
// segment of a log is active: appended to.
//
//   .log   0 ──────────────── writtenSize ─────────────────────────────── size
//          │ in the file      │ in the pool, being written │ pending     │
//
// Indexes, sizes and file handle come lazily: a segment nobody reads costs a few fields. Source: LogSegment,
// FileRecords.

import { DiskError, type DiskFile } from '../../host/disk.ts'
import { hold, letGoOfAll } from '../../host/slab.ts'
import type { StorageEnvironment } from '../environment.ts'
import { join, LOG_SUFFIX, segmentFileName } from '../file-names.ts'
import { ReadPositions } from './read-positions.ts'
import { SegmentIndexes } from './segment-indexes.ts'
import { SegmentScanner } from './segment-scanner.ts'
import { NO_TIMESTAMP } from './time-index.ts'

/** Relative offsets in indexes are int32, and so are positions. */
const MAX_RELATIVE_OFFSET = 0x7fffffff
const UNKNOWN = -2
/** Of most segments. Never changed. */
const NO_CHUNKS: Uint8Array[] = []

export class Segment {
  readonly baseOffset: number
  readonly createdMs: number
  readonly #environment: StorageEnvironment
  readonly #directory: string
  /** Behind all its names while compaction has it under way; empty otherwise. */
  #nameSuffix: string
  #file: DiskFile | null = null
  #pins = 0
  /** Begun in this life: nothing stands at the names of its indexes. */
  #isNew = false
  #indexes: SegmentIndexes | null = null
  #size = UNKNOWN
  #pending: Uint8Array[] = NO_CHUNKS
  #pendingSize = 0
  /** The chunks of the write under way in the pool. */
  #inPool: readonly Uint8Array[] | null = null
  /** Of them; 0 when others have written the same meanwhile. */
  #inPoolSize = 0
  /** A write failed: the file may hold a part of it. */
  #isTorn = false
  #bytesSinceIndexEntry = 0
  #maxTimestamp = UNKNOWN
  #offsetOfMaxTimestamp = UNKNOWN
  #firstTimestamp = UNKNOWN
  #whenUnpinned: (() => void) | null = null
  /** Its files belong to somebody else now, or to nobody. */
  #isReleased = false
  #readPositions: ReadPositions | null = null

  constructor(environment: StorageEnvironment, directory: string, baseOffset: number, nameSuffix = '') {
    this.#environment = environment
    this.#directory = directory
    this.#nameSuffix = nameSuffix
    this.baseOffset = baseOffset
    this.createdMs = environment.host.clock.now()
  }

  /** New and empty, in memory alone: makeFile follows, or the first write of a new log. */
  begin(): void {
    this.#size = 0
    this.#isNew = true
    this.#maxTimestamp = NO_TIMESTAMP
    this.#offsetOfMaxTimestamp = this.baseOffset
    this.#firstTimestamp = NO_TIMESTAMP
  }

  /** Of a segment that has begun. What an earlier run left here was not part of the log. */
  makeFile(): void {
    const file = this.file()
    if (file.size() !== 0) file.truncate(0)
    this.indexes.disownFiles()
  }

  /** New and empty, with all its files: the first sync of the directory covers their names. */
  create(): void {
    this.begin()
    this.makeFile()
    this.flushIndexes(false)
  }

  /** Its files have not got their lasting names yet. */
  get isTemporary(): boolean {
    return this.#nameSuffix !== ''
  }

  get isReleased(): boolean {
    return this.#isReleased
  }

  get directory(): string {
    return this.#directory
  }

  path(suffix: string): string {
    return join(this.#directory, segmentFileName(this.baseOffset, suffix) + this.#nameSuffix)
  }

  /** Bytes appended. */
  get size(): number {
    if (this.#size === UNKNOWN) this.#size = this.file().size()
    return this.#size
  }

  get writtenSize(): number {
    return this.size - this.#pendingSize - this.#inPoolSize
  }

  get unwrittenSize(): number {
    return this.#pendingSize + this.#inPoolSize
  }

  /** A write is under way in the pool: until it ends, nothing above writtenSize may be cut. */
  get isWriting(): boolean {
    return this.#inPool !== null
  }

  /** Appended and not known to be in the file, or left behind by a failed write. */
  get hasUnwritten(): boolean {
    return this.#pendingSize > 0 || this.#inPoolSize > 0 || this.#isTorn
  }

  get indexes(): SegmentIndexes {
    this.#indexes ??= new SegmentIndexes(this.#environment, this, this.#isNew)
    return this.#indexes
  }

  /** Most of thousands of logs never have so much that indexes are made. */
  isIndexFull(indexBytes: number): boolean {
    return (this.#indexes !== null || !this.#isNew) && this.indexes.isFull(indexBytes)
  }

  /** Of all batches in the segment; -1 when none has one. */
  get maxTimestamp(): number {
    if (this.#maxTimestamp === UNKNOWN) this.#loadMaxTimestamp()
    return this.#maxTimestamp
  }

  get offsetOfMaxTimestamp(): number {
    if (this.#maxTimestamp === UNKNOWN) this.#loadMaxTimestamp()
    return this.#offsetOfMaxTimestamp
  }

  /** The max timestamp of the first batch, from which rolling by time counts; -1 while there is none. */
  get firstTimestamp(): number {
    if (this.#firstTimestamp !== UNKNOWN) return this.#firstTimestamp
    const scanner = new SegmentScanner(this.file(), 0, this.writtenSize)
    this.#firstTimestamp = scanner.next() ? scanner.maxTimestamp : NO_TIMESTAMP
    scanner.close()
    return this.#firstTimestamp
  }

  canHold(lastOffset: number): boolean {
    return lastOffset - this.baseOffset <= MAX_RELATIVE_OFFSET
  }

  /** Queues the bytes, and holds them until they are written; `note` follows for each batch in them. */
  append(bytes: Uint8Array): void {
    hold(bytes)
    if (this.#pendingSize === 0) this.#pending = [bytes]
    else this.#pending.push(bytes)
    this.#pendingSize += bytes.length
    this.#size = this.size + bytes.length
  }

  /** Tells the indexes of a batch that begins at `position`. */
  note(position: number, size: number, lastOffset: number, maxTimestamp: number, indexIntervalBytes: number): void {
    if (position === 0) this.#firstTimestamp = maxTimestamp
    if (maxTimestamp > this.maxTimestamp) {
      this.#maxTimestamp = maxTimestamp
      this.#offsetOfMaxTimestamp = lastOffset
    }
    if (this.#bytesSinceIndexEntry > indexIntervalBytes) {
      this.indexes.offset.append(lastOffset, position)
      this.indexes.time.maybeAppend(this.#maxTimestamp, this.#offsetOfMaxTimestamp)
      this.#bytesSinceIndexEntry = 0
    }
    this.#bytesSinceIndexEntry += size
  }

  /**
   * All of it, what is under way in the pool included. Throws DiskError; then the file may hold a part of it:
   * discardPending() cuts that off.
   */
  writePending(): void {
    const overtaken = this.#inPool !== null && this.#inPoolSize > 0 ? this.#inPool : []
    if (this.#pendingSize === 0 && overtaken.length === 0) return
    const file = this.file()
    this.#isTorn = true
    file.writeSync(overtaken.length === 0 ? this.#pending : [...overtaken, ...this.#pending], this.writtenSize)
    this.#isTorn = false
    this.#inPoolSize = 0
    this.#forgetPending()
  }

  /**
   * What is pending, in the pool, where nothing is under way yet. At `done` it still counts as unwritten, unless it has
   * been overtaken: keepWritten() or discardPending() follows.
   */
  startWriting(done: (error: DiskError | null, isOvertaken: boolean) => void): void {
    const file = this.file()
    const chunks = this.#pending
    const position = this.writtenSize
    this.#inPool = chunks
    this.#inPoolSize = this.#pendingSize
    this.#pending = NO_CHUNKS
    this.#pendingSize = 0
    this.pin()
    file.write(chunks, position, (error) => {
      letGoOfAll(chunks)
      this.#inPool = null
      const isOvertaken = this.#inPoolSize === 0
      if (error !== null && !isOvertaken) this.#isTorn = true
      this.unpin()
      done(error, isOvertaken)
    })
  }

  #forgetPending(): void {
    letGoOfAll(this.#pending)
    this.#pending = NO_CHUNKS
    this.#pendingSize = 0
  }

  /** What the pool was given is in the file. */
  keepWritten(): void {
    this.#inPoolSize = 0
    if (this.#pendingSize === 0) this.#isTorn = false
  }

  /** Gives up what is pending and what a failed write left behind. Nothing may be under way. */
  discardPending(): void {
    // What the pool was given may be in the file, though nobody is told so.
    const isCutDue = this.#isTorn || this.#inPoolSize > 0
    this.#size = this.writtenSize
    this.#inPoolSize = 0
    this.#forgetPending()
    if (isCutDue) this.#cut()
    this.#isTorn = false
  }

  /**
   * Synced at once: otherwise a crash could bring parts of the old end back among what is appended next, each with a
   * checksum that is right. Rare, so the wait is bearable.
   */
  #cut(): void {
    const file = this.file()
    if (file.size() <= this.#size) return
    file.truncate(this.#size)
    file.syncSync()
  }

  /** The file, open. Valid until control returns to the event loop, unless pinned. */
  file(): DiskFile {
    if (this.#isReleased) throw new Error(`assertion: ${this.path(LOG_SUFFIX)} is used after its release`)
    this.#file ??= this.#open()
    this.#environment.files.touch(this)
    return this.#file
  }

  #open(): DiskFile {
    const { host, files } = this.#environment
    const path = this.path(LOG_SUFFIX)
    try {
      return host.disk.open(path, 'write')
    } catch (error) {
      if (!(error instanceof DiskError) || error.reason !== 'exhausted' || !files.shed()) throw error
      return host.disk.open(path, 'write')
    }
  }

  get isPinned(): boolean {
    return this.#pins > 0
  }

  pin(): void {
    this.#pins++
  }

  unpin(): void {
    this.#pins--
    if (this.#pins > 0 || this.#whenUnpinned === null) return
    const run = this.#whenUnpinned
    this.#whenUnpinned = null
    run()
  }

  closeFile(): boolean {
    if (this.#pins > 0) return false
    this.#file?.close()
    this.#file = null
    return true
  }

  /** Closes, and runs `then` once no I/O is under way any more: at once in most cases. */
  release(then: () => void): void {
    this.#isReleased = true
    const run = (): void => {
      this.closeFile()
      this.#leaveBounds()
      then()
    }
    if (this.#pins === 0) run()
    else this.#whenUnpinned = run
  }

  /** Gives back what was needed to open the log: most logs are not used for long after a start. */
  rest(): void {
    if (this.hasUnwritten || this.#indexes?.areEntriesFlushed === false || !this.closeFile()) return
    this.#leaveBounds()
    this.#indexes?.rest()
  }

  /** Closes the file whatever is under way, and forgets what is not written. */
  abandon(): void {
    this.#isReleased = true
    this.#file?.close()
    this.#file = null
    this.#leaveBounds()
  }

  /** Of open files and of the memory of indexes. */
  #leaveBounds(): void {
    this.#environment.files.forget(this)
    this.#indexes?.leaveMemory()
  }

  /** Brings the files beside the log up to date: when the segment ends, or the broker. */
  flushIndexes(sync: boolean): void {
    if (this.size > 0) this.indexes.time.maybeAppend(this.maxTimestamp, this.offsetOfMaxTimestamp)
    this.indexes.flush(sync)
  }

  get hasUnflushedIndexes(): boolean {
    return !this.indexes.isFlushed(this.size > 0)
  }

  /** A position from which to look for `offset`: at or before the batch that holds it. */
  positionFor(offset: number): number {
    return Math.min(this.indexes.offset.lookup(offset), this.writtenSize)
  }

  /** Where the batch with `offset` begins, when a reader has come that far; -1 otherwise. */
  rememberedPosition(offset: number): number {
    return this.#readPositions === null ? -1 : this.#readPositions.find(offset)
  }

  rememberPosition(offset: number, position: number): void {
    this.#readPositions ??= new ReadPositions()
    this.#readPositions.add(offset, position)
  }

  /** Removes whole batches with offsets from `offset` on; returns where the rest ends. Nothing may be pending. */
  truncateTo(offset: number): number {
    const start = Math.min(this.indexes.offset.lookup(offset - 1), this.size)
    const scanner = new SegmentScanner(this.file(), start, this.size)
    let position = this.size
    let isCut = false
    let next = this.baseOffset
    while (scanner.next()) {
      if (scanner.lastOffset >= offset) {
        position = scanner.position
        isCut = scanner.magic === 2 && scanner.baseOffset < offset
        break
      }
      next = scanner.lastOffset + 1
    }
    scanner.close()
    this.#size = position
    this.#cut()
    this.forgetFrom(offset)
    // Between batches `offset` itself is the end, also where compaction has left a gap before it.
    return isCut ? next : offset
  }

  /** What the indexes and the fields here say of batches from `offset` on, which are not in the file. */
  forgetFrom(offset: number): void {
    this.indexes.truncateTo(offset)
    this.#bytesSinceIndexEntry = 0
    this.#maxTimestamp = UNKNOWN
    this.#firstTimestamp = UNKNOWN
    this.#readPositions = null
  }

  /** Recovery begins to build the indexes from nothing. */
  resetForRecovery(): void {
    this.indexes.reset()
    this.#bytesSinceIndexEntry = 0
    this.#maxTimestamp = NO_TIMESTAMP
    this.#offsetOfMaxTimestamp = this.baseOffset
    this.#firstTimestamp = NO_TIMESTAMP
    this.#readPositions = null
  }

  cutFile(size: number): void {
    this.#size = size
    this.#cut()
  }

  /** The offset after the last batch, found from the last index entry on. */
  nextOffset(): number {
    const index = this.indexes.offset
    const start = index.isSane(this.size) ? index.lastPosition : 0
    const scanner = new SegmentScanner(this.file(), start, this.size)
    let next = this.baseOffset
    while (scanner.next()) next = scanner.lastOffset + 1
    scanner.close()
    return next
  }

  /** Its files have other names now; none of them is open. */
  renamed(nameSuffix: string): void {
    this.#nameSuffix = nameSuffix
    this.#indexes?.moved()
  }

  /** From the time index, then from the batches after its last entry. */
  #loadMaxTimestamp(): void {
    this.#maxTimestamp = this.indexes.time.lastTimestamp
    this.#offsetOfMaxTimestamp = this.indexes.time.lastOffset
    const start = Math.min(this.indexes.offset.lookup(this.#offsetOfMaxTimestamp), this.writtenSize)
    const scanner = new SegmentScanner(this.file(), start, this.writtenSize)
    while (scanner.next()) {
      if (scanner.maxTimestamp <= this.#maxTimestamp) continue
      this.#maxTimestamp = scanner.maxTimestamp
      this.#offsetOfMaxTimestamp = scanner.lastOffset
    }
    scanner.close()
  }
}
