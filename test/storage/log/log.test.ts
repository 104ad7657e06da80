// The log by itself, on a simulated machine: appending, reading, rolling, truncating, deleting, writing and syncing.

import t from 'tap'
import { type Simulation, simulate } from '../../../host/simulated/simulation.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import {
  batchBaseOffset,
  batchCodec,
  batchLeaderEpoch,
  batchSize,
  computeCrc,
  verifyCrc,
  viewOf,
} from '../../../protocol/records/batch.ts'
import { type BatchOptions, buildBatch } from '../../../protocol/records/builder.ts'
import { crc32c } from '../../../protocol/records/crc32c.ts'
import { CODECS } from '../../../protocol/records/layout.ts'
import { readRecords } from '../../../protocol/records/record.ts'
import { createStorageEnvironment } from '../../../storage/environment.ts'
import { Log } from '../../../storage/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../../storage/log/log-config.ts'
import { DIRECTORY, openLog, readAllOffsets } from '../logs.ts'

function records(values: readonly string[], options: BatchOptions = {}): Uint8Array {
  const encoder = new TextEncoder()
  return buildBatch({
    timestamp: 1_767_225_600_000,
    ...options,
    records: values.map((value) => ({ key: encoder.encode('k'), value: encoder.encode(value) })),
  })
}

async function readAll(simulation: Simulation, log: Log, from: number, maxSize = 1 << 20): Promise<string[]> {
  const values: string[] = []
  let offset = from
  while (offset < log.logEndOffset) {
    const result = await simulation.complete(
      new Promise<{ code: number; slices: Uint8Array[]; next: number }>((resolve) => {
        log.read(offset, maxSize, log.logEndOffset, true, (code, slices, _size, next) =>
          resolve({ code, slices, next }),
        )
      }),
    )
    if (result.code !== ErrorCode.NONE) throw new Error(`error ${result.code} at ${offset}`)
    if (result.slices.length === 0) throw new Error(`nothing at ${offset} of ${log.logEndOffset}`)
    for (const slice of result.slices) {
      for (const record of readRecords(slice)) {
        if (record.offset >= from) values.push(new TextDecoder().decode(record.value ?? new Uint8Array(0)))
      }
    }
    offset = result.next
  }
  return values
}

const names = (count: number, from = 0): string[] => Array.from({ length: count }, (_, index) => `v${from + index}`)

t.test('appends get dense offsets and the leader epoch, in place', async (t) => {
  const log = openLog(simulate(1).node('a'))
  const first = records(['a', 'b', 'c'])
  t.match(log.append(first, 7, 'client'), { errorCode: 0, baseOffset: 0, lastOffset: 2, logAppendTimeMs: -1 })
  const second = records(['d'])
  t.match(log.append(second, 7, 'client'), { baseOffset: 3, lastOffset: 3 })
  t.equal(batchBaseOffset(viewOf(second), 0), 3)
  t.equal(batchLeaderEpoch(viewOf(second), 0), 7)
  t.equal(log.logEndOffset, 4)
  t.equal(log.latestEpoch, 7)
  t.equal(log.writtenEndOffset, 0, 'nothing is written before the end of the turn')
})

t.test('one write a turn, one sync for all appends that wait', async (t) => {
  const simulation = simulate(2)
  const node = simulation.node('a')
  const environment = createStorageEnvironment(node.host)
  const log = Log.open({ environment, directory: DIRECTORY, topic: 'topic', partition: 0, config: defaultLogConfig })
  const events: string[] = []
  log.listener = {
    onWritten: () => events.push(`written ${log.writtenEndOffset}`),
    onDurable: () => events.push(`durable ${log.durableEndOffset}`),
    onFailed: (error) => events.push(error.message),
  }
  for (let index = 0; index < 10; index++) {
    log.append(records([`v${index}`]), 0, 'client')
    log.requestSync()
  }
  await simulation.run(0)
  t.same(events, ['written 10'])
  for (let index = 0; index < 10; index++) {
    log.append(records([`w${index}`]), 0, 'client')
    log.requestSync()
  }
  await simulation.run(100)
  t.same(events, ['written 10', 'written 20', 'durable 10', 'durable 20'])
  t.equal(environment.commits.startedCount, 2)
})

