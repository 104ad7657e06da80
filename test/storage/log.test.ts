// The log by itself, on a simulated machine: appending, reading, rolling, truncating, deleting, writing and syncing.

import t from 'tap'
import type { SimulatedNode } from '../../host/simulated/node.ts'
import { type Simulation, simulate } from '../../host/simulated/simulation.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { batchBaseOffset, batchLeaderEpoch, viewOf } from '../../protocol/records/batch.ts'
import { type BatchOptions, buildBatch } from '../../protocol/records/builder.ts'
import { readRecords } from '../../protocol/records/record.ts'
import { createStorageEnvironment, type StorageOptions } from '../../storage/environment.ts'
import { Log, type LogOptions } from '../../storage/log.ts'
import { defaultLogConfig, type LogConfig } from '../../storage/log-config.ts'

const directory = '/data/topic-0'

function open(node: SimulatedNode, config: Partial<LogConfig> = {}, options: Partial<LogOptions> = {}): Log {
  return openWith(node, {}, config, options)
}

function openWith(
  node: SimulatedNode,
  storage: Partial<StorageOptions>,
  config: Partial<LogConfig> = {},
  options: Partial<LogOptions> = {},
): Log {
  const environment = createStorageEnvironment(node.host, storage)
  return Log.open({
    environment,
    directory,
    topic: 'topic',
    partition: 0,
    config: { ...defaultLogConfig, ...config },
    ...options,
  })
}

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
  const log = open(simulate(1).node('a'))
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
  const log = Log.open({ environment, directory, topic: 'topic', partition: 0, config: defaultLogConfig })
  const events: string[] = []
  log.listener = {
    onWritten: () => events.push(`written ${log.writtenEndOffset}`),
    onDurable: () => events.push(`durable ${log.durableEndOffset}`),
    onFailed: (_log, error) => events.push(error.message),
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
    const log = openWith(simulation.node('a'), { tailCacheSize }, { segmentBytes: 2000, indexIntervalBytes: 100 })
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
