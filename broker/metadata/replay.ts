// The fold of a stretch of the metadata log into an image: batches in, image and delta out. Holds what a metadata
// transaction that has begun and not ended withholds (KIP-868).

import { KRaftVersionRecord } from '../../protocol/messages/control-records.ts'
import { batchBaseTimestamp, batchLeaderEpoch, isControl, viewOf } from '../../protocol/records/batch.ts'
import { controlTypeOf } from '../../protocol/records/control.ts'
import { BatchCursor } from '../../protocol/records/cursor.ts'
import { readBatch } from '../../protocol/records/record.ts'
import { MetadataDelta } from './delta.ts'
import type { MetadataImage } from './image.ts'
import { decodeRecord, type MetadataRecord } from './records.ts'

export interface Replayed {
  readonly image: MetadataImage
  readonly delta: MetadataDelta
}

export class MetadataReplay {
  #image: MetadataImage
  /** What was added since the last publication. */
  #delta: MetadataDelta
  #offset: number
  #epoch: number
  #timestamp: number
  /** Records of the open transaction; null: none is open. */
  #pending: MetadataRecord[] | null = null

  constructor(image: MetadataImage) {
    this.#image = image
    this.#delta = new MetadataDelta(image)
    this.#offset = image.offset
    this.#epoch = image.epoch
    this.#timestamp = image.timestamp
  }

  /** As last published. */
  get image(): MetadataImage {
    return this.#image
  }

  /** Of the last record added. */
  get offset(): number {
    return this.#offset
  }

  get isInTransaction(): boolean {
    return this.#pending !== null
  }

  /** Records that end at `lastOffset`. */
  addRecords(records: readonly MetadataRecord[], lastOffset: number, epoch: number, timestamp: number): void {
    for (const record of records) this.#apply(record)
    this.#offset = lastOffset
    this.#epoch = epoch
    this.#timestamp = timestamp
  }

  /** Whole batches of the log, control batches among them. */
  addBatches(bytes: Uint8Array): void {
    const view = viewOf(bytes)
    const cursor = new BatchCursor()
    cursor.reset(bytes, view, 0, bytes.length)
    while (cursor.next()) {
      const { position } = cursor
      // The first batch may begin below what is known already: a read gives whole batches.
      const records = readBatch(bytes, view, position)
      if (isControl(view, position)) this.#addControl(records)
      else this.#addRecords(records)
      this.#offset = cursor.lastOffset
      this.#epoch = batchLeaderEpoch(view, position)
      this.#timestamp = batchBaseTimestamp(view, position)
    }
    if (cursor.fault !== null) throw new Error(`assertion: metadata batches end in a ${cursor.fault} one`)
  }

  /** A snapshot of all that is below its end offset; nothing may have been added before it. */
  addSnapshot(bytes: Uint8Array, id: { readonly endOffset: number; readonly epoch: number }): void {
    if (this.#offset !== -1) throw new Error(`assertion: a snapshot after records up to ${this.#offset}`)
    const view = viewOf(bytes)
    const cursor = new BatchCursor()
    cursor.reset(bytes, view, 0, bytes.length)
    while (cursor.next()) {
      const { position } = cursor
      this.#timestamp = batchBaseTimestamp(view, position)
      const records = readBatch(bytes, view, position)
      if (isControl(view, position)) this.#addControl(records)
      else for (const { value } of records) if (value !== null) this.#apply(decodeRecord(value))
    }
    this.#offset = id.endOffset - 1
    this.#epoch = id.epoch
  }

  /** The image of all that was added, and what changed since the last one. */
  publish(): Replayed {
    const delta = this.#delta
    this.#image = delta.finish(this.#offset, this.#epoch, this.#timestamp)
    this.#delta = new MetadataDelta(this.#image)
    return { image: this.#image, delta }
  }

  #addRecords(records: readonly { readonly offset: number; readonly value: Uint8Array | null }[]): void {
    for (const { offset, value } of records) {
      if (offset <= this.#offset) continue
      if (value === null) throw new Error(`assertion: metadata record without a value at offset ${offset}`)
      this.#apply(decodeRecord(value))
    }
  }

  /** Of what the quorum says of itself, only its version is part of the image. */
  #addControl(records: readonly { readonly key: Uint8Array | null; readonly value: Uint8Array | null }[]): void {
    for (const { key, value } of records) {
      if (value === null || controlTypeOf(key) !== 'kraftVersion') continue
      this.#delta.setKraftVersion(KRaftVersionRecord.decode(value, 0).kraftVersion)
    }
  }

  #apply(record: MetadataRecord): void {
    switch (record.type) {
      case 'BeginTransactionRecord':
        if (this.#pending !== null) throw new Error('assertion: a metadata transaction begins within another')
        this.#pending = []
        return
      case 'EndTransactionRecord':
        for (const one of this.#pending ?? []) this.#delta.apply(one)
        this.#pending = null
        return
      case 'AbortTransactionRecord':
        this.#pending = null
        return
      default:
        if (this.#pending === null) this.#delta.apply(record)
        else this.#pending.push(record)
    }
  }
}
