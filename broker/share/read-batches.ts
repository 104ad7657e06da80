// The batches in what was read: where each begins and ends, for the state machine that acquires by batches, and for
// cutting off what nobody has acquired.

import { letGo } from '../../host/slab.ts'
import { batchProducerId, hasProducerId, isControl, isTransactional, viewOf } from '../../protocol/records/batch.ts'
import { controlTypeOf } from '../../protocol/records/control.ts'
import { BatchCursor } from '../../protocol/records/cursor.ts'
import { readBatch } from '../../protocol/records/record.ts'
import type { FetchedBatches } from './in-flight-records.ts'

const cursor = new BatchCursor()

export class ReadBatches implements FetchedBatches {
  readonly bases: number[] = []
  readonly lasts: number[] = []
  readonly slices: readonly Uint8Array[]
  /** Of each batch: the slice that it is in, and where. */
  readonly #sliceOf: number[] = []
  readonly #positions: number[] = []
  readonly #ends: number[] = []

  constructor(slices: readonly Uint8Array[]) {
    this.slices = slices
    for (const [index, slice] of slices.entries()) {
      cursor.reset(slice, viewOf(slice), 0, slice.length)
      while (cursor.next()) {
        this.bases.push(cursor.baseOffset)
        this.lasts.push(cursor.lastOffset)
        this.#sliceOf.push(index)
        this.#positions.push(cursor.position)
        this.#ends.push(cursor.position + cursor.size)
      }
    }
  }

  get count(): number {
    return this.bases.length
  }

  /** The bytes of the batches that hold any of these offsets; at least one does. The rest is let go of. */
  keep(firstOffset: number, lastOffset: number): Uint8Array[] {
    let begin = 0
    while (begin < this.count - 1 && this.lasts[begin]! < firstOffset) begin++
    let end = this.count - 1
    while (end > begin && this.bases[end]! > lastOffset) end--
    const [first, last] = [this.#sliceOf[begin]!, this.#sliceOf[end]!]
    const kept: Uint8Array[] = []
    for (const [index, slice] of this.slices.entries()) {
      if (index < first || index > last) {
        letGo(slice)
        continue
      }
      const from = index === first ? this.#positions[begin]! : 0
      const to = index === last ? this.#ends[end]! : slice.length
      kept.push(from === 0 && to === slice.length ? slice : slice.subarray(from, to))
    }
    return kept
  }

  /** Calls back for every batch, with its bytes. */
  forEach(look: (batch: number, bytes: Uint8Array, view: DataView, position: number) => void): void {
    for (let batch = 0; batch < this.count; batch++) {
      const slice = this.slices[this.#sliceOf[batch]!]!
      look(batch, slice, viewOf(slice), this.#positions[batch]!)
    }
  }
}

/** Those of the batches that belong to aborted transactions; `aborted` by first offset. */
export function abortedBatches(
  batches: ReadBatches,
  aborted: readonly { readonly producerId: bigint; readonly firstOffset: number }[],
): FetchedBatches {
  const bases: number[] = []
  const lasts: number[] = []
  const open = new Set<bigint>()
  let next = 0
  batches.forEach((batch, bytes, view, position) => {
    while (next < aborted.length && aborted[next]!.firstOffset <= batches.lasts[batch]!) {
      open.add(aborted[next++]!.producerId)
    }
    if (!hasProducerId(view, position)) return
    const producerId = batchProducerId(view, position)
    if (isControl(view, position)) {
      const key = readBatch(bytes, view, position)[0]?.key ?? null
      if (key !== null && controlTypeOf(key) === 'abort') open.delete(producerId)
    } else if (isTransactional(view, position) && open.has(producerId)) {
      bases.push(batches.bases[batch]!)
      lasts.push(batches.lasts[batch]!)
    }
  })
  return { count: bases.length, bases, lasts }
}
