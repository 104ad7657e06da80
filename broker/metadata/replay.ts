// The fold of a stretch of the metadata log into an image: batches in, image and delta out. Holds what a metadata
// transaction that has begun and not ended withholds (KIP-868).

import { batchBaseTimestamp, batchLeaderEpoch, isControl, viewOf } from '../../protocol/records/batch.ts'
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
  /** Records of the open transaction; null: none is open. */
  #pending: MetadataRecord[] | null = null

  constructor(image: MetadataImage) {
    this.#image = image
  }

  get image(): MetadataImage {
    return this.#image
  }

  /** Records that stand at the offsets up to `lastOffset`. */
  records(records: readonly MetadataRecord[], lastOffset: number, epoch: number, timestamp: number): Replayed {
    const delta = new MetadataDelta(this.#image)
    for (const record of records) this.#apply(delta, record)
    return this.#finish(delta, lastOffset, epoch, timestamp)
  }

  /** Whole batches of the log, control batches among them. */
  batches(bytes: Uint8Array): Replayed {
    const delta = new MetadataDelta(this.#image)
    const view = viewOf(bytes)
    const cursor = new BatchCursor()
    let { offset, epoch, timestamp } = this.#image
    cursor.reset(bytes, view, 0, bytes.length)
    while (cursor.next()) {
      const { position } = cursor
      offset = cursor.lastOffset
      epoch = batchLeaderEpoch(view, position)
      timestamp = batchBaseTimestamp(view, position)
      if (isControl(view, position)) continue
      for (const record of readBatch(bytes, view, position)) {
        if (record.value === null)
          throw new Error(`assertion: metadata record without a value at offset ${record.offset}`)
        this.#apply(delta, decodeRecord(record.value))
      }
    }
    if (cursor.fault !== null) throw new Error(`assertion: metadata batches end in a ${cursor.fault} one`)
    return this.#finish(delta, offset, epoch, timestamp)
  }

  #finish(delta: MetadataDelta, offset: number, epoch: number, timestamp: number): Replayed {
    this.#image = delta.finish(offset, epoch, timestamp)
    return { image: this.#image, delta }
  }

  #apply(delta: MetadataDelta, record: MetadataRecord): void {
    switch (record.type) {
      case 'BeginTransactionRecord':
        if (this.#pending !== null) throw new Error('assertion: a metadata transaction begins within another')
        this.#pending = []
        return
      case 'EndTransactionRecord':
        for (const one of this.#pending ?? []) delta.apply(one)
        this.#pending = null
        return
      case 'AbortTransactionRecord':
        this.#pending = null
        return
      default:
        if (this.#pending === null) delta.apply(record)
        else this.#pending.push(record)
    }
  }
}
