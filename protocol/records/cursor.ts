/**
 * Steps over the batches of a stretch of log, of any magic, without allocating: one cursor is made once and reset.
 *
 *   cursor.reset(bytes, view, start, end)
 *   while (cursor.next()) use(cursor.position, cursor.size, cursor.magic)
 *   if (cursor.fault !== null) …   // what stands at cursor.position is not a whole batch
 *
 * A cut batch at the end is usual in fetched bytes (fault 'truncated'); in a log it is where recovery truncates.
 * next() looks at headers only; the checksum is for verifyCrc().
 */

import { batchBaseOffset, batchLastOffset, batchMagic, batchMaxTimestamp, batchSize, verifyCrc } from './batch.ts'
import { getInt64 } from './int64.ts'
import * as at from './layout.ts'
import { legacyBaseOffset, legacyCrcMatches } from './legacy.ts'

export type CursorFault = 'truncated' | 'size' | 'magic'

const NOTHING = new Uint8Array(0)
const NO_VIEW = new DataView(NOTHING.buffer)

export class BatchCursor {
  bytes: Uint8Array = NOTHING
  view: DataView = NO_VIEW
  /** Where the current batch begins; after the last, where the next one would. */
  position = 0
  /** Size in bytes of the current batch. */
  size = 0
  magic = 2
  fault: CursorFault | null = null
  #end = 0

  /** `view` covers the same bytes as `bytes`; [start, end) are positions in them. */
  reset(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    this.bytes = bytes
    this.view = view
    this.position = start
    this.size = 0
    this.fault = null
    this.#end = end
  }

  next(): boolean {
    this.position += this.size
    this.size = 0
    const left = this.#end - this.position
    if (left === 0) return false
    if (left <= at.MAGIC) return this.#stop('truncated')
    const magic = batchMagic(this.view, this.position)
    if (magic < 0 || magic > 2) return this.#stop('magic')
    const size = batchSize(this.view, this.position)
    if (size < smallest(magic)) return this.#stop('size')
    if (size > left) return this.#stop('truncated')
    this.magic = magic
    this.size = size
    return true
  }

  /** For a compressed message of magic 0 or 1 this decompresses; lastOffset never does. */
  get baseOffset(): number {
    if (this.magic === 2) return batchBaseOffset(this.view, this.position)
    return legacyBaseOffset(this.bytes, this.view, this.position)
  }

  get lastOffset(): number {
    if (this.magic === 2) return batchLastOffset(this.view, this.position)
    return batchBaseOffset(this.view, this.position)
  }

  /** Whether the current batch's checksum matches, of either kind. */
  verifyCrc(): boolean {
    if (this.magic === 2) return verifyCrc(this.bytes, this.view, this.position)
    return legacyCrcMatches(this.bytes, this.view, this.position)
  }

  get maxTimestamp(): number {
    if (this.magic === 2) return batchMaxTimestamp(this.view, this.position)
    return this.magic === 1 ? getInt64(this.view, this.position + at.LEGACY_TIMESTAMP) : at.NO_TIMESTAMP
  }

  #stop(fault: CursorFault): false {
    this.fault = fault
    return false
  }
}

function smallest(magic: number): number {
  if (magic === 2) return at.RECORDS
  return magic === 1 ? at.LEGACY_MIN_SIZE_V1 : at.LEGACY_MIN_SIZE_V0
}
