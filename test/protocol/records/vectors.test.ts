import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import * as batch from '../../../protocol/records/batch.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { BatchCursor } from '../../../protocol/records/cursor.ts'
import type { LogRecord } from '../../../protocol/records/log-record.ts'
import { readBatch, recordFaults } from '../../../protocol/records/record.ts'

type ExpectedRecord = {
  offset: number
  timestamp: number
  key: string | null
  value: string | null
  headers: { key: string; value: string | null }[]
}
type ExpectedBatch = {
  baseOffset: number
  lastOffset: number
  maxTimestamp: number
  timestampType: 'NoTimestampType' | 'CreateTime' | 'LogAppendTime'
  sizeInBytes: number
  producerId: number
  producerEpoch: number
  baseSequence: number
  transactional: boolean
  control: boolean
  partitionLeaderEpoch: number
  records: ExpectedRecord[]
}
type Vector = { magic: number; codec: string; hex: string; batches: ExpectedBatch[] }

const file = new URL('../../oracle/batches.jsonl.gz', import.meta.url)
const vectors: Vector[] = gunzipSync(readFileSync(file))
  .toString()
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))

const hex = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString('hex'))
const unhex = (text: string | null) => (text === null ? null : Buffer.from(text, 'hex'))

function plain(record: LogRecord): ExpectedRecord {
  const headers = record.headers.map((header) => ({ key: header.key, value: hex(header.value) }))
  return { ...record, key: hex(record.key), value: hex(record.value), headers }
}

t.equal(vectors.length, 61, 'there are 61 record sets written by Apache Kafka')

t.test('every record set of Apache Kafka reads to the batches and records that it stated', async (t) => {
  const cursor = new BatchCursor()
  for (const [number, { hex, batches, codec, magic }] of vectors.entries()) {
    const bytes = Buffer.from(hex, 'hex')
    const view = batch.viewOf(bytes)
    cursor.reset(bytes, view, 0, bytes.length)
    const found: unknown[] = []
    const expected: unknown[] = []
    for (const { records, timestampType, ...fields } of batches) {
      if (!cursor.next()) break
      const { position } = cursor
      const stated = { baseOffset: cursor.baseOffset, lastOffset: cursor.lastOffset, maxTimestamp: cursor.maxTimestamp }
      found.push({ ...stated, sizeInBytes: cursor.size, ...(magic === 2 ? header(view, position) : {}) })
      const { baseOffset, lastOffset, maxTimestamp, sizeInBytes, ...v2 } = fields
      const appendTime = { logAppendTime: timestampType === 'LogAppendTime' }
      const rest = magic === 2 ? { ...v2, ...appendTime } : {}
      expected.push({ baseOffset, lastOffset, maxTimestamp, sizeInBytes, ...rest })
      found.push(cursor.verifyCrc(), readBatch(bytes, view, position).map(plain))
      expected.push(true, records)
    }
    t.equal(cursor.next(), false)
    t.equal(cursor.fault, null)
    t.same(found, expected, `record set ${number}: magic ${magic}, ${codec}`)
  }
})

function header(view: DataView, position: number) {
  return {
    producerId: Number(batch.batchProducerId(view, position)),
    producerEpoch: batch.batchProducerEpoch(view, position),
    baseSequence: batch.batchBaseSequence(view, position),
    transactional: batch.isTransactional(view, position),
    control: batch.isControl(view, position),
    partitionLeaderEpoch: batch.batchLeaderEpoch(view, position),
    logAppendTime: batch.isLogAppendTime(view, position),
  }
}

t.test('a batch built from what Kafka stated is the batch that Kafka wrote, byte for byte', async (t) => {
  for (const [number, vector] of vectors.entries()) {
    if (vector.magic !== 2 || vector.codec !== 'none') continue
    const expected = vector.batches[0]!
    const original = batch.viewOf(Buffer.from(vector.hex, 'hex'))
    const appendTime = expected.timestampType === 'LogAppendTime'
    const built = buildBatch({
      baseOffset: expected.baseOffset,
      leaderEpoch: expected.partitionLeaderEpoch,
      producerId: BigInt(expected.producerId),
      producerEpoch: expected.producerEpoch,
      baseSequence: expected.baseSequence,
      transactional: expected.transactional,
      control: expected.control,
      timestamp: batch.batchBaseTimestamp(original, 0),
      ...(appendTime ? { logAppendTime: expected.maxTimestamp } : {}),
      records: expected.records.map(({ key, value, headers, timestamp }) => ({
        key: unhex(key),
        value: unhex(value),
        headers: headers.map((header) => ({ key: header.key, value: unhex(header.value) })),
        ...(appendTime ? {} : { timestamp }),
      })),
    })
    // Where the append time hides the records' own timestamps, those cannot be known from outside.
    if (appendTime) t.same(readBatch(built, batch.viewOf(built), 0).map(plain), expected.records)
    else t.equal(hex(built), vector.hex, `record set ${number}`)
  }
})

t.test('produced batches of Kafka pass the checks for produced batches once their offset is 0', async (t) => {
  for (const { magic, hex } of vectors) {
    const bytes = Buffer.from(hex, 'hex')
    const view = batch.viewOf(bytes)
    if (magic < 2) {
      t.equal(batch.producedBatchFault(bytes, view, 0, bytes.length), 'magic')
      continue
    }
    t.equal(batch.batchFault(bytes, view, 0, bytes.length), null)
    if (batch.batchBaseOffset(view, 0) !== 0) {
      t.equal(batch.producedBatchFault(bytes, view, 0, bytes.length), 'baseOffset')
    }
    batch.setBaseOffset(view, 0, 0)
    const control = batch.isControl(view, 0)
    t.equal(batch.producedBatchFault(bytes, view, 0, bytes.length), control ? 'control' : null)
    t.equal(recordFaults(bytes, view, 0, {}), null)
  }
})
