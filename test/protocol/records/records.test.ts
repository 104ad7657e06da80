import { gzipSync, zstdCompressSync } from 'node:zlib'
import t from 'tap'
import * as batch from '../../../protocol/records/batch.ts'
import { BatchBuilder, buildBatch, type RecordInput } from '../../../protocol/records/builder.ts'
import { compress, decompress } from '../../../protocol/records/compression.ts'
import * as control from '../../../protocol/records/control.ts'
import { crc32, crc32c, hasNativeCrc32c, portableCrc32c } from '../../../protocol/records/crc32c.ts'
import { BatchCursor } from '../../../protocol/records/cursor.ts'
import { CorruptBatch } from '../../../protocol/records/errors.ts'
import { getInt64, setInt64 } from '../../../protocol/records/int64.ts'
import * as at from '../../../protocol/records/layout.ts'
import { recompressBatch } from '../../../protocol/records/recompress.ts'
import { readBatch, readRecords, recordFaults } from '../../../protocol/records/record.ts'
import * as varint from '../../../protocol/records/varint.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString())
const T = 1_700_000_000_000

function noise(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let index = 0; index < size; index++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) | 0
    bytes[index] = seed >>> 24
  }
  return bytes
}

t.test('the checksums give their known values, natively and portably', async (t) => {
  t.equal(crc32c(bytesOf('123456789')), 0xe3069283)
  t.equal(crc32(bytesOf('123456789')), 0xcbf43926)
  t.ok(hasNativeCrc32c())
  for (const size of [0, 1, 255, 256, 257, 5000]) {
    const bytes = noise(size + 20, size)
    t.equal(crc32c(bytes, 7, size + 7), portableCrc32c(bytes.slice(7, size + 7)), `${size} bytes`)
  }
})

t.test('64-bit integers and varints keep every safe number', async (t) => {
  const view = new DataView(new ArrayBuffer(8))
  const small = [0, 1, -1, 63, -64, 64, -65, 8191, 8192, 2 ** 31 - 1, -(2 ** 31)]
  const large = [
    2 ** 31,
    2 ** 32,
    -(2 ** 32),
    T,
    2 ** 51 - 1,
    -(2 ** 51),
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
  ]
  for (const value of [...small, ...large]) {
    setInt64(view, 0, value)
    t.equal(getInt64(view, 0), value)
    t.equal(view.getBigInt64(0), BigInt(value))
  }
  const bytes = new Uint8Array(10)
  for (const value of small) {
    const size = varint.putVarint(bytes, 0, value)
    t.equal(size, varint.varintSize(value))
    t.equal(new varint.RecordReader(bytes, 0, size).varint(), value)
  }
  for (const value of [...small, ...large.filter((value) => Math.abs(value) <= 2 ** 51)]) {
    const size = varint.putVarlong(bytes, 0, value)
    t.equal(size, varint.varlongSize(value))
    t.equal(new varint.RecordReader(bytes, 0, size).varlong(), value)
  }
})

t.test('every codec gives back what it was given', async (t) => {
  const plains = { nothing: 0, 'one byte': 1, 'a block of snappy': 32768, 'several blocks': 300_000 }
  for (const codec of at.CODECS) {
    for (const [name, size] of Object.entries(plains)) {
      for (const plain of [noise(size, 1), new Uint8Array(size).fill(7)]) {
        const packed = compress(codec, plain)
        t.ok(Buffer.from(decompress(codec, packed, size)).equals(plain), `${codec}: ${name}`)
      }
    }
  }
  const plain = new Uint8Array(50_000).fill(65)
  for (const level of [-1, 1, 9])
    t.ok(Buffer.from(decompress('gzip', compress('gzip', plain, level), 50_000)).equals(plain))
  for (const level of [-7, 1, 22])
    t.ok(Buffer.from(decompress('zstd', compress('zstd', plain, level), 50_000)).equals(plain))
})

t.test('a bare snappy block without framing is read', async (t) => {
  const framed = compress('snappy', bytesOf('some clients leave the framing out'))
  t.equal(textOf(decompress('snappy', framed.subarray(20), 100)), 'some clients leave the framing out')
})