t.test('reads whole batches from memory and from disk alike', async (t) => {
  for (const tailCacheSize of [1 << 20, 0]) {
    const simulation = simulate(3)
    const log = openLog(simulation.node('a'), { segmentBytes: 2000, indexIntervalBytes: 100 }, {}, { tailCacheSize })
    for (let index = 0; index < 100; index++) log.append(records(names(3, index * 3)), 0, 'client')
    await simulation.run(10)
    t.ok(log.segments.length > 3, 'several segments')
    for (const maxSize of [0, 1, 300, 1000, 1 << 20]) {
      t.same(await readAll(simulation, log, 0, maxSize), names(300), `from the start, by ${maxSize}`)
      t.same(await readAll(simulation, log, 151, maxSize), names(149, 151), `from inside a batch, by ${maxSize}`)
    }
    const done = (offset: number, maxSize: number, bound: number, minOneBatch: boolean) =>
      simulation.complete(
        new Promise<{ code: number; size: number; next: number }>((resolve) => {
          log.read(offset, maxSize, bound, minOneBatch, (code, _slices, size, next) => resolve({ code, size, next }))
        }),
      )
    t.match(await done(301, 100, 1000, true), { code: ErrorCode.OFFSET_OUT_OF_RANGE })
    t.match(await done(300, 100, 1000, true), { code: 0, size: 0, next: 300 })
    t.match(await done(0, 1 << 20, 6, true), { code: 0, next: 6 })
    t.match(await done(0, 1 << 20, 5, true), { code: 0, next: 3 }, 'a batch that reaches above the bound stays out')
    t.match(await done(30, 1, 300, false), { code: 0, size: 0, next: 30 }, 'no batch fits')
    t.match(await done(30, 1, 300, true), { code: 0, next: 33 })
    let sync: number[] = []
    log.readSync(151, 1 << 20, 300, true, (_code, slices) => {
      sync = slices.flatMap((slice) => readRecords(slice)).map((record) => record.offset)
    })
    t.equal(sync[0], 150)
  }
})

t.test('a produced batch is checked as Kafka checks it', async (t) => {
  const now = 1_767_225_600_000
  const plain = (): Uint8Array => records(['a', 'b'])
  const changed = (change: (bytes: Uint8Array, view: DataView) => void, isSound = true): Uint8Array => {
    const bytes = plain()
    const view = viewOf(bytes)
    change(bytes, view)
    if (isSound) view.setUint32(17, computeCrc(bytes, view, 0))
    return bytes
  }
  const cases: [string, Uint8Array, Partial<LogConfig>, number][] = [
    ['nothing', new Uint8Array(0), {}, ErrorCode.INVALID_RECORD],
    ['half a header', plain().subarray(0, 30), {}, ErrorCode.CORRUPT_MESSAGE],
    ['a cut batch', plain().subarray(0, 70), {}, ErrorCode.CORRUPT_MESSAGE],
    ['a flipped bit', changed((bytes) => (bytes[65]! ^= 1), false), {}, ErrorCode.CORRUPT_MESSAGE],
    ['two batches', Buffer.concat([plain(), plain()]), {}, ErrorCode.INVALID_RECORD],
    ['magic 1', changed((bytes) => (bytes[16] = 1)), {}, ErrorCode.INVALID_RECORD],
    ['a base offset', changed((_bytes, view) => view.setInt32(4, 7)), {}, ErrorCode.INVALID_RECORD],
    ['a wrong count', changed((_bytes, view) => view.setInt32(57, 1)), {}, ErrorCode.INVALID_RECORD],
    ['a control batch', records(['a'], { control: true }), {}, ErrorCode.INVALID_RECORD],
    ['an unknown codec', changed((_bytes, view) => view.setInt16(21, 6)), {}, ErrorCode.UNSUPPORTED_COMPRESSION_TYPE],
    ['LogAppendTime set', records(['a'], { logAppendTime: now }), {}, ErrorCode.NONE],
    [
      'LogAppendTime set for a log that sets it',
      records(['a'], { logAppendTime: now }),
      { messageTimestampType: 'LogAppendTime' },
      ErrorCode.INVALID_TIMESTAMP,
    ],
    ['too large', plain(), { maxMessageBytes: 70 }, ErrorCode.MESSAGE_TOO_LARGE],
    ['larger than a segment', plain(), { segmentBytes: 70 }, ErrorCode.RECORD_LIST_TOO_LARGE],
    ['too far ahead', records(['a'], { timestamp: now + 3_600_001 }), {}, ErrorCode.INVALID_TIMESTAMP],
    ['as far ahead as may be', records(['a'], { timestamp: now + 3_600_000 }), {}, ErrorCode.NONE],
    [
      'too old',
      records(['a'], { timestamp: now - 11 }),
      { messageTimestampBeforeMaxMs: 10 },
      ErrorCode.INVALID_TIMESTAMP,
    ],
    ['without a timestamp', records(['a'], { timestamp: -1 }), { messageTimestampBeforeMaxMs: 10 }, ErrorCode.NONE],
  ]
  for (const [name, bytes, config, errorCode] of cases) {
    const log = openLog(simulate(4).node('a'), config)
    const result = log.append(bytes, 0, 'client')
    t.equal(result.errorCode, errorCode, `${name}: ${result.errorMessage}`)
    t.equal(log.logEndOffset, errorCode === ErrorCode.NONE ? 1 : 0)
  }
})

