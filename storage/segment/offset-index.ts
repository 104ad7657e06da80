// Offset index of a segment: from an offset to a position in the .log file, one entry each index.interval.bytes.
//
//    0               4          8
//   +---------------+----------+
//   | last offset   | position |   the last offset of a batch, relative to the segment's base offset, and where that
//   | i32           | i32      |   batch begins. Both grow from entry to entry.
//   +---------------+----------+
//
// Source: OffsetIndex, AbstractIndex.

import type { Disk } from '../../host/disk.ts'
import type { IndexMemory } from '../shared/index-memory.ts'
import { SparseIndex } from './sparse-index.ts'

export const OFFSET_INDEX_ENTRY_SIZE = 8

export class OffsetIndex extends SparseIndex {
  constructor(disk: Disk, memory: IndexMemory, path: string, baseOffset: number) {
    super(disk, memory, path, baseOffset, OFFSET_INDEX_ENTRY_SIZE)
  }

  append(lastOffset: number, position: number): void {
    const at = this.grow()
    this.view.setInt32(at, lastOffset - this.baseOffset)
    this.view.setInt32(at + 4, position)
  }

  offsetAt(index: number): number {
    const at = this.at(index)
    return this.baseOffset + this.view.getInt32(at)
  }

  positionAt(index: number): number {
    const at = this.at(index)
    return this.view.getInt32(at + 4)
  }

  /** A position at or before the batch that holds `offset`; 0 when no entry is as low. */
  lookup(offset: number): number {
    const index = this.#floor(offset)
    return index < 0 ? 0 : this.positionAt(index)
  }

  /** Of the first batch with an entry that begins at `position` or later; null when there is none. */
  positionAtOrAfter(position: number): number | null {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.positionAt(middle) < position) low = middle + 1
      else high = middle
    }
    return low < this.count ? this.positionAt(low) : null
  }

  /** The highest offset that has an entry; the base offset when there is none. */
  get lastOffset(): number {
    return this.count === 0 ? this.baseOffset : this.offsetAt(this.count - 1)
  }

  get lastPosition(): number {
    return this.count === 0 ? 0 : this.positionAt(this.count - 1)
  }

  isFull(segmentIndexBytes: number): boolean {
    return this.count >= Math.floor(segmentIndexBytes / this.entrySize)
  }

  /** Removes entries for `offset` and higher. */
  truncateTo(offset: number): void {
    const index = this.#floor(offset)
    if (index < 0) this.cut(0)
    else this.cut(this.offsetAt(index) === offset ? index : index + 1)
  }

  /** Entries whose position is within `size` bytes. False: what remains contradicts itself, and must be rebuilt. */
  isSane(size: number): boolean {
    if (this.count === 0) return true
    return this.lastOffset >= this.baseOffset && this.lastPosition >= 0 && this.lastPosition < size
  }

  #floor(offset: number): number {
    let low = 0
    let high = this.count - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      if (this.offsetAt(middle) <= offset) low = middle + 1
      else high = middle - 1
    }
    return high
  }
}