t.test('decompression stops at its limit, whatever the data claims', async (t) => {
  const size = 32 * 1024 * 1024
  const zeros = Buffer.alloc(size)
  const before = process.memoryUsage().arrayBuffers
  for (const codec of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const bomb = compress(codec, zeros)
    for (const limit of [0, 1, 1_000_000, size - 1]) t.throws(() => decompress(codec, bomb, limit), CorruptBatch, codec)
    t.equal(decompress(codec, bomb, size).length, size)
  }
  t.throws(() => decompress('snappy', Buffer.from('ffffffff07', 'hex'), 2 ** 40), CorruptBatch)
  t.throws(() => decompress('gzip', gzipSync(zeros).subarray(0, 100), size), CorruptBatch)
  t.throws(() => decompress('zstd', zstdCompressSync(zeros).subarray(0, 100), size), CorruptBatch)
  t.ok(process.memoryUsage().arrayBuffers - before < 6 * size)
})

const RECORDS: RecordInput[] = [
  { key: null, value: null },
  { key: bytesOf(''), value: bytesOf(''), timestamp: T - 5000 },
  { key: bytesOf('key'), value: noise(70_000, 3), timestamp: T + 7 },
  { key: bytesOf('ключ'), value: bytesOf('x'.repeat(300)), headers: [{ key: 'héader', value: bytesOf('v') }] },
  { key: null, value: bytesOf('v'), headers: [{ key: '', value: null }] },
]

t.test('a batch of any codec reads back, over growing buffers', async (t) => {
  for (const compression of at.CODECS) {
    const bytes = buildBatch({ baseOffset: 1_000, leaderEpoch: 2, timestamp: T, compression, records: RECORDS })
    const view = batch.viewOf(bytes)
    t.equal(batch.batchFault(bytes, view, 0, bytes.length), null)
    t.equal(batch.batchSize(view, 0), bytes.length)
    t.equal(batch.batchLastOffset(view, 0), 1_004)
    t.equal(batch.batchMaxTimestamp(view, 0), T + 7)
    const expected = RECORDS.map((record, index) => ({
      offset: 1_000 + index,
      timestamp: record.timestamp ?? T,
      key: textOf(record.key),
      value: textOf(record.value),
      headers: (record.headers ?? []).map(({ key, value }) => [key, textOf(value)]),
    }))
    const found = readRecords(bytes).map((record) => ({
      ...record,
      key: textOf(record.key),
      value: textOf(record.value),
      headers: record.headers.map(({ key, value }) => [key, textOf(value)]),
    }))
    t.same(found, expected, compression)
    if (compression !== 'none') t.throws(() => readRecords(bytes, 0, bytes.length, 60_000), CorruptBatch)
  }
})

t.test('a batch goes from any codec to any other and is the same batch', async (t) => {
  const options = {
    baseOffset: 7,
    leaderEpoch: 2,
    timestamp: T,
    producerId: 9n,
    producerEpoch: 1,
    baseSequence: 4,
    records: RECORDS,
  }
  const plain = buildBatch(options)
  for (const from of at.CODECS) {
    const bytes = buildBatch({ ...options, compression: from })
    for (const to of at.CODECS) {
      const changed = recompressBatch(bytes, batch.viewOf(bytes), 0, to)
      t.equal(batch.batchFault(changed, batch.viewOf(changed), 0, changed.length), null)
      const back = recompressBatch(changed, batch.viewOf(changed), 0, 'none')
      t.ok(Buffer.from(back).equals(plain), `${from} to ${to}`)
    }
  }
})

t.test('the builder states the size of the batch that it will build', async (t) => {
  const builder = new BatchBuilder({ timestamp: T })
  for (const record of RECORDS) {
    const expected = builder.size + builder.sizeOf(record)
    builder.append(record)
    t.equal(builder.size, expected)
  }
  t.equal(builder.count, RECORDS.length)
  t.equal(builder.build().length, builder.size)
})

t.test('a compacted batch keeps its gaps, its last offset and, when empty, its place in the sequence', async (t) => {
  const gaps = buildBatch({
    baseOffset: 10,
    lastOffset: 19,
    records: [
      { key: bytesOf('a'), value: null, offset: 12 },
      { key: bytesOf('b'), value: null, offset: 17 },
    ],
  })
  t.same(
    readRecords(gaps).map((record) => record.offset),
    [12, 17],
  )
  t.equal(batch.batchLastOffset(batch.viewOf(gaps), 0), 19)
  const empty = buildBatch({
    baseOffset: 20,
    lastOffset: 24,
    producerId: 7n,
    producerEpoch: 1,
    baseSequence: 2147483646,
    records: [],
  })
  const view = batch.viewOf(empty)
  t.equal(batch.batchFault(empty, view, 0, empty.length), null)
  t.same(readRecords(empty), [])
  t.equal(batch.batchLastSequence(view, 0), 2, 'sequences wrap to 0 after 2^31 - 1')
  t.throws(() => buildBatch({ baseOffset: 5, records: [{ key: null, value: null, offset: 4 }] }), /assertion/)
})

