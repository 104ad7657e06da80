// A consumer of one partition that sees what is committed alone, over crashes of its broker: it passes over the records
// of transactions that the answers name as aborted, as real clients do.

import { strict as assert } from 'node:assert'
import { batchLastOffset, batchProducerId, isControl, isTransactional, viewOf } from '../../protocol/records/batch.ts'
import { controlTypeOf } from '../../protocol/records/control.ts'
import { BatchCursor } from '../../protocol/records/cursor.ts'
import { readBatch } from '../../protocol/records/record.ts'
import { type FetchedPartition, PartitionReader } from './partition-reader.ts'

interface Aborted {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

export class CommittedConsumer extends PartitionReader {
  readonly seen: string[] = []
  /** Records that were aborted. */
  skipped = 0
  protected readonly isolationLevel = 1
  protected nextOffset = 0

  protected take(fetched: FetchedPartition): void {
    const stable = Number(fetched.lastStableOffset)
    this.#read(fetched.records ?? new Uint8Array(), fetched.abortedTransactions ?? [])
    const isBelow = this.mayBeKafka || this.nextOffset <= stable
    assert.ok(isBelow, `${this.name} has read to ${this.nextOffset}, stable is ${stable}`)
  }

  #read(records: Uint8Array, aborted: readonly Aborted[]): void {
    const view = viewOf(records)
    const cursor = new BatchCursor()
    const left = [...aborted]
    const skipping = new Set<bigint>()
    cursor.reset(records, view, 0, records.length)
    while (cursor.next()) {
      const { position, baseOffset } = cursor
      const producerId = batchProducerId(view, position)
      while (left.length > 0 && Number(left[0]!.firstOffset) <= baseOffset) skipping.add(left.shift()!.producerId)
      const read = readBatch(records, view, position)
      if (isControl(view, position)) {
        if (controlTypeOf(read[0]?.key ?? null) === 'abort') skipping.delete(producerId)
      } else if (isTransactional(view, position) && skipping.has(producerId)) {
        this.skipped += read.length
      } else {
        for (const { offset, value } of read) {
          if (offset >= this.nextOffset) this.seen.push(Buffer.from(value ?? []).toString())
        }
      }
      this.nextOffset = Math.max(this.nextOffset, batchLastOffset(view, position) + 1)
    }
  }
}
