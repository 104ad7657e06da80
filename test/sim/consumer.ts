// A consumer of one partition from its beginning, over crashes of its broker. What it has seen it has seen: no later
// state of the log may contradict it.

import { strict as assert } from 'node:assert'
import { fetchedRecords } from './fetched.ts'
import { type FetchedPartition, PartitionReader } from './partition-reader.ts'

export class LastingConsumer extends PartitionReader {
  /** The value at each offset. */
  readonly seen: string[] = []
  protected readonly isolationLevel = 0

  protected get nextOffset(): number {
    return this.seen.length
  }

  protected take(fetched: FetchedPartition): void {
    for (const { offset, value } of fetchedRecords(fetched.records)) {
      if (offset < this.seen.length) continue
      assert.equal(offset, this.seen.length, `${this.name}: offsets are dense`)
      this.seen.push(Buffer.from(value ?? []).toString())
    }
    const highWatermark = Number(fetched.highWatermark)
    const isBelow = this.mayBeKafka || this.seen.length <= highWatermark
    assert.ok(isBelow, `${this.name} has read to ${this.seen.length} of ${highWatermark}`)
  }
}
