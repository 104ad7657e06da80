// One record of the journal while it is put together, in a buffer that serves for all of them.

import { viewOf } from '../../protocol/records/batch.ts'
import { crc32c } from '../../protocol/records/crc32c.ts'
import { setInt64 } from '../../protocol/records/int64.ts'
import {
  at,
  ENTRY_HEADER_SIZE,
  RECORD_HEADER_SIZE,
  RECORD_MAGIC,
  SECTOR_SIZE,
  TOPIC_ID_SIZE,
  TRUNCATION,
  toSectors,
} from './journal-layout.ts'

export class JournalRecord {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #size = RECORD_HEADER_SIZE
  #entryAt = 0

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(Math.max(SECTOR_SIZE, toSectors(capacity)))
    this.#view = viewOf(this.#bytes)
  }

  get isEmpty(): boolean {
    return this.#size === RECORD_HEADER_SIZE
  }

  /** For the batches of one more entry. */
  get room(): number {
    return this.#bytes.length - this.#size - ENTRY_HEADER_SIZE
  }

  clear(): void {
    this.#size = RECORD_HEADER_SIZE
  }

  beginEntry(topicId: string, partition: number, baseOffset: number): void {
    const position = this.#size
    for (let index = 0; index < TOPIC_ID_SIZE; index++) this.#bytes[position + index] = topicId.charCodeAt(index)
    this.#view.setUint16(position + TOPIC_ID_SIZE, 0)
    this.#view.setUint32(position + at.PARTITION, partition)
    setInt64(this.#view, position + at.BASE_OFFSET, baseOffset)
    this.#entryAt = position
    this.#size = position + ENTRY_HEADER_SIZE
  }

  append(batches: Uint8Array): void {
    this.#bytes.set(batches, this.#size)
    this.#size += batches.length
  }

  endEntry(): void {
    this.#view.setInt32(this.#entryAt + at.ENTRY_SIZE, this.#size - this.#entryAt - ENTRY_HEADER_SIZE)
  }

  addTruncation(topicId: string, partition: number, offset: number): void {
    this.beginEntry(topicId, partition, offset)
    this.#view.setInt32(this.#entryAt + at.ENTRY_SIZE, TRUNCATION)
  }

  /** Whole sectors; valid until the next `clear`. */
  finish(lap: number, salt: number): Uint8Array {
    const end = toSectors(this.#size)
    const view = this.#view
    view.setUint32(at.MAGIC, RECORD_MAGIC)
    view.setUint32(at.SIZE, this.#size)
    view.setUint32(at.RECORD_LAP, lap)
    view.setUint32(at.RECORD_SALT, salt)
    view.setUint32(at.CRC, crc32c(this.#bytes, at.SIZE, this.#size))
    this.#bytes.fill(0, this.#size, end)
    return this.#bytes.subarray(0, end)
  }
}
