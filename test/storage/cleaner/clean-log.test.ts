// Compaction: what it keeps, what it takes, and when.

import t from 'tap'
import type { SimulatedNode } from '../../../host/simulated/node.ts'
import { type Simulation, simulate } from '../../../host/simulated/simulation.ts'
import {
  batchAttributes,
  batchBaseTimestamp,
  batchRecordCount,
  batchSize,
  viewOf,
} from '../../../protocol/records/batch.ts'
import { type BatchOptions, buildBatch } from '../../../protocol/records/builder.ts'
import { buildEndTransactionBatch } from '../../../protocol/records/control.ts'
import { DELETE_HORIZON_FLAG } from '../../../protocol/records/layout.ts'
import { readRecords } from '../../../protocol/records/record.ts'
import { readOffsetCheckpoint } from '../../../storage/checkpoint.ts'
import { type CleanerSettings, LogCleaner } from '../../../storage/cleaner/log-cleaner.ts'
import { LogDirectory } from '../../../storage/directory/log-directory.ts'
import { createStorageEnvironment } from '../../../storage/environment.ts'
import type { Log } from '../../../storage/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../../storage/log/log-config.ts'
import { runCompactionCrash } from '../../sim/compaction-crash.ts'
import { CLEANER } from '../logs.ts'

const TOPIC_ID = 'ePSQjlhTTsyjmeh43SPfJg'
const HOUR = 3_600_000
const encoder = new TextEncoder()
const decoder = new TextDecoder()

class World {
  readonly simulation: Simulation = simulate(1)
  readonly node: SimulatedNode = this.simulation.node('a')
  readonly directory: LogDirectory
  readonly log: Log
  readonly cleaner: LogCleaner

  constructor(config: Partial<LogConfig> = {}, settings: Partial<CleanerSettings> = {}) {
    const environment = createStorageEnvironment(this.node.host)
    this.directory = LogDirectory.open({ environment, path: '/data', nodeId: 1, clusterId: null })
    this.log = this.directory.openLog('topic', TOPIC_ID, 0, {
      ...defaultLogConfig,
      cleanupPolicy: ['compact'],
      minCleanableDirtyRatio: 0,
      ...config,
    })
    const { log } = this
    log.listener = { onWritten() {}, onDurable: () => log.updateHighWatermark(log.durableEndOffset), onFailed() {} }
    this.cleaner = new LogCleaner(environment, [this.directory], () => ({ ...CLEANER, ...settings }))
  }

  /** `k=v`; `k`: a tombstone. */
  append(texts: string, options: BatchOptions = {}): void {
    const records = texts.split(' ').map((text) => {
      const [key, value] = text.split('=')
      return { key: encoder.encode(key), value: value === undefined ? null : encoder.encode(value) }
    })
    const timestamp = this.node.host.clock.now()
    const { errorCode, errorMessage } = this.log.append(buildBatch({ timestamp, ...options, records }), 0, 'client')
    if (errorCode !== 0) throw new Error(`${errorMessage}`)
  }

  end(type: 'commit' | 'abort', producerId: bigint): void {
    const timestamp = this.node.host.clock.now()
    this.log.append(buildEndTransactionBatch({ producerId, producerEpoch: 0, timestamp }, type, 0), 0, 'coordinator')
  }

  /** Ends the active segment, has everything on disk, and cleans as long as there is something to clean. */
  async clean(): Promise<void> {
    this.log.roll()
    this.log.requestSync()
    await this.simulation.run(100)
    while ((await this.simulation.complete(this.cleaner.clean())) > 0);
  }

  /** As `offset:key=value`, markers and empty batches left out. */
  async records(): Promise<string[]> {
    return (await this.#read()).flatMap((bytes) =>
      readRecords(bytes).flatMap(({ offset, key, value }) => {
        if (key === null || key[0] === 0) return []
        return [`${offset}:${decoder.decode(key)}${value === null ? '' : `=${decoder.decode(value)}`}`]
      }),
    )
  }