t.test('a record without a key on a compacted topic is named by its index, under every codec', async (t) => {
  for (const compression of CODECS) {
    const log = openLog(simulate(5).node('a'), { cleanupPolicy: ['compact', 'delete'] })
    const key = new Uint8Array([1])
    const bytes = buildBatch({
      compression,
      records: [
        { key, value: key },
        { key: null, value: key },
      ],
    })
    const result = log.append(bytes, 0, 'client')
    t.match(result, { errorCode: ErrorCode.INVALID_RECORD, recordErrors: [{ batchIndex: 1 }], baseOffset: -1 })
  }
})

t.test('max.decompressed.message.bytes bounds each record of a compressed batch, and no other', async (t) => {
  for (const compression of CODECS) {
    const log = openLog(simulate(5).node('a'), { maxDecompressedMessageBytes: 512 })
    const refused = compression === 'none' ? ErrorCode.NONE : ErrorCode.INVALID_RECORD
    const many = Array.from({ length: 20 }, () => 'v'.repeat(64))
    t.match(log.append(records(many, { compression }), 0, 'client'), { errorCode: ErrorCode.NONE })
    t.match(log.append(records(['v'.repeat(4096)], { compression }), 0, 'client'), { errorCode: refused })
  }
})

t.test('LogAppendTime stamps the batch and says so; CreateTime answers -1', async (t) => {
  const simulation = simulate(6)
  const log = openLog(simulation.node('a'), { messageTimestampType: 'LogAppendTime' })
  await simulation.run(1234)
  const bytes = records(['a', 'b'], { timestamp: 5 })
  t.match(log.append(bytes, 0, 'client'), { logAppendTimeMs: 1_767_225_601_234 })
  t.same(
    readRecords(bytes).map(({ timestamp }) => timestamp),
    [1_767_225_601_234, 1_767_225_601_234],
  )
  t.ok(verifyCrc(bytes, viewOf(bytes), 0))
})

t.test('compression.type of the topic wins over that of the producer', async (t) => {
  const simulation = simulate(7)
  for (const codec of CODECS) {
    const log = openLog(simulation.node(codec), { compressionType: codec })
    for (const compression of CODECS) log.append(records(['a', 'b'], { compression }), 0, 'client')
    await simulation.run(1)
    const bytes = simulation.node(codec).disk.bytes(`${DIRECTORY}/00000000000000000000.log`)
    t.equal(readRecords(bytes).length, 2 * CODECS.length)
    const view = viewOf(bytes)
    for (let position = 0; position < bytes.length; position += batchSize(view, position)) {
      t.equal(batchCodec(view, position), codec)
    }
  }
})

