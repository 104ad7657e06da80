// Reads a segment from one end to the other through the pool, in pieces that hold whole batches.

import type { DiskError, DiskFile } from '../../host/disk.ts'
import { viewOf } from '../../protocol/records/batch.ts'
import { BatchCursor } from '../../protocol/records/cursor.ts'
import { LOG_SUFFIX } from '../file-names.ts'
import type { Segment } from '../segment/segment.ts'
import { StorageFault } from '../storage-fault.ts'
import { CleaningAborted, type Pace } from './pace.ts'

export class SegmentReader {
  /** Over the batches of the piece that was read last. */
  readonly cursor = new BatchCursor()
  readonly #pace: Pace
  readonly #size: number
  #buffer: Uint8Array

  /** `size`: what is read at once, unless a batch is larger. */
  constructor(pace: Pace, size: number) {
    this.#pace = pace
    this.#size = size
    this.#buffer = new Uint8Array(size)
  }

  /**
   * Runs `onPiece` with the cursor set, for one piece after the other; false: that is enough. The bytes are valid until
   * it resolves. Throws DiskError, StorageFault, CleaningAborted.
   */
  async read(segment: Segment, from: number, onPiece: () => Promise<boolean>): Promise<void> {
    let position = from
    while (position < segment.writtenSize) {
      const { cursor } = this
      const size = await this.#fill(segment, position)
      cursor.reset(this.#buffer, viewOf(this.#buffer), 0, size)
      if (!(await onPiece())) return
      if (cursor.fault === 'size' || cursor.fault === 'magic') throw damage(segment, position + cursor.position)
      if (cursor.position === 0) this.#grow(segment, position, size)
      else position += cursor.position
      if (cursor.position > 0 && this.#buffer.length > this.#size) this.#buffer = new Uint8Array(this.#size)
    }
  }

  async #fill(segment: Segment, position: number): Promise<number> {
    if (segment.isReleased) throw new CleaningAborted()
    const target = this.#buffer.subarray(0, Math.min(this.#buffer.length, segment.writtenSize - position))
    const file = segment.file()
    segment.pin()
    try {
      const size = await readInPool(file, target, position)
      await this.#pace.throttle(size)
      this.#pace.resumed()
      return size
    } finally {
      segment.unpin()
    }
  }

  /** For the batch that the buffer is too small for. */
  #grow(segment: Segment, position: number, size: number): void {
    const batchSize = size < 12 ? 0 : viewOf(this.#buffer).getInt32(8) + 12
    if (batchSize <= this.#buffer.length || batchSize > segment.writtenSize - position) throw damage(segment, position)
    this.#buffer = new Uint8Array(batchSize)
  }
}

function damage(segment: Segment, position: number): StorageFault {
  return new StorageFault(segment.path(LOG_SUFFIX), `has no whole batch at position ${position}`)
}

function readInPool(file: DiskFile, target: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    file.read(target, position, (error: DiskError | null, size) => {
      if (error !== null) reject(error)
      else resolve(size)
    })
  })
}
