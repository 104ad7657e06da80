// What a batch costs the broker, per batch and per byte: npm run bench -- records
//
// The first table is the produce path (check with checksum, then offset and epoch in place); the second is what happens
// only where records must be looked into: the walk of a compacted topic, and the decoding by coordinators and tools.

import * as batch from '../protocol/records/batch.ts'
import { buildBatch } from '../protocol/records/builder.ts'
import { CODECS, type Codec } from '../protocol/records/layout.ts'
import { readBatch, recordFaults } from '../protocol/records/record.ts'
import type { Table } from './table.ts'

const ROUNDS = 5
const ROUND_MS = 100
const VALUE_SIZE = 100
const DECODED_COUNT = 150

/** Best of some rounds: the nearest to a machine that does nothing else. */
function nsPerCall(run: () => void): number {
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now()
    let calls = 0
    while (performance.now() - startedAt < ROUND_MS) {
      for (let index = 0; index < 50; index++) run()
      calls += 50
    }
    best = Math.min(best, ((performance.now() - startedAt) * 1e6) / calls)
  }
  return best
}

/** Values compress about as JSON does. */
function make(count: number, compression: Codec): Uint8Array {
  const records = Array.from({ length: count }, (_, index) => {
    const text = `{"id":${index * 7919},"name":"customer ${(index * 104729) % 9973}","state":"open"}`
    return { key: Buffer.from(`key-${index}`), value: Buffer.from(text.padEnd(VALUE_SIZE, `${index % 10}`)) }
  })
  return buildBatch({ compression, timestamp: 1_700_000_000_000, records })
}

function produced(count: number): [string, number, number, number] {
  const bytes = make(count, 'none')
  const view = batch.viewOf(bytes)
  const ns = nsPerCall(() => {
    batch.setBaseOffset(view, 0, 0)
    if (batch.producedBatchFault(bytes, view, 0, bytes.length) !== null) throw new Error('fault')
    batch.setBaseOffset(view, 0, 123_456_789_012)
    batch.setLeaderEpoch(view, 0, 5)
  })
  return [`${count}`, bytes.length, ns, bytes.length / ns]
}

function lookedInto(codec: Codec): [string, number, number, number, number] {
  const bytes = make(DECODED_COUNT, codec)
  const view = batch.viewOf(bytes)
  const walk = nsPerCall(() => {
    if (recordFaults(bytes, view, 0, { keysRequired: true }) !== null) throw new Error('fault')
  })
  const decode = nsPerCall(() => {
    if (readBatch(bytes, view, 0).length !== DECODED_COUNT) throw new Error('count')
  })
  const records = readBatch(bytes, view, 0)
  const build = nsPerCall(() => {
    if (buildBatch({ compression: codec, records }).length === 0) throw new Error('empty')
  })
  return [codec, bytes.length, walk / DECODED_COUNT, decode / DECODED_COUNT, build / DECODED_COUNT]
}

export function run(): Table[] {
  return [
    {
      title: 'Produce: check, checksum, offset',
      columns: ['records', 'bytes', 'ns/batch', 'GB/s'],
      rows: [1, 10, 150, 8_000].map(produced),
    },
    {
      title: `${DECODED_COUNT} records of ${VALUE_SIZE} bytes, ns a record`,
      columns: ['codec', 'bytes', 'walk', 'decode', 'build'],
      rows: CODECS.map(lookedInto),
    },
  ]
}