t.test('compression.gzip.level and compression.zstd.level say how hard the broker compresses', async (t) => {
  const simulation = simulate(7)
  const text = Array.from({ length: 20_000 }, (_, index) => `${(index * index) % 997} letters`).join(' ')
  const sizeUnder = async (name: string, config: Partial<LogConfig>): Promise<number> => {
    const log = openLog(simulation.node(name), config)
    t.equal(log.append(records([text]), 0, 'client').errorCode, ErrorCode.NONE)
    await simulation.run(1)
    const bytes = simulation.node(name).disk.bytes(`${DIRECTORY}/00000000000000000000.log`)
    t.equal(readRecords(bytes).length, 1)
    return bytes.length
  }
  const gzip = (level: number) => sizeUnder(`gzip ${level}`, { compressionType: 'gzip', compressionGzipLevel: level })
  const zstd = (level: number) => sizeUnder(`zstd ${level}`, { compressionType: 'zstd', compressionZstdLevel: level })
  t.ok((await gzip(1)) > (await gzip(9)))
  t.equal(await gzip(-1), await gzip(6), 'the default')
  t.ok((await zstd(-50)) > (await zstd(19)))
})

t.test('what counts against max.message.bytes is the batch as it will be stored', async (t) => {
  const log = openLog(simulate(7).node('a'), { compressionType: 'none', maxMessageBytes: 1000 })
  const small = records(['x'.repeat(2000)], { compression: 'gzip' })
  t.ok(small.length < 1000)
  t.equal(log.append(small, 0, 'client').errorCode, ErrorCode.MESSAGE_TOO_LARGE)
  t.equal(log.logEndOffset, 0)
})

t.test('a duplicate is answered with its first offsets and appended once', async (t) => {
  const log = openLog(simulate(8).node('a'))
  const sent = (baseSequence: number): Uint8Array =>
    records(['a', 'b'], { producerId: 9n, producerEpoch: 0, baseSequence })
  log.append(sent(0), 0, 'client')
  log.append(sent(2), 0, 'client')
  t.match(log.append(sent(0), 0, 'client'), { errorCode: 0, duplicate: true, baseOffset: 0, lastOffset: 1 })
  t.match(log.append(sent(6), 0, 'client'), { errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, baseOffset: -1 })
  t.equal(log.logEndOffset, 4)
  t.match(log.producers.active(), [{ producerId: 9n, lastSequence: 3, currentTransactionStartOffset: -1 }])
})

t.test('segments are rolled by size, by the time of their records, by clock and by index', async (t) => {
  const hour = 3_600_000
  const bases = (log: Log): number[] => log.segments.map(({ baseOffset }) => baseOffset)
  const now = 1_767_225_600_000
  const bySize = openLog(simulate(9).node('a'), { segmentBytes: 3 * records(['a']).length })
  for (let index = 0; index < 7; index++) bySize.append(records(['a']), 0, 'client')
  t.same(bases(bySize), [0, 3, 6])
  const byTime = openLog(simulate(9).node('a'), { segmentMs: hour })
  for (const ms of [0, hour, hour + 1, 0])
    byTime.append(records(['a'], { timestamp: now - 2 * hour + ms }), 0, 'client')
  t.same(bases(byTime), [0, 2])
  const simulation = simulate(9)
  const byClock = openLog(simulation.node('a'), { segmentMs: hour })
  byClock.append(records(['a'], { timestamp: -1 }), 0, 'client')
  await simulation.run(hour + 1)
  byClock.append(records(['a'], { timestamp: -1 }), 0, 'client')
  t.same(bases(byClock), [0, 1])
  const byIndex = openLog(simulate(9).node('a'), { segmentIndexBytes: 24, indexIntervalBytes: 0 })
  for (let index = 0; index < 6; index++) byIndex.append(records(['a']), 0, 'client')
  t.same(bases(byIndex), [0, 2, 4], 'one entry of the time index is kept free for the end')
})

t.test('offsets by time: the first record at or after it, in any segment, under any codec', async (t) => {
  const simulation = simulate(10)
  const log = openLog(simulation.node('a'), { segmentBytes: 1500, indexIntervalBytes: 100 })
  const start = 1_767_000_000_000
  for (let index = 0; index < 60; index++) {
    const value = new Uint8Array(50)
    const timestamps = [start + index * 10, start + index * 10 + 5, start + index * 10 + 2]
    const batch = buildBatch({
      compression: CODECS[index % CODECS.length]!,
      records: timestamps.map((timestamp) => ({ key: null, value, timestamp })),
    })
    log.append(batch, 3, 'client')
    if (index % 7 === 0) await simulation.run(1)
  }
  t.ok(log.segments.length > 3)
  t.same(log.offsetForTimestamp(0), { offset: 0, timestamp: start, leaderEpoch: 3 })
  for (const index of [0, 13, 31, 59]) {
    t.match(log.offsetForTimestamp(start + index * 10), { offset: index * 3, timestamp: start + index * 10 })
    t.match(log.offsetForTimestamp(start + index * 10 + 1), {
      offset: index * 3 + 1,
      timestamp: start + index * 10 + 5,
    })
  }
  t.equal(log.offsetForTimestamp(start + 596), null)
  t.match(log.offsetOfMaxTimestamp(), { offset: 178, timestamp: start + 595 })
  log.updateHighWatermark(180)
  log.deleteRecordsBefore(100)
  t.match(log.offsetForTimestamp(start), { offset: 100 })
  t.equal(openLog(simulate(10).node('a')).offsetOfMaxTimestamp(), null)
})

