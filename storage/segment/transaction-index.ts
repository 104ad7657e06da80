// Aborted transactions whose marker is in this segment, in the order of their markers; what a read-committed consumer
// skips.
//
//    0         2             10             18            26               34
//   +---------+-------------+--------------+-------------+----------------+
//   | version | producer id | first offset | last offset | last stable    |
//   | i16 = 0 | i64         | i64          | i64         | offset i64     |
//   +---------+-------------+--------------+-------------+----------------+
//   last offset: that of the abort marker. last stable offset: what it became by the marker: a reader knows when
//   it has seen enough.
//
// There is no file while there are no entries. Source: TransactionIndex, AbortedTxn (KIP-98).

import type { Disk } from '../../host/disk.ts'
import { getInt64, setInt64 } from '../../protocol/records/int64.ts'
import { readFile } from '../checkpoint.ts'

const ENTRY_SIZE = 34
const MAX_SIZE = 1 << 30

export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
  readonly lastOffset: number
  readonly lastStableOffset: number
}

export class TransactionIndex {
  readonly #disk: Disk
  #path: string
  /** null: not read yet. */
  #entries: AbortedTransaction[] | null = null
  #isFlushed = true

  constructor(disk: Disk, path: string) {
    this.#disk = disk
    this.#path = path
  }

  get path(): string {
    return this.#path
  }

  get entries(): readonly AbortedTransaction[] {
    return this.#load()
  }

  get isFlushed(): boolean {
    return this.#isFlushed
  }

  append(entry: AbortedTransaction): void {
    this.#load().push(entry)
    this.#isFlushed = false
  }

  /** Adds to `into` what overlaps [fetchOffset, upperBound); true when later segments cannot have any more. */
  collect(fetchOffset: number, upperBound: number, into: AbortedTransaction[]): boolean {
    for (const entry of this.#load()) {
      if (entry.lastOffset >= fetchOffset && entry.firstOffset < upperBound) into.push(entry)
      if (entry.lastStableOffset >= upperBound) return true
    }
    return false
  }

  truncateTo(offset: number): void {
    const entries = this.#load()
    const kept = entries.filter((entry) => entry.lastOffset < offset)
    if (kept.length === entries.length) return
    this.#entries = kept
    this.#isFlushed = false
  }

  /** There is no file yet. */
  begin(): void {
    this.#entries = []
  }

  reset(): void {
    this.#entries = []
    this.#isFlushed = false
  }

  flush(sync: boolean): void {
    if (this.#isFlushed && !sync) return
    const entries = this.#load()
    if (entries.length === 0) {
      if (!this.#isFlushed) this.#disk.remove(this.#path)
    } else {
      const file = this.#disk.open(this.#path, 'write')
      try {
        const bytes = encode(entries)
        file.truncate(bytes.length)
        file.writeSync([bytes], 0)
        if (sync) file.syncSync()
      } finally {
        file.close()
      }
    }
    this.#isFlushed = true
  }

  moved(path: string): void {
    this.#path = path
  }

  #load(): AbortedTransaction[] {
    if (this.#entries !== null) return this.#entries
    const bytes = readFile(this.#disk, this.#path, MAX_SIZE)
    this.#entries = bytes === null ? [] : decode(bytes)
    return this.#entries
  }
}

function encode(entries: readonly AbortedTransaction[]): Uint8Array {
  const bytes = new Uint8Array(entries.length * ENTRY_SIZE)
  const view = new DataView(bytes.buffer)
  let position = 0
  for (const entry of entries) {
    view.setBigInt64(position + 2, entry.producerId)
    setInt64(view, position + 10, entry.firstOffset)
    setInt64(view, position + 18, entry.lastOffset)
    setInt64(view, position + 26, entry.lastStableOffset)
    position += ENTRY_SIZE
  }
  return bytes
}

function decode(bytes: Uint8Array): AbortedTransaction[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries: AbortedTransaction[] = []
  for (let position = 0; position + ENTRY_SIZE <= bytes.length; position += ENTRY_SIZE) {
    entries.push({
      producerId: view.getBigInt64(position + 2),
      firstOffset: getInt64(view, position + 10),
      lastOffset: getInt64(view, position + 18),
      lastStableOffset: getInt64(view, position + 26),
    })
  }
  return entries
}