  async #read(): Promise<Uint8Array[]> {
    const all: Uint8Array[] = []
    let next = this.log.logStartOffset
    while (next < this.log.logEndOffset) {
      await this.simulation.complete(
        new Promise<void>((resolve) => {
          this.log.read(next, 100_000, this.log.logEndOffset, true, (_error, slices, _size, nextOffset) => {
            all.push(...slices.map((slice) => slice.slice()))
            if (nextOffset === next) throw new Error(`nothing to read at ${next}`)
            next = nextOffset
            resolve()
          })
        }),
      )
    }
    return all
  }

  async batchCount(): Promise<number> {
    let count = 0
    for (const bytes of await this.#read()) {
      for (let position = 0; position < bytes.length; count++) position += batchSize(viewOf(bytes), position)
    }
    return count
  }

  async firstBatch(): Promise<DataView> {
    return viewOf((await this.#read())[0]!)
  }
}

t.test('the last record of each key stays, at its offset', async (t) => {
  const world = new World()
  world.append('a=1 b=1 c=1')
  world.append('a=2')
  world.append('b=2 d=1')
  await world.clean()
  t.same(await world.records(), ['2:c=1', '3:a=2', '4:b=2', '5:d=1'])
  world.append('c=2 e=1')
  await world.clean()
  t.same(await world.records(), ['3:a=2', '4:b=2', '5:d=1', '6:c=2', '7:e=1'])
  t.equal(world.log.segments.length, 2, 'what has become small is one segment')
})

t.test('the active segment is not looked at', async (t) => {
  const world = new World()
  world.append('a=1')
  await world.clean()
  world.append('a=2')
  world.log.requestSync()
  await world.simulation.run(100)
  await world.simulation.complete(world.cleaner.clean())
  t.same(await world.records(), ['0:a=1', '1:a=2'])
})

t.test('a tombstone goes after delete.retention.ms from the round that met it first', async (t) => {
  const world = new World({ deleteRetentionMs: HOUR })
  world.append('a=1 b=1')
  world.append('a')
  await world.clean()
  t.same(await world.records(), ['1:b=1', '2:a'])
  await world.simulation.run(HOUR - 10_000)
  world.append('c=1')
  await world.clean()
  t.same(await world.records(), ['1:b=1', '2:a', '3:c=1'], 'not yet')
  await world.simulation.run(10_001)
  world.append('d=1')
  await world.clean()
  t.same(await world.records(), ['1:b=1', '3:c=1', '4:d=1'])
})

t.test('compaction keeps to log.cleaner.io.max.bytes.per.second', async (t) => {
  const durationMs = async (maxBytesPerSecond: number): Promise<number> => {
    const world = new World({}, { maxBytesPerSecond })
    for (let index = 0; index < 20; index++) world.append(`a=${'x'.repeat(1000)}${index} b${index}=1`)
    const before = world.node.host.clock.monotonic()
    await world.clean()
    t.same((await world.records()).length, 21)
    return world.node.host.clock.monotonic() - before
  }
  // Some 22 KB are read twice, to see which keys there are and to copy, and 2 KB written.
  const free = await durationMs(Number.POSITIVE_INFINITY)
  const slow = await durationMs(4000)
  t.ok(free < 1000, `${free} ms`)
  t.ok(slow > 10_000 && slow < 20_000, `${slow} ms`)
})

t.test('the horizon stands in the batch, and its records keep their times', async (t) => {
  const world = new World({ deleteRetentionMs: HOUR })
  world.append('a')
  const time = world.node.host.clock.now()
  await world.clean()
  const view = await world.firstBatch()
  t.ok(batchAttributes(view, 0) & DELETE_HORIZON_FLAG)
  t.ok(batchBaseTimestamp(view, 0) >= time + HOUR)
  t.equal(recordsOf(view)[0]?.timestamp, time)
})

t.test('min.compaction.lag.ms protects what is young, max.compaction.lag.ms hurries what is old', async (t) => {
  const young = new World({ minCompactionLagMs: HOUR })
  young.append('a=1')
  young.append('a=2')
  await young.clean()
  t.same(await young.records(), ['0:a=1', '1:a=2'])
  await young.simulation.run(HOUR)
  await young.clean()
  t.same(await young.records(), ['1:a=2'])
  const old = new World({ minCleanableDirtyRatio: 1, maxCompactionLagMs: HOUR })
  old.append('a=1')
  old.append('a=2')
  await old.clean()
  t.same(await old.records(), ['0:a=1', '1:a=2'])
  await old.simulation.run(HOUR + 1)
  await old.clean()
  t.same(await old.records(), ['1:a=2'])
})

t.test('records of an aborted transaction go, its marker after the horizon', async (t) => {
  const world = new World({ deleteRetentionMs: HOUR })
  world.append('a=1')
  world.append('a=2 b=2', { producerId: 7n, producerEpoch: 0, baseSequence: 0, transactional: true })
  world.end('abort', 7n)
  world.append('c=3', { producerId: 7n, producerEpoch: 0, baseSequence: 2, transactional: true })
  world.end('commit', 7n)
  await world.clean()
  t.same(await world.records(), ['0:a=1', '4:c=3'])
  t.equal(world.log.abortedTransactions(0, 10).length, 1, 'this round has met its data')
  world.append('d=1')
  await world.clean()
  t.equal(world.log.abortedTransactions(0, 10).length, 0, 'no transaction is left to be skipped')
  t.equal(await world.batchCount(), 5, 'its marker is')
  await world.simulation.run(HOUR)
  world.append('e=1')
  await world.clean()
  t.same(await world.records(), ['0:a=1', '4:c=3', '6:d=1', '7:e=1'])
  t.equal(await world.batchCount(), 5, 'of the producer the last data batch and the commit stay')
})

t.test('nothing above the last stable offset is cleaned', async (t) => {
  const world = new World()
  world.append('a=1')
  world.append('a=2')
  world.log.roll()
  world.append('x=1', { producerId: 7n, producerEpoch: 0, baseSequence: 0, transactional: true })
  world.append('a=3')
  await world.clean()
  t.same(await world.records(), ['1:a=2', '2:x=1', '3:a=3'])
})

t.test('of a producer that is known its last batch stays, empty', async (t) => {
  const world = new World()
  const producer = { producerId: 7n, producerEpoch: 0 }
  world.append('a=1', { ...producer, baseSequence: 0 })
  world.append('a=2', { ...producer, baseSequence: 1 })
  world.append('a=3')
  world.append('z=1')
  await world.clean()
  t.same(await world.records(), ['2:a=3', '3:z=1'])
  const view = await world.firstBatch()
  t.equal(batchRecordCount(view, 0), 0)
  const again = buildBatch({
    ...producer,
    baseSequence: 1,
    timestamp: 0,
    records: [{ key: encoder.encode('a'), value: encoder.encode('2') }],
  })
  t.match(world.log.append(again, 0, 'client'), { duplicate: true, baseOffset: 1 })
})

t.test('a compressed batch stays compressed, and what it does not lose stays the same', async (t) => {
  const world = new World()
  const headers = [{ key: 'h', value: encoder.encode('w') }]
  const records = ['a', 'b', 'c'].map((key) => ({ key: encoder.encode(key), value: encoder.encode('1'), headers }))
  world.log.append(buildBatch({ timestamp: 1_767_225_600_000, compression: 'zstd', records }), 0, 'client')
  world.append('b=2')
  await world.clean()
  const view = await world.firstBatch()
  t.equal(batchAttributes(view, 0) & 7, 4)
  const kept = recordsOf(view)
  t.same(
    kept.map(({ offset, headers: [header] }) => [offset, header?.key]),
    [
      [0, 'h'],
      [2, 'h'],
    ],
  )
})

t.test('with delete and compact, what has expired goes as a whole, and the rest is compacted', async (t) => {
  const world = new World({ cleanupPolicy: ['compact', 'delete'], retentionMs: HOUR })
  world.append('a=1 b=1')
  world.append('a=2')
  await world.clean()
  await world.simulation.run(HOUR + 1)
  world.append('c=1')
  world.append('c=2')
  world.log.roll()
  world.log.requestSync()
  await world.simulation.run(100)
  world.directory.applyRetention()
  await world.simulation.run(100)
  t.equal(world.log.logStartOffset, 3)
  await world.clean()
  t.same(await world.records(), ['4:c=2'])
  t.equal(world.log.cleanedOffset, 5)
})

t.test('a damaged log is left alone, and named', async (t) => {
  const world = new World()
  world.append('a=1')
  world.append('a=2')
  world.log.roll()
  world.log.requestSync()
  await world.simulation.run(100)
  const file = world.node.host.disk.open('/data/topic-0/00000000000000000000.log', 'write')
  file.writeSync([Uint8Array.of(0xff)], 135)
  file.close()
  await world.clean()
  t.equal(world.cleaner.uncleanable.size, 1)
  t.match(world.node.logger.lines().join('\n'), /left alone until the next start.*wrong checksum/)
  t.equal(world.log.segments[0]!.size > 0, true)
})

t.test('a damaged marker is found before anything is dropped', async (t) => {
  const world = new World()
  world.append('a=1')
  world.log.roll()
  world.append('a=2', { producerId: 7n, producerEpoch: 0, baseSequence: 0, transactional: true })
  world.end('commit', 7n)
  world.log.roll()
  world.log.requestSync()
  await world.simulation.run(100)
  const path = '/data/topic-0/00000000000000000001.log'
  const size = world.node.disk.bytes(path).length
  const file = world.node.host.disk.open(path, 'write')
  // How long its record is.
  file.writeSync([Uint8Array.of(0x7f)], size - 17)
  file.close()
  await world.clean()
  t.equal(world.cleaner.uncleanable.size, 1)
  t.same((await world.records()).slice(0, 1), ['0:a=1'])
})

t.test('up to where a log is clean outlives a restart', async (t) => {
  const world = new World()
  world.append('a=1')
  world.append('a=2')
  await world.clean()
  const checkpoint = readOffsetCheckpoint(world.node.host.disk, '/data/cleaner-offset-checkpoint')
  t.equal(checkpoint.get('topic')?.get(0), 2)
  await world.simulation.complete(world.directory.close(1))
  const environment = createStorageEnvironment(world.node.host)
  const again = LogDirectory.open({ environment, path: '/data', nodeId: 1, clusterId: null })
  t.equal(again.openLog('topic', TOPIC_ID, 0, world.log.config).cleanedOffset, 2)
})

const recordsOf = (view: DataView) => readRecords(new Uint8Array(view.buffer, view.byteOffset, batchSize(view, 0)))

const firstSeed = Number(process.env['SEED'] ?? 1)
const seedCount = process.env['SEED'] === undefined ? Number(process.env['SEEDS'] ?? 6) : 1

t.test('crashes in the middle of compaction lose nothing that counts', async (t) => {
  for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
    try {
      await runCompactionCrash(seed)
    } catch (error) {
      t.fail(`SEED=${seed}: ${error instanceof Error ? error.stack : String(error)}`)
    }
  }
  t.pass(`${seedCount} seeds from ${firstSeed}`)
})