t.test('a delete horizon takes the place of the base timestamp, and records keep their own', async (t) => {
  const bytes = buildBatch({
    timestamp: T,
    deleteHorizon: T + 86_400_000,
    records: [{ key: bytesOf('a'), value: null }],
  })
  const view = batch.viewOf(bytes)
  t.ok(batch.hasDeleteHorizon(view, 0))
  t.equal(batch.batchBaseTimestamp(view, 0), T + 86_400_000)
  t.equal(readRecords(bytes)[0]?.timestamp, T)
})

t.test('offset and leader epoch change in place under the same checksum, append time with a new one', async (t) => {
  const record = { key: null, value: bytesOf('v'), timestamp: 5 }
  const bytes = Buffer.concat([new Uint8Array(11), buildBatch({ records: [record, record] }), new Uint8Array(9)])
  const view = batch.viewOf(bytes)
  batch.setBaseOffset(view, 11, 2 ** 40)
  batch.setLeaderEpoch(view, 11, 9)
  t.ok(batch.verifyCrc(bytes, view, 11))
  t.equal(batch.batchLastOffset(view, 11), 2 ** 40 + 1)
  t.equal(batch.batchLeaderEpoch(view, 11), 9)
  batch.setLogAppendTime(bytes, view, 11, T)
  t.ok(batch.verifyCrc(bytes, view, 11))
  t.ok(batch.isLogAppendTime(view, 11))
  t.same(
    readBatch(bytes, view, 11).map((record) => record.timestamp),
    [T, T],
  )
})

t.test('markers end transactions and control types are told by their key', async (t) => {
  const options = { baseOffset: 3, producerId: 4242n, producerEpoch: 7, timestamp: T }
  const bytes = control.buildEndTransactionBatch(options, 'commit', 11)
  const view = batch.viewOf(bytes)
  t.ok(batch.isControl(view, 0) && batch.isTransactional(view, 0))
  const marker = readRecords(bytes)[0]
  t.equal(control.controlTypeOf(marker?.key ?? null), 'commit')
  t.equal(control.markerCoordinatorEpoch(marker?.value ?? null), 11)
  for (const type of ['abort', 'leaderChange', 'snapshotFooter', 'kraftVoters'] as const) {
    t.equal(control.controlTypeOf(control.controlKey(type)), type)
  }
  t.equal(control.controlTypeOf(Uint8Array.of(0, 0, 0, 99)), undefined)
  t.equal(control.controlTypeOf(null), undefined)
  t.equal(control.markerCoordinatorEpoch(bytesOf('short')), null)
})

