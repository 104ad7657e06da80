// A Fetch request (version 11) for some partitions of one topic, encoded once: between two polls only partitions and
// offsets change, and they are set in place.
//
//   … │ partition i32, epoch i32, offset i64, log start i64, max bytes i32 │ …next │ forgotten topics i32 │ rack i16

import { setInt64 } from '../../protocol/records/int64.ts'
import { fetchVersion, requestFrame } from './frames.ts'

const partitionSize = 4 + 4 + 8 + 8 + 4
const tailSize = 4 + 2
const offsetPosition = 8

/** What clients ask for unless told otherwise. */
const defaults = { maxWaitMs: 500, minBytes: 1, maxBytes: 50 << 20, isolationLevel: 0, sessionId: 0, rackId: '' }
const partitionMaxBytes = 1 << 20

export class FetchRequest {
  readonly frame: Buffer
  /** The next offset of each partition. */
  readonly offsets: Map<number, number>
  readonly #view: DataView
  #turn = 0

  constructor(topic: string, offsets: ReadonlyMap<number, number>) {
    this.offsets = new Map(offsets)
    const partitions = [...offsets.keys()].map((partition) => ({ partition, fetchOffset: 0n, partitionMaxBytes }))
    this.frame = requestFrame('Fetch', fetchVersion, {
      ...defaults,
      replicaId: -1,
      sessionEpoch: -1,
      topics: [{ topic, partitions }],
      forgottenTopicsData: [],
    })
    this.#view = new DataView(this.frame.buffer, this.frame.byteOffset, this.frame.length)
  }

  /** The frame with the offsets of now; each time another partition comes first, as it does in clients. */
  next(): Buffer {
    const count = this.offsets.size
    const start = this.frame.length - tailSize - count * partitionSize
    let slot = this.#turn++
    for (const [partition, offset] of this.offsets) {
      const position = start + (slot++ % count) * partitionSize
      this.#view.setInt32(position, partition)
      setInt64(this.#view, position + offsetPosition, offset)
    }
    return this.frame
  }
}
