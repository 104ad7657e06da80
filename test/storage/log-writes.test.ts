// Writes in the pool: what collects behind them, who overtakes them, what becomes of them when something fails.

import t from 'tap'
import type { DiskErrorReason } from '../../host/disk.ts'
import { type Simulation, simulate } from '../../host/simulated/simulation.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { readRecords } from '../../protocol/records/record.ts'
import { createStorageEnvironment } from '../../storage/environment.ts'
import { Log } from '../../storage/log.ts'
import { defaultLogConfig } from '../../storage/log-config.ts'

const directory = '/data/topic-0'

/** A log that has written one batch, slowly, and not for the first time: the pool writes what follows. */
async function setUp(seed = 1, slowWriteMs = 0, segmentBytes = 1 << 20) {
  const simulation = simulate(seed)
  const node = simulation.node('a', { disk: { writeLatencyMs: [10, 10] } })
  const environment = createStorageEnvironment(node.host, { tailCacheSize: 0, slowWriteMs, poolWriteFromSize: 1 })
  environment.writer.wroteInLoop(environment.writer.now())
  const log = Log.open({
    environment,
    directory,
    topic: 'topic',
    partition: 0,
    config: { ...defaultLogConfig, segmentBytes },
  })
  const events: string[] = []
  log.listener = {
    onWritten: () => events.push(`written ${log.writtenEndOffset}`),
    onDurable: () => events.push(`durable ${log.durableEndOffset}`),
    onFailed: () => events.push(`failed, back to ${log.logEndOffset}`),
  }
  append(log, 0)
  await simulation.run(1)
  const fail = (reason: DiskErrorReason | null) => {
    node.disk.fault = (operation, path) => (operation === 'write' && path.endsWith('.log') ? reason : null)
  }
  const taken = () => events.splice(0)
  t.same(taken(), ['written 1'])
  return { simulation, node, log, taken, fail }
}

function append(log: Log, value: number, size = 100): number {
  const batch = buildBatch({
    records: [{ key: null, value: new Uint8Array(size).fill(value) }],
    timestamp: 1000 + value,
  })
  return log.append(batch, 0, 'client').errorCode
}

async function values(simulation: Simulation, log: Log): Promise<number[]> {
  const found: number[] = []
  for (let offset = 0; offset < log.logEndOffset; ) {
    const { slices, next } = await simulation.complete(
      new Promise<{ slices: Uint8Array[]; next: number }>((resolve) => {
        log.read(offset, 1 << 20, log.logEndOffset, true, (_code, slices, _size, next) => resolve({ slices, next }))
      }),
    )
    if (next === offset) break
    found.push(...slices.flatMap((slice) => readRecords(slice)).map(({ value }) => value?.[0] ?? -1))
    offset = next
  }
  return found
}

t.test('the loop writes while the disk takes it at once', async (t) => {
  const { simulation, log, taken } = await setUp(1, 10)
  append(log, 1)
  await simulation.run(0)
  t.equal(log.segments.at(-1)?.isWriting, false)
  t.same(taken(), ['written 2'])
})

t.test('after a slow write the pool writes, and what is appended meanwhile collects', async (t) => {
  const { simulation, log, taken } = await setUp()
  append(log, 1)
  await simulation.run(1)
  t.equal(log.segments.at(-1)?.isWriting, true)
  for (let value = 2; value < 5; value++) {
    append(log, value)
    await simulation.run(1)
  }
  t.same(taken(), [])
  t.same(await values(simulation, log), [0], 'nobody reads what may not be in the file')
  await simulation.run(7)
  t.same(taken(), ['written 2'])
  log.requestSync()
  await simulation.run(20)
  t.same(taken(), ['durable 2', 'written 5', 'durable 5'])
  t.same(await values(simulation, log), [0, 1, 2, 3, 4])
})