t.test('a produced batch is refused for the right reason', async (t) => {
  const make = (options: Parameters<typeof buildBatch>[0]) => buildBatch(options)
  const record = { key: null, value: bytesOf('value') }
  const fault = (bytes: Uint8Array, end = bytes.length) => batch.producedBatchFault(bytes, batch.viewOf(bytes), 0, end)
  const good = () => make({ timestamp: T, records: [record, record] })
  const changed = (change: (view: DataView, bytes: Uint8Array) => void, seal = true) => {
    const bytes = good()
    const view = batch.viewOf(bytes)
    change(view, bytes)
    if (seal) view.setUint32(at.CRC, batch.computeCrc(bytes, view, 0))
    return fault(bytes)
  }
  t.equal(fault(good()), null)
  t.equal(fault(new Uint8Array(0)), 'truncated')
  t.equal(fault(good(), 60), 'truncated')
  t.equal(fault(good(), 70), 'truncated')
  t.equal(
    changed((view) => view.setInt32(at.BATCH_LENGTH, 48), false),
    'size',
  )
  t.equal(
    changed((view) => view.setInt32(at.BATCH_LENGTH, -1), false),
    'size',
  )
  t.equal(
    changed((view) => view.setInt32(at.BATCH_LENGTH, 0x7fffffff), false),
    'truncated',
  )
  t.equal(
    changed((view) => view.setInt8(at.MAGIC, 1)),
    'magic',
  )
  t.equal(
    changed((view) => view.setInt8(at.MAGIC, 3)),
    'magic',
  )
  t.equal(
    changed((view) => view.setInt16(at.ATTRIBUTES, 5)),
    'codec',
  )
  t.equal(
    changed((view) => view.setInt32(at.RECORD_COUNT, 3)),
    'count',
  )
  t.equal(
    changed((view) => view.setInt32(at.RECORD_COUNT, 1)),
    'count',
  )
  t.equal(
    changed((view) => view.setInt32(at.RECORD_COUNT, -1)),
    'count',
  )
  t.equal(
    changed((view) => view.setInt32(at.LAST_OFFSET_DELTA, -1)),
    'count',
  )
  t.equal(
    changed((view) => view.setInt8(view.byteLength - 3, 1), false),
    'crc',
  )
  t.equal(
    changed((view) => batch.setBaseOffset(view, 0, 1)),
    'baseOffset',
  )
  t.equal(
    changed((view) => {
      batch.setBaseOffset(view, 0, 1)
      view.setInt8(view.byteLength - 3, 1)
    }, false),
    'baseOffset',
  )
  t.equal(
    changed((view) => view.setInt16(at.ATTRIBUTES, at.CONTROL_FLAG)),
    'control',
  )
  t.equal(fault(Buffer.concat([good(), good()])), 'trailing')
  t.equal(fault(make({ producerId: 1n, producerEpoch: 0, records: [record] })), 'sequence')
  t.equal(fault(make({ producerId: 1n, producerEpoch: -2, baseSequence: 0, records: [record] })), 'epoch')
  t.equal(fault(make({ producerId: 1n, baseSequence: 0, records: [record] })), null, 'as Kafka: epoch -1 is an epoch')
  t.equal(fault(make({ transactional: true, records: [record] })), 'producer')
  t.equal(
    fault(make({ producerId: 1n, producerEpoch: 0, baseSequence: 0, transactional: true, records: [record] })),
    null,
  )
})

t.test('records are held against the rules of their topic, one by one', async (t) => {
  const check = (records: RecordInput[], rules: Parameters<typeof recordFaults>[3], compression: at.Codec = 'none') => {
    const bytes = buildBatch({ timestamp: T, compression, records })
    return recordFaults(bytes, batch.viewOf(bytes), 0, rules)?.map(({ index, fault }) => `${index} ${fault}`) ?? null
  }
  const keyed = { key: bytesOf('k'), value: null }
  const keyless = { key: null, value: bytesOf('v'), headers: [{ key: 'h', value: null }] }
  for (const codec of at.CODECS) {
    t.equal(check([keyed, keyless], {}, codec), null)
    t.same(check([keyless, keyed, keyless], { keysRequired: true }, codec), ['0 key', '2 key'])
    t.same(check([keyed, { ...keyed, timestamp: T + 9 }], { newestTimestamp: T + 8 }, codec), ['1 timestamp'])
    t.same(check([{ ...keyed, timestamp: T - 9 }, keyed], { oldestTimestamp: T - 8 }, codec), ['0 timestamp'])
    t.same(check([keyed, { ...keyed, offset: 2 }], {}, codec), ['1 offset'])
  }
  t.equal(check([{ ...keyed, timestamp: -1 }], { oldestTimestamp: 0 }), null, 'no timestamp is not an old one')
  t.same(check([keyed, { key: null, value: new Uint8Array(9_000) }], { maxSize: 1_000 }, 'gzip'), ['-1 corrupt'])
})

t.test('a cursor steps over whole batches and says why it stopped', async (t) => {
  const one = buildBatch({ baseOffset: 7, records: [{ key: null, value: bytesOf('1') }] })
  const two = Buffer.concat([one, one])
  const walk = (bytes: Uint8Array, end = bytes.length) => {
    const cursor = new BatchCursor()
    cursor.reset(bytes, batch.viewOf(bytes), 0, end)
    let count = 0
    while (cursor.next()) count++
    t.equal(cursor.next(), false, 'and stays there')
    return [count, cursor.position, cursor.fault]
  }
  t.same(walk(two), [2, two.length, null])
  t.same(walk(two, one.length + 1), [1, one.length, 'truncated'])
  t.same(walk(two, two.length - 1), [1, one.length, 'truncated'])
  t.same(walk(new Uint8Array(0)), [0, 0, null])
  t.same(walk(new Uint8Array(100)), [0, 0, 'size'])
  t.same(walk(new Uint8Array(100).fill(255)), [0, 0, 'magic'])
  t.throws(() => readRecords(two, 0, two.length - 1), { name: 'CorruptBatch', reason: /truncated/ })
})
