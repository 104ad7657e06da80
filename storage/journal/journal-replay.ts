// After a crash: what of a log was durable in the journal alone goes back into its segments, before anybody looks.
//
//   segments   [ … a b c ✗                cut at the first batch that is not sound
//   journal        b c │ d e │ f          d, e, f are appended; b and c are there
//
// It goes on where the log ends, without a gap. The batch before must be the journal's own: another one means that
// somebody else, Apache Kafka say, has gone on with the log since. So does a later epoch there than that of the batch.

import { batchBaseOffset, batchLastOffset, batchLeaderEpoch, batchSize, viewOf } from '../../protocol/records/batch.ts'
import * as layout from '../../protocol/records/layout.ts'
import type { JournalEntry } from './journal-contents.ts'

/** A batch as it stands at `at` in `bytes`. */
export interface ReplayedBatch {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly at: number
  readonly size: number
  readonly baseOffset: number
  readonly lastOffset: number
}

export interface Replay {
  readonly batches: readonly ReplayedBatch[]
  /** Why not all that is in the journal is in the log; null when it is. */
  readonly reason: string | null
}

/** Where the log ends by its own files, and the checksum of the last batch there; null when that is not known. */
export interface LogEnd {
  readonly offset: number
  readonly lastCrc: number | null
  /** By the log's own epochs. */
  epochOf(offset: number): number
}

const NOTHING: Replay = { batches: [], reason: null }

export function batchesBehind(end: LogEnd, entries: readonly JournalEntry[]): Replay {
  const batches: ReplayedBatch[] = []
  let next = end.offset
  for (const batch of batchesOf(entries)) {
    if (batch.lastOffset < next) {
      const isLast = batch.lastOffset + 1 === end.offset && batches.length === 0
      if (isLast && end.lastCrc !== null && end.lastCrc !== crcOf(batch)) {
        return { batches: [], reason: `the batch at ${batch.baseOffset} is another one in the log` }
      }
      continue
    }
    if (batch.baseOffset !== next) {
      return { batches, reason: `the log ends at ${next}, and the journal goes on at ${batch.baseOffset}` }
    }
    const epoch = batchLeaderEpoch(batch.view, batch.at)
    if (epoch < end.epochOf(next)) {
      return { batches, reason: `the batch at ${next} is of epoch ${epoch}, the log has been in ${end.epochOf(next)}` }
    }
    batches.push(batch)
    next = batch.lastOffset + 1
  }
  return batches.length === 0 ? NOTHING : { batches, reason: null }
}

/** Of all batches that the journal has; null when it has none. */
export function firstOffset(entries: readonly JournalEntry[]): number | null {
  for (const { baseOffset } of batchesOf(entries)) return baseOffset
  return null
}

/** Whether the journal has the batch that holds `offset`. */
export function holdsOffset(entries: readonly JournalEntry[], offset: number): boolean {
  for (const { baseOffset, lastOffset } of batchesOf(entries)) {
    if (baseOffset <= offset && offset <= lastOffset) return true
  }
  return false
}

function* batchesOf(entries: readonly JournalEntry[]): Generator<ReplayedBatch> {
  for (const { batches: bytes, endOffset } of entries) {
    const view = viewOf(bytes)
    let position = 0
    while (position < bytes.length) {
      const size = batchSize(view, position)
      const lastOffset = batchLastOffset(view, position)
      if (lastOffset >= endOffset) break
      yield { bytes, view, at: position, size, baseOffset: batchBaseOffset(view, position), lastOffset }
      position += size
    }
  }
}

export function crcOf({ view, at }: Pick<ReplayedBatch, 'view' | 'at'>): number {
  return view.getUint32(at + layout.CRC)
}
