// Steps over the batches of a segment file, of any magic, reading in pieces; synchronous: for starts, truncation and
// searches by time.
//
//   scanner = new SegmentScanner(file, from, to)          headers only
//   scanner = new SegmentScanner(file, from, to, true)    whole batches: checksums and records can be looked at
//   while (scanner.next()) …scanner.position, scanner.size, scanner.lastOffset
//   if (scanner.fault !== null) …                         what stands at scanner.position is no batch, or not whole
//   scanner.close()                                       gives the buffer back
//
// `bytes`, `view` and `at` (where the current batch begins in them) are valid until the next call.

import type { DiskFile } from '../../host/disk.ts'
import { batchBaseOffset, batchMagic, batchMaxTimestamp, batchSize, viewOf } from '../../protocol/records/batch.ts'
import { BatchCursor } from '../../protocol/records/cursor.ts'
import { getInt64 } from '../../protocol/records/int64.ts'
import * as layout from '../../protocol/records/layout.ts'

const READ_SIZE = 128 * 1024
/** A batch beyond this is damage: message.max.bytes is an int32, and so is a segment. */
const MAX_BATCH_SIZE = 0x7fffffff

export type ScanFault = 'truncated' | 'size' | 'magic'

/** One buffer is kept for the next scanner: a start scans thousands of segments one after the other. */
let spare: Uint8Array | null = null

export class SegmentScanner {
  bytes: Uint8Array
  view: DataView
  /** Of the current batch, in `bytes`. */
  at = 0
  /** Of the current batch, in the file. */
  position: number
  size = 0
  magic = 2
  fault: ScanFault | null = null
  readonly #file: DiskFile
  readonly #end: number
  readonly #whole: boolean
  readonly #cursor = new BatchCursor()
  /** [#start, #start + #length) of the file is in `bytes`. */
  #start = 0
  #length = 0

  constructor(file: DiskFile, from: number, to: number, whole = false) {
    this.#file = file
    this.position = from
    this.#end = to
    this.#whole = whole
    this.bytes = spare ?? new Uint8Array(READ_SIZE)
    spare = null
    this.view = viewOf(this.bytes)
  }

  next(): boolean {
    this.position += this.size
    this.size = 0
    const left = this.#end - this.position
    if (left === 0) return false
    if (left < layout.LEGACY_MIN_SIZE_V0) return this.#stop('truncated')
    this.#fill(Math.min(left, layout.RECORDS))
    const magic = batchMagic(this.view, this.at)
    if (magic < 0 || magic > 2) return this.#stop('magic')
    const size = batchSize(this.view, this.at)
    if (size < smallest(magic) || size > MAX_BATCH_SIZE) return this.#stop('size')
    if (size > left) return this.#stop('truncated')
    if (this.#whole) this.#fill(size)
    this.magic = magic
    this.size = size
    return true
  }

  get baseOffset(): number {
    if (this.magic === 2) return batchBaseOffset(this.view, this.at)
    return this.#current().baseOffset
  }

  get lastOffset(): number {
    const offset = batchBaseOffset(this.view, this.at)
    return this.magic === 2 ? offset + this.view.getInt32(this.at + layout.LAST_OFFSET_DELTA) : offset
  }

  get maxTimestamp(): number {
    if (this.magic === 2) return batchMaxTimestamp(this.view, this.at)
    return this.magic === 1 ? getInt64(this.view, this.at + layout.LEGACY_TIMESTAMP) : layout.NO_TIMESTAMP
  }

  /** Of scanners for whole batches alone. */
  verifyCrc(): boolean {
    return this.#current().verifyCrc()
  }

  close(): void {
    if (this.bytes.length === READ_SIZE) spare = this.bytes
    this.bytes = new Uint8Array(0)
    this.view = viewOf(this.bytes)
    this.#length = 0
  }

  #current(): BatchCursor {
    if (!this.#whole) throw new Error('assertion: only a scanner of whole batches has their records')
    this.#cursor.reset(this.bytes, this.view, this.at, this.at + this.size)
    this.#cursor.next()
    return this.#cursor
  }

  /** Makes `size` bytes from the current position on available, and sets `at`. */
  #fill(size: number): void {
    const offset = this.position - this.#start
    if (offset >= 0 && offset + size <= this.#length) {
      this.at = offset
      return
    }
    if (size > this.bytes.length) {
      this.bytes = new Uint8Array(Math.max(size, this.bytes.length * 2))
      this.view = viewOf(this.bytes)
    }
    const want = Math.min(this.#whole ? this.bytes.length : READ_SIZE, this.#end - this.position)
    const target = want === this.bytes.length ? this.bytes : this.bytes.subarray(0, want)
    this.#length = this.#file.readSync(target, this.position)
    this.#start = this.position
    this.at = 0
    if (this.#length < size) {
      throw new Error(`assertion: ${this.#file.path} ends at ${this.position + this.#length}, before ${this.#end}`)
    }
  }

  #stop(fault: ScanFault): false {
    this.fault = fault
    return false
  }
}

function smallest(magic: number): number {
  if (magic === 2) return layout.RECORDS
  return magic === 1 ? layout.LEGACY_MIN_SIZE_V1 : layout.LEGACY_MIN_SIZE_V0
}
