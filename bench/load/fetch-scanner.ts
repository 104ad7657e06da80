// Reads Fetch answers (version 11) as they come, and forgets the bytes at once: of a batch it looks at the header only,
// everything else is stepped over. It is fed whatever a read of the socket brings, so any field may be cut in two.
//
//   head ──► name ──► partitions ──► partition ──► records ──► batch ──┐
//    ▲                                   ▲            │         ▲      │ whole batches left
//    │                                   │            │         └──────┤
//   end ◄────────────────────────────────┴────────────┴────────────────┘ none left

import { getInt64 } from '../../protocol/records/int64.ts'
import * as at from '../../protocol/records/layout.ts'

export interface FetchEvents {
  onBatch(batch: ScannedBatch): void
  /** The last byte of an answer has come. */
  onAnswer(): void
}

export interface ScannedBatch {
  partition: number
  lastOffset: number
  recordCount: number
  size: number
}

/** Bytes of the field that a step waits for. */
const sizes = {
  head: 4 + 4 + 4 + 2 + 4 + 4, // frame size, correlation id, throttle time, error, session id, topics
  name: 2,
  partitions: 4,
  partition: 4 + 2 + 8 + 8 + 8 + 4, // index, error, high watermark, last stable, log start, aborted transactions
  records: 4 + 4, // preferred replica, size
  batch: at.RECORDS,
  end: 0,
} as const
type Step = keyof typeof sizes

const abortedSize = 16

export class FetchScanner {
  readonly #events: FetchEvents
  readonly #batch: ScannedBatch = { partition: 0, lastOffset: 0, recordCount: 0, size: 0 }
  /** The first bytes of a field that was cut. */
  readonly #held = Buffer.alloc(at.RECORDS)
  readonly #heldView = new DataView(this.#held.buffer, this.#held.byteOffset, this.#held.length)
  #heldSize = 0
  #step: Step = 'head'
  /** Bytes to step over before the next field. */
  #skip = 0
  #topicsLeft = 0
  #partitionsLeft = 0
  #recordsLeft = 0

  constructor(events: FetchEvents) {
    this.#events = events
  }

  push(bytes: Buffer): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    let position = 0
    for (;;) {
      const skipped = Math.min(this.#skip, bytes.length - position)
      this.#skip -= skipped
      position += skipped
      const missing = sizes[this.#step] - this.#heldSize
      if (this.#skip > 0 || bytes.length - position < missing) break
      if (this.#heldSize === 0) this.#take(view, position)
      else {
        bytes.copy(this.#held, this.#heldSize, position, position + missing)
        this.#heldSize = 0
        this.#take(this.#heldView, 0)
      }
      position += missing
    }
    this.#heldSize += bytes.copy(this.#held, this.#heldSize, position)
  }

  #take(view: DataView, position: number): void {
    switch (this.#step) {
      case 'head':
        refuse(view.getInt16(position + 12))
        this.#topicsLeft = view.getInt32(position + 18)
        this.#nextTopic()
        break
      case 'name':
        this.#skip = view.getInt16(position)
        this.#step = 'partitions'
        break
      case 'partitions':
        this.#partitionsLeft = view.getInt32(position)
        this.#nextPartition()
        break
      case 'partition':
        refuse(view.getInt16(position + 4))
        this.#batch.partition = view.getInt32(position)
        this.#skip = Math.max(0, view.getInt32(position + 30)) * abortedSize
        this.#step = 'records'
        break
      case 'records':
        this.#recordsLeft = Math.max(0, view.getInt32(position + 4))
        this.#nextBatch()
        break
      case 'batch':
        this.#takeBatch(view, position)
        break
      case 'end':
        this.#step = 'head'
        this.#events.onAnswer()
    }
  }

  #takeBatch(view: DataView, position: number): void {
    const batch = this.#batch
    batch.size = view.getInt32(position + at.BATCH_LENGTH) + at.LOG_OVERHEAD
    if (batch.size <= this.#recordsLeft) {
      batch.lastOffset = getInt64(view, position + at.BASE_OFFSET) + view.getInt32(position + at.LAST_OFFSET_DELTA)
      batch.recordCount = view.getInt32(position + at.RECORD_COUNT)
      this.#events.onBatch(batch)
    }
    const size = Math.min(batch.size, this.#recordsLeft) // the last one may be cut, by the limit of the request
    this.#skip = size - at.RECORDS
    this.#recordsLeft -= size
    this.#nextBatch()
  }

  #nextBatch(): void {
    if (this.#recordsLeft >= at.RECORDS) {
      this.#step = 'batch'
      return
    }
    this.#skip += this.#recordsLeft
    this.#nextPartition()
  }

  #nextPartition(): void {
    if (this.#partitionsLeft-- > 0) this.#step = 'partition'
    else this.#nextTopic()
  }

  #nextTopic(): void {
    this.#step = this.#topicsLeft-- > 0 ? 'name' : 'end'
  }
}

function refuse(error: number): void {
  if (error !== 0) throw new Error(`Fetch is answered with error ${error}`)
}