t.test('a search by time passes over a batch whose records cannot be read', async (t) => {
  const simulation = simulate(10)
  const log = openLog(simulation.node('a'))
  const spoilt = records(['a'], { timestamp: 500, compression: 'gzip' })
  spoilt.fill(0xff, spoilt.length - 10)
  const view = viewOf(spoilt)
  view.setUint32(17, crc32c(spoilt, 21))
  t.match(log.append(spoilt, 0, 'client'), { errorCode: ErrorCode.NONE })
  log.append(records(['b'], { timestamp: 500 }), 0, 'client')
  t.match(log.offsetForTimestamp(400), { offset: 1, timestamp: 500 })
  t.match(log.offsetOfMaxTimestamp(), { offset: 1 })
})

t.test('a follower keeps offsets and epochs, and truncates where its leader says', async (t) => {
  const simulation = simulate(12)
  const node = simulation.node('a')
  const log = openLog(node, { segmentBytes: 600 })
  const leader = (baseOffset: number, leaderEpoch: number): Uint8Array =>
    records(['a', 'b'], { baseOffset, leaderEpoch, producerId: 4n, producerEpoch: 0, baseSequence: baseOffset })
  for (let offset = 0; offset < 20; offset += 4) {
    t.match(log.appendAsFollower(Buffer.concat([leader(offset, 1), leader(offset + 2, 1)])), { baseOffset: offset })
  }
  t.match(log.appendAsFollower(leader(20, 2)), { errorCode: 0 })
  t.match(log.appendAsFollower(leader(10, 2)), { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE })
  t.match(log.appendAsFollower(leader(22, 2).subarray(0, 70)), { errorCode: ErrorCode.CORRUPT_MESSAGE })
  await simulation.run(10)
  t.same(log.endOffsetForEpoch(1), { epoch: 1, endOffset: 20 })
  t.same(log.endOffsetForEpoch(2), { epoch: 2, endOffset: 22 })
  t.same(log.endOffsetForEpoch(0), { epoch: 0, endOffset: 0 })
  t.same(log.endOffsetForEpoch(3), { epoch: -1, endOffset: -1 })
  log.truncateTo(11)
  t.match(log, { logEndOffset: 10, writtenEndOffset: 10, latestEpoch: 1 }, 'in the middle of a batch, the batch goes')
  t.match(log.producers.active(), [{ lastSequence: 9 }])
  t.match(log.appendAsFollower(leader(10, 3)), { baseOffset: 10 })
  t.same(log.endOffsetForEpoch(1), { epoch: 1, endOffset: 10 })
  log.truncateFullyAndStartAt(100)
  t.match(log, { logStartOffset: 100, logEndOffset: 100, latestEpoch: -1 })
  t.match(log.appendAsFollower(leader(100, 4)), { baseOffset: 100 })
  await simulation.run(10)
  t.same(readAllOffsets(log), [100, 101])
  t.same(
    node.host.disk
      .list(DIRECTORY)
      .filter(({ name }) => name.endsWith('.log'))
      .map(({ name }) => name),
    ['00000000000000000100.log'],
  )
})