t.test(
  'after one slow write the loop goes on writing, after two the pool writes for a second what is much',
  async (t) => {
    const simulation = simulate(9)
    const node = simulation.node('a', { disk: { writeLatencyMs: [10, 10] } })
    const environment = createStorageEnvironment(node.host, { slowWriteMs: 30, poolWriteFromSize: 150 })
    const log = Log.open({ environment, directory, topic: 'topic', partition: 0, config: defaultLogConfig })
    const { writer } = environment
    const isInPool = async (size: number): Promise<boolean> => {
      append(log, 1, size)
      await simulation.run(1)
      const { isWriting } = log.segments[0]!
      await simulation.run(20)
      return isWriting
    }
    writer.wroteInLoop(writer.now() - 30)
    t.equal(await isInPool(100), false, 'after one')
    writer.wroteInLoop(writer.now() - 30)
    t.equal(await isInPool(100), true, 'after two')
    t.equal(await isInPool(10), false, 'little')
    await simulation.run(1000)
    t.equal(await isInPool(100), false, 'a second later')
    writer.wroteInLoop(writer.now() - 30)
    t.equal(await isInPool(100), true, 'slow again')
  },
)

t.test('a roll, a search by time and a close overtake the write that is under way', async (t) => {
  for (const how of ['roll', 'search', 'close'] as const) {
    const { simulation, node, log } = await setUp()
    append(log, 1)
    await simulation.run(1)
    append(log, 2)
    if (how === 'roll') log.roll()
    else if (how === 'search') t.match(log.offsetForTimestamp(1002), { offset: 2 })
    else log.close()
    t.equal(log.writtenEndOffset, 3, how)
    if (how !== 'close') {
      t.equal(append(log, 3), ErrorCode.NONE)
      await simulation.run(50)
      t.same(await values(simulation, log), [0, 1, 2, 3])
      log.close()
    }
    await simulation.run(50)
    node.restart()
    const again = Log.open({
      environment: createStorageEnvironment(node.host),
      directory,
      topic: 'topic',
      partition: 0,
      config: defaultLogConfig,
      cleanShutdown: true,
    })
    t.same(await values(simulation, again), how === 'close' ? [0, 1, 2] : [0, 1, 2, 3])
  }
})

t.test('a write in the pool that fails takes back what has collected behind it', async (t) => {
  const { simulation, log, taken, fail } = await setUp()
  fail('full')
  append(log, 1)
  await simulation.run(1)
  append(log, 2)
  await simulation.run(15)
  t.same(taken(), ['failed, back to 1'])
  t.equal(append(log, 3), ErrorCode.KAFKA_STORAGE_ERROR, 'not tried again at once')
  fail(null)
  await simulation.run(200)
  t.equal(append(log, 4), ErrorCode.NONE)
  await simulation.run(50)
  t.same(await values(simulation, log), [0, 4])
})

t.test('what a failure takes back while the pool is writing it is gone when the write has ended', async (t) => {
  const { simulation, log, taken, fail } = await setUp(1, 0, 400)
  append(log, 1)
  await simulation.run(1)
  fail('full')
  t.equal(append(log, 2), ErrorCode.KAFKA_STORAGE_ERROR, 'it needs a new segment, and the old one complete')
  fail(null)
  t.same(taken(), ['failed, back to 1'])
  await simulation.run(120)
  t.equal(log.segments[0]?.file().size(), 2 * (log.segments[0]?.writtenSize ?? 0), 'the pool has written it')
  t.equal(append(log, 3), ErrorCode.NONE)
  await simulation.run(50)
  t.same(await values(simulation, log), [0, 3])
})

t.test('nothing is truncated while the pool is writing', async (t) => {
  const { simulation, log } = await setUp()
  append(log, 1)
  await simulation.run(1)
  t.throws(() => log.truncateTo(1), { message: /still under way/ })
  t.equal(log.logEndOffset, 2)
  await simulation.run(20)
  log.truncateTo(1)
  append(log, 3)
  await simulation.run(20)
  t.same(await values(simulation, log), [0, 3])
})

t.test('a log that goes offline, or whose files go, does not look at how its write ends', async (t) => {
  for (const how of ['offline', 'abandon', 'startAnew'] as const) {
    for (const isFailing of [false, true]) {
      const { simulation, node, log, taken, fail } = await setUp()
      append(log, 1)
      await simulation.run(1)
      if (isFailing) fail('full')
      if (how === 'offline') log.goOffline(new Error('gone'))
      else if (how === 'abandon') log.abandon()
      else log.truncateFullyAndStartAt(100)
      await simulation.run(50)
      t.equal(taken().includes('written 2'), false, `${how}, ${isFailing ? 'failing' : 'writing'}`)
      if (how === 'startAnew') t.match(log, { logEndOffset: 100, writtenEndOffset: 100 })
      const warned = node.logger.lines().some((line) => line.includes('nobody waits'))
      t.equal(warned, isFailing)
    }
  }
})
