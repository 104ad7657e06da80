// The snapshot files of one partition, and the producer state rebuilt from the latest that counts and the batches
// after it.

import { isControl } from '../../protocol/records/batch.ts'
import { readFile } from '../checkpoint.ts'
import type { StorageEnvironment } from '../environment.ts'
import { join, offsetOfFileName, SNAPSHOT_SUFFIX, segmentFileName } from '../file-names.ts'
import type { Segment } from '../segment/segment.ts'
import { SegmentScanner } from '../segment/segment-scanner.ts'
import { segmentIndexFor } from '../segment/segment-search.ts'
import { decodeSnapshot, encodeSnapshot } from './producer-snapshot.ts'
import { isExpired, ProducerState } from './producer-state.ts'

/** Some milliseconds to scan; once for each log that is opened, at most, and only when a batch comes out of order. */
const MAX_RECALLED_SIZE = 16 * 1024 * 1024

/** Most logs have none. Never changed. */
const NO_OFFSETS: number[] = []

export class ProducerSnapshots {
  readonly #environment: StorageEnvironment
  #directory: string
  /** Offsets of the files, ascending. */
  #offsets: number[] = NO_OFFSETS

  constructor(environment: StorageEnvironment, directory: string) {
    this.#environment = environment
    this.#directory = directory
  }

  get offsets(): readonly number[] {
    return this.#offsets
  }

  /** From the names in the partition's directory. */
  found(names: readonly string[]): void {
    const offsets = names.map((name) => offsetOfFileName(name, SNAPSHOT_SUFFIX)).filter((offset) => offset >= 0)
    this.#offsets = offsets.length === 0 ? NO_OFFSETS : offsets.sort((a, b) => a - b)
  }

  write(producers: ProducerState, offset: number): void {
    this.writeEncoded(encodeSnapshot(producers.entries(), producers.size), offset)
  }

