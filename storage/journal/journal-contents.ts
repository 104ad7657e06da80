// What the journal holds after a crash, by log, in the order in which it was appended.
//
// A record that is torn was promised to nobody; what stands behind it may yet count, since a truncation does not wait
// for the record under way. So the search goes on, sector by sector.

import { viewOf } from '../../protocol/records/batch.ts'
import { crc32c } from '../../protocol/records/crc32c.ts'
import { getInt64 } from '../../protocol/records/int64.ts'
import {
  at,
  ENTRY_HEADER_SIZE,
  type JournalHead,
  RECORD_HEADER_SIZE,
  RECORD_MAGIC,
  SECTOR_SIZE,
  TOPIC_ID_SIZE,
  TRUNCATION,
  toSectors,
} from './journal-layout.ts'

export interface JournalEntry {
  readonly baseOffset: number
  readonly batches: Uint8Array
  /** Batches that reach it or go beyond have been truncated since. */
  endOffset: number
}

const decoder = new TextDecoder('latin1')

export class JournalContents {
  readonly #entries = new Map<string, JournalEntry[]>()

  /** Files in the order of their laps. Returns where the last record ends. */
  addFile(bytes: Uint8Array, head: JournalHead): number {
    const view = viewOf(bytes)
    let position = SECTOR_SIZE
    let end = position
    while (position + RECORD_HEADER_SIZE <= bytes.length) {
      const size = recordSize(bytes, view, position, head)
      if (size > 0) {
        this.#addRecord(bytes.subarray(position + RECORD_HEADER_SIZE, position + size))
        end = position + toSectors(size)
        position = end
      } else position += SECTOR_SIZE
    }
    return end
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  entriesOf(topicId: string, partition: number): readonly JournalEntry[] {
    return this.#entries.get(keyOf(topicId, partition)) ?? []
  }

  clear(): void {
    this.#entries.clear()
  }

  #addRecord(bytes: Uint8Array): void {
    const view = viewOf(bytes)
    let position = 0
    while (position < bytes.length) {
      const topicId = decoder.decode(bytes.subarray(position, position + TOPIC_ID_SIZE))
      const key = keyOf(topicId, view.getUint32(position + at.PARTITION))
      const baseOffset = getInt64(view, position + at.BASE_OFFSET)
      const size = view.getInt32(position + at.ENTRY_SIZE)
      position += ENTRY_HEADER_SIZE
      if (size === TRUNCATION) {
        for (const entry of this.#entries.get(key) ?? []) entry.endOffset = Math.min(entry.endOffset, baseOffset)
        continue
      }
      const batches = bytes.subarray(position, position + size)
      position += size
      const entry = { baseOffset, batches, endOffset: Number.POSITIVE_INFINITY }
      const entries = this.#entries.get(key)
      if (entries === undefined) this.#entries.set(key, [entry])
      else entries.push(entry)
    }
  }
}

function keyOf(topicId: string, partition: number): string {
  return `${topicId}-${partition}`
}

/** 0: there is none of this lap. */
function recordSize(bytes: Uint8Array, view: DataView, position: number, head: JournalHead): number {
  if (view.getUint32(position + at.MAGIC) !== RECORD_MAGIC) return 0
  if (view.getUint32(position + at.RECORD_LAP) !== head.lap) return 0
  if (view.getUint32(position + at.RECORD_SALT) !== head.salt) return 0
  const size = view.getUint32(position + at.SIZE)
  if (size < RECORD_HEADER_SIZE || position + size > bytes.length) return 0
  return view.getUint32(position + at.CRC) === crc32c(bytes, position + at.SIZE, position + size) ? size : 0
}
