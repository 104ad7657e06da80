// Time index of a segment: up to that offset no batch has a higher max timestamp than the entry's.
//
//    0               8          12
//   +---------------+----------+
//   | timestamp i64 | offset   |   offset relative to the base offset: the last of the batch that has the timestamp.
//   |               | i32      |   Timestamps grow from entry to entry.
//   +---------------+----------+
//
// An entry is tried with each entry of the offset index, and once more when the segment is rolled or closed, so that
// the last one is the segment's max timestamp: retention by time reads it from there. Source: TimeIndex, LogSegment.

import type { Disk } from '../../host/disk.ts'
import { getInt64, setInt64 } from '../../protocol/records/int64.ts'
import type { IndexMemory } from '../shared/index-memory.ts'
import { SparseIndex } from './sparse-index.ts'

export const TIME_INDEX_ENTRY_SIZE = 12
export const NO_TIMESTAMP = -1

export class TimeIndex extends SparseIndex {
  constructor(disk: Disk, memory: IndexMemory, path: string, baseOffset: number) {
    super(disk, memory, path, baseOffset, TIME_INDEX_ENTRY_SIZE)
  }

  timestampAt(index: number): number {
    const at = this.at(index)
    return getInt64(this.view, at)
  }

  offsetAt(index: number): number {
    const at = this.at(index)
    return this.baseOffset + this.view.getInt32(at + 8)
  }

  get lastTimestamp(): number {
    return this.count === 0 ? NO_TIMESTAMP : this.timestampAt(this.count - 1)
  }

  get lastOffset(): number {
    return this.count === 0 ? this.baseOffset : this.offsetAt(this.count - 1)
  }

  /** Adds an entry unless its timestamp is no higher than the last one's. */
  maybeAppend(timestamp: number, offset: number): void {
    if (timestamp <= this.lastTimestamp) return
    const at = this.grow()
    setInt64(this.view, at, timestamp)
    this.view.setInt32(at + 8, offset - this.baseOffset)
  }

  /** The offset of the last entry with a timestamp of at most `timestamp`: before it nothing is later. */
  lookup(timestamp: number): number {
    let low = 0
    let high = this.count - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      if (this.timestampAt(middle) <= timestamp) low = middle + 1
      else high = middle - 1
    }
    return high < 0 ? this.baseOffset : this.offsetAt(high)
  }

  /** One entry is kept free for the segment's end. */
  isFull(segmentIndexBytes: number): boolean {
    return this.count >= Math.floor(segmentIndexBytes / this.entrySize) - 1
  }

  /** Removes entries for `offset` and higher. */
  truncateTo(offset: number): void {
    let count = this.count
    while (count > 0 && this.offsetAt(count - 1) >= offset) count--
    this.cut(count)
  }

  isSane(): boolean {
    if (this.count === 0) return true
    return this.lastOffset >= this.baseOffset && this.lastTimestamp >= this.timestampAt(0)
  }
}