  /** Not synced: the sync of the segment that ends there takes it along. */
  writeEncoded(bytes: Uint8Array, offset: number): void {
    if (offset === 0 || this.#offsets.includes(offset)) return
    const file = this.#environment.host.disk.open(this.#path(offset), 'write')
    try {
      file.truncate(bytes.length)
      file.writeSync([bytes], 0)
    } finally {
      file.close()
    }
    this.#offsets = [...this.#offsets, offset].sort((a, b) => a - b)
  }

  sync(offset: number): void {
    if (!this.#offsets.includes(offset)) return
    const file = this.#environment.host.disk.open(this.#path(offset), 'write')
    file.syncSync()
    file.close()
  }

  isSound(offset: number): boolean {
    if (!this.#offsets.includes(offset)) return false
    const bytes = readFile(this.#environment.host.disk, this.#path(offset))
    return bytes !== null && typeof decodeSnapshot(bytes) !== 'string'
  }

  /** Snapshots above `offset` describe what is not in the log any more. */
  truncateTo(offset: number): void {
    while (this.#offsets.length > 0 && this.#offsets[this.#offsets.length - 1]! > offset)
      this.#remove(this.#offsets.pop()!)
  }

  /** Their segments are deleted. */
  removeBelow(baseOffset: number): void {
    while (this.#offsets.length > 0 && this.#offsets[0]! < baseOffset) this.#remove(this.#offsets.shift()!)
  }

  removeAt(offsets: readonly number[]): void {
    const gone = this.#offsets.filter((offset) => offsets.includes(offset))
    if (gone.length === 0) return
    this.#offsets = this.#offsets.filter((offset) => !gone.includes(offset))
    for (const offset of gone) this.#remove(offset)
  }

  /** Keeps those at the begin of a segment, and the latest beyond the last segment's begin: that of a clean stop. */
  removeStray(segments: readonly Segment[]): void {
    const lastBase = segments[segments.length - 1]!.baseOffset
    const latest = this.#offsets.at(-1)
    for (const offset of [...this.#offsets]) {
      if (segments.some((segment) => segment.baseOffset === offset)) continue
      if (offset === latest && offset > lastBase) continue
      this.#offsets.splice(this.#offsets.indexOf(offset), 1)
      this.#remove(offset)
    }
  }

  /**
   * The state just before `endOffset`. All batches up to there must be in the segment files. Unlike Kafka it does not
   * begin at the log start offset but with the first segment: what DeleteRecords hides may belong to a transaction
   * that is open still.
   */
  rebuild(segments: readonly Segment[], endOffset: number): ProducerState {
    const { producers, offset } = this.#load(segments[0]?.baseOffset ?? endOffset, endOffset)
    for (let index = segmentIndexFor(segments, offset); index < segments.length; index++) {
      const segment = segments[index]!
      if (segment.baseOffset >= endOffset) break
      replay(segment, producers, offset, endOffset)
    }
    return producers
  }

  /**
   * The producers of the log's last MAX_RECALLED_SIZE bytes, without transactions: for the batches that a snapshot does
   * not keep. As many as a producer may have in flight are seldom further back.
   */
  recent(segments: readonly Segment[]): ProducerState {
    const producers = new ProducerState()
    let first = segments.length - 1
    let left = MAX_RECALLED_SIZE - (segments[first]?.writtenSize ?? 0)
    while (first > 0 && left > 0) left -= segments[--first]!.writtenSize
    for (let index = first; index < segments.length; index++) {
      const segment = segments[index]!
      // Of the one that is too large, the end: from an index entry, or not at all.
      const skipped = index === first ? Math.max(0, -left) : 0
      const start = skipped > 0 ? segment.indexes.offset.positionAtOrAfter(skipped) : 0
      if (start !== null) replayHeaders(segment, producers, start)
    }
    return producers
  }

  #load(beginOffset: number, endOffset: number): { producers: ProducerState; offset: number } {
    const { host, options } = this.#environment
    const now = host.clock.now()
    for (let index = this.#offsets.length - 1; index >= 0; index--) {
      const offset = this.#offsets[index]!
      if (offset > endOffset || offset < beginOffset) continue
      const bytes = readFile(host.disk, this.#path(offset))
      const entries = bytes === null ? 'is missing' : decodeSnapshot(bytes)
      if (typeof entries === 'string') {
        host.logger.warn('producer snapshot is not used', { path: this.#path(offset), reason: entries })
        this.#offsets.splice(index, 1)
        this.#remove(offset)
        continue
      }
      const producers = new ProducerState()
      producers.load(entries.filter((entry) => !isExpired(entry, now, options.producerIdExpirationMs)))
      return { producers, offset }
    }
    return { producers: new ProducerState(), offset: beginOffset }
  }

  #path(offset: number): string {
    return join(this.#directory, segmentFileName(offset, SNAPSHOT_SUFFIX))
  }

  #remove(offset: number): void {
    this.#environment.host.disk.remove(this.#path(offset))
  }
}

function replay(segment: Segment, producers: ProducerState, from: number, to: number): void {
  const size = segment.writtenSize
  if (size === 0) return
  const scanner = new SegmentScanner(segment.file(), Math.min(segment.positionFor(from), size), size, true)
  while (scanner.next()) {
    if (scanner.lastOffset < from) continue
    if (scanner.baseOffset >= to) break
    if (scanner.magic === 2) producers.apply(scanner.bytes, scanner.view, scanner.at)
  }
  scanner.close()
}

function replayHeaders(segment: Segment, producers: ProducerState, from: number): void {
  const size = segment.writtenSize
  if (from >= size) return
  const scanner = new SegmentScanner(segment.file(), from, size)
  while (scanner.next()) {
    if (scanner.magic !== 2 || isControl(scanner.view, scanner.at)) continue
    producers.apply(scanner.bytes, scanner.view, scanner.at)
  }
  scanner.close()
}