t.test('a cold read that a truncation or a deletion overtakes answers with nothing', async (t) => {
  for (const overtake of ['truncate', 'delete', 'abandon'] as const) {
    const simulation = simulate(13)
    const log = openLog(simulation.node('a'), { segmentBytes: 700, fileDeleteDelayMs: 0 }, {}, { tailCacheSize: 0 })
    for (let index = 0; index < 30; index++) log.append(records(names(2, index * 2)), 0, 'client')
    await simulation.run(10)
    log.updateHighWatermark(60)
    const answers: [number, number][] = []
    log.read(0, 1 << 20, 60, true, (code, _slices, size) => answers.push([code, size]))
    if (overtake === 'truncate') log.truncateTo(1)
    else if (overtake === 'delete') {
      log.deleteRecordsBefore(40)
      log.deleteExpired()
    } else log.abandon()
    t.same(answers, [])
    await simulation.run(10)
    t.equal(answers.length, 1, overtake)
    t.equal(answers[0]![0], ErrorCode.NONE)
    if (overtake === 'truncate') t.equal(answers[0]![1], 0)
  }
})

t.test('a full disk refuses appends, keeps what is there, and is tried again', async (t) => {
  const simulation = simulate(14)
  const node = simulation.node('a')
  const log = openLog(node)
  const failures: string[] = []
  const written: number[] = []
  log.listener = {
    onWritten: () => written.push(log.writtenEndOffset),
    onDurable: () => {},
    onFailed: (error) => failures.push(error.message),
  }
  const sent = (baseSequence: number): Uint8Array => records(['a'], { producerId: 1n, producerEpoch: 0, baseSequence })
  log.append(sent(0), 1, 'client')
  await simulation.run(1)
  node.disk.fault = (operation) => (operation === 'write' ? 'full' : null)
  log.append(sent(1), 2, 'client')
  log.append(sent(2), 2, 'client')
  t.equal(log.logEndOffset, 3)
  await simulation.run(1)
  t.match(failures, [/no space left/])
  t.match(log, { logEndOffset: 1, writtenEndOffset: 1, latestEpoch: 1, isOffline: false })
  t.match(log.producers.active(), [{ lastSequence: 0 }])
  t.match(log.append(sent(1), 2, 'client'), { errorCode: ErrorCode.KAFKA_STORAGE_ERROR }, 'not tried at once')
  t.same(await readAll(simulation, log, 0), ['a'])
  node.disk.fault = null
  await simulation.run(200)
  t.match(log.append(sent(1), 2, 'client'), { errorCode: 0, baseOffset: 1 })
  await simulation.run(1)
  t.same(written, [1, 2])
})

t.test('a failed sync ends the log: it may still be read', async (t) => {
  const simulation = simulate(15)
  const node = simulation.node('a')
  const log = openLog(node)
  const failures: string[] = []
  log.listener = { onWritten() {}, onDurable() {}, onFailed: (error) => failures.push(error.message) }
  log.append(records(['a']), 0, 'client')
  log.requestSync()
  node.disk.fault = (operation) => (operation === 'sync' ? 'failed' : null)
  await simulation.run(10)
  t.equal(failures.length, 1)
  t.match(log, { isOffline: true, durableEndOffset: 0 })
  t.match(log.append(records(['b']), 0, 'client'), { errorCode: ErrorCode.KAFKA_STORAGE_ERROR })
  t.same(await readAll(simulation, log, 0), ['a'])
})

t.test('flush.messages asks for a sync by itself', async (t) => {
  const simulation = simulate(16)
  const log = openLog(simulation.node('a'), { flushMessages: 3 })
  log.append(records(['a', 'b']), 0, 'client')
  await simulation.run(10)
  t.equal(log.durableEndOffset, 0)
  log.append(records(['c']), 0, 'client')
  await simulation.run(10)
  t.equal(log.durableEndOffset, 3)
})

t.test('memory is bounded: the tail of all logs together, and open files', async (t) => {
  const simulation = simulate(17)
  const environment = createStorageEnvironment(simulation.node('a').host, { tailCacheSize: 3000, maxOpenFiles: 4 })
  const logs = Array.from({ length: 10 }, (_, partition) =>
    Log.open({ environment, directory: `/data/t-${partition}`, topic: 't', partition, config: defaultLogConfig }),
  )
  for (let index = 0; index < 20; index++) for (const log of logs) log.append(records([`v${index}`]), 0, 'client')
  await simulation.run(1)
  t.ok(environment.tailCache.size <= 3000)
  t.ok(environment.files.count <= 4)
  for (const log of logs) t.same(await readAll(simulation, log, 0), names(20))
})
