// Writes in the pool: what collects behind them, who overtakes them, what becomes of them when something fails.

import t from 'tap'
import type { DiskErrorReason } from '../../../host/disk.ts'
import { type Simulation, simulate } from '../../../host/simulated/simulation.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { readRecords } from '../../../protocol/records/record.ts'
import { createStorageEnvironment } from '../../../storage/environment.ts'
import { Log } from '../../../storage/log/log.ts'
import { defaultLogConfig } from '../../../storage/log/log-config.ts'

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

t.test('a roll on request, a search by time and a close overtake the write that is under way', async (t) => {
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
  append(log, 2)
  fail('full')
  t.throws(() => log.offsetForTimestamp(1002), { message: /no space/ }, 'it overtakes the write')
  log.writeFailed(new Error('what follows from that'))
  fail(null)
  t.same(taken(), ['failed, back to 1'])
  await simulation.run(120)
  t.equal(log.segments[0]?.file().size(), 2 * (log.segments[0]?.writtenSize ?? 0), 'the pool has written it')
  t.equal(append(log, 3), ErrorCode.NONE)
  await simulation.run(50)
  t.same(await values(simulation, log), [0, 3])
})

t.test('an append that needs a new segment does not wait for the write of the old one', async (t) => {
  const { simulation, node, log, taken } = await setUp(1, 0, 400)
  let writtenInLoop = 0
  node.disk.fault = (operation, path) => {
    if (operation === 'write' && path.endsWith('.log') && isAppending) writtenInLoop++
    return null
  }
  let isAppending = false
  for (let value = 1; value < 8; value++) {
    isAppending = true
    t.equal(append(log, value), ErrorCode.NONE)
    isAppending = false
    await simulation.run(1)
  }
  t.equal(writtenInLoop, 0)
  t.equal(log.segments.length, 4)
  t.same(taken(), [])
  t.same(
    log.segments.map((segment) => node.host.disk.exists(segment.path('.log'))),
    [true, false, false, false],
    'none has a file before the one before it is whole',
  )
  log.requestSync()
  await simulation.run(10)
  t.ok(taken().includes('written 2'), 'to the end of the first')
  t.same(
    log.segments.map((segment) => node.host.disk.exists(segment.path('.log'))),
    [true, true, false, false],
  )
  await simulation.run(100)
  t.equal(log.durableEndOffset, 8)
  t.equal(log.recoveryPoint, 8)
  node.restart()
  const environment = createStorageEnvironment(node.host)
  const again = Log.open({ environment, directory, topic: 'topic', partition: 0, config: defaultLogConfig })
  t.same(await values(simulation, again), [0, 1, 2, 3, 4, 5, 6, 7])
  t.equal(again.recoveryReport?.reason, null)
})

t.test('segments that have begun go when a write before them fails; what was written stays', async (t) => {
  const failures = [
    ['write', '.log'],
    ['open', '.index'],
    ['open', '.snapshot'],
    ['open', '2.log'],
  ]
  for (const [failing, suffix = ''] of failures) {
    const { simulation, node, log, taken } = await setUp(1, 0, 400)
    for (let value = 1; value < 6; value++) append(log, value)
    t.equal(log.segments.length, 3)
    let left = failing === 'write' ? 1 : 0
    node.disk.fault = (operation, path) =>
      operation === failing && path.endsWith(suffix) && left-- <= 0 ? 'full' : null
    log.requestSync()
    await simulation.run(50)
    t.equal(log.logEndOffset, 2, `${failing} ${suffix}`)
    t.ok(taken().includes('failed, back to 2'))
    t.match(log, { writtenEndOffset: 2, durableEndOffset: 2 })
    node.disk.fault = null
    await simulation.run(200)
    for (let value = 6; value < 9; value++) t.equal(append(log, value), ErrorCode.NONE)
    await simulation.run(100)
    t.same(await values(simulation, log), [0, 1, 6, 7, 8])
    t.equal(log.segments.length, 3)
  }
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

t.test('the pool goes on as long as it has to wait itself, for what is little too', async (t) => {
  const simulation = simulate(11)
  const node = simulation.node('a', { disk: { writeLatencyMs: [100, 100] } })
  const environment = createStorageEnvironment(node.host, { slowWriteMs: 30, poolWriteFromSize: 150 })
  const log = Log.open({ environment, directory, topic: 'topic', partition: 0, config: defaultLogConfig })
  const { writer } = environment
  writer.wroteInLoop(writer.now() - 60)
  for (let round = 0; round < 30; round++) {
    append(log, round, round === 0 ? 100 : 1)
    await simulation.run(1)
    t.equal(log.segments[0]?.isWriting, true)
    await simulation.run(100)
  }
})

t.test('memory is charged until it is written, whatever comes of it', async (t) => {
  const simulation = simulate(12)
  const node = simulation.node('a', { disk: { writeLatencyMs: [10, 10] } })
  let [charged, most] = [0, 0]
  const unwritten = {
    chargeUnwritten: (size: number) => {
      charged += size
      most = Math.max(most, charged)
    },
    releaseUnwritten: (size: number) => {
      charged -= size
    },
  }
  const overrides = { tailCacheSize: 0, slowWriteMs: 0, poolWriteFromSize: 1 }
  const environment = createStorageEnvironment(node.host, overrides, unwritten)
  const logs = Array.from({ length: 40 }, (_, partition) =>
    Log.open({
      environment,
      directory: `/data/topic-${partition}`,
      topic: 'topic',
      partition,
      config: defaultLogConfig,
    }),
  )
  for (let round = 0; round < 30; round++) {
    for (const log of logs) append(log, round)
    if (round === 10) logs[0]?.roll()
    if (round === 20)
      node.disk.fault = (operation, path) => (operation === 'write' && path.endsWith('.log') ? 'full' : null)
    if (round === 22) node.disk.fault = () => null
    if (round === 25) logs[1]?.close()
    if (round === 26) logs[2]?.goOffline(new Error('a test'))
    await simulation.run(2)
    t.equal(
      charged > 0,
      logs.some(({ segments }) => segments.some(({ unwrittenSize }) => unwrittenSize > 0)),
    )
  }
  await simulation.run(5000)
  t.ok(most > 40 * 200)
  t.equal(charged, 0)
  for (const log of logs.slice(3)) t.equal(log.writtenEndOffset, log.logEndOffset)
})

t.test('directories of new logs are made a few a turn, and each acknowledges in order', async (t) => {
  const simulation = simulate(13)
  const node = simulation.node('a')
  let ms = 0
  const host = { ...node.host, clock: { now: () => ms, monotonic: () => ms } }
  const environment = createStorageEnvironment(host)
  const make = node.host.disk.makeDirectory.bind(node.host.disk)
  let madeOfTurn = 0
  node.host.disk.makeDirectory = (path) => {
    ms++
    madeOfTurn++
    make(path)
  }
  const written: number[] = []
  const logs = Array.from({ length: 50 }, (_, partition) => {
    const options = { environment, topic: 'topic', partition, config: defaultLogConfig }
    const log = Log.open({ ...options, directory: `/data/topic-${partition}` })
    log.listener = { onWritten: () => written.push(partition), onDurable: () => {}, onFailed: () => {} }
    return log
  })
  for (const log of logs) append(log, 1)
  for (const log of logs) append(log, 2)
  for (let turn = 0; turn < 100 && written.length < 50; turn++) {
    madeOfTurn = 0
    await new Promise<void>((resolve) => {
      node.host.timers.endOfTurn(resolve)
      simulation.run(0)
    })
    t.ok(madeOfTurn <= 4, `${madeOfTurn} of two turns`)
  }
  t.same(
    written,
    logs.map(({ partition }) => partition),
  )
  t.ok(logs.every(({ writtenEndOffset }) => writtenEndOffset === 2))
})

t.test('a turn that has written for long leaves the other logs to the next, in their order', async (t) => {
  const simulation = simulate(14)
  const node = simulation.node('a')
  let ms = 0
  const host = { ...node.host, clock: { now: () => ms, monotonic: () => ms } }
  const environment = createStorageEnvironment(host)
  const written: number[] = []
  const logs = Array.from({ length: 12 }, (_, partition) => {
    const options = { environment, topic: 'topic', partition, config: defaultLogConfig }
    const log = Log.open({ ...options, directory: `/data/topic-${partition}` })
    append(log, 0)
    return log
  })
  await simulation.run(10)
  for (const [partition, log] of logs.entries()) {
    // Each write takes 1.5 ms.
    const onWritten = () => {
      written.push(partition)
      ms += 1.5
    }
    log.listener = { onWritten, onDurable: () => {}, onFailed: () => {} }
  }
  for (const log of logs) append(log, 1)
  const turns: number[] = []
  for (let turn = 0; turn < 20 && written.length < 12; turn++) {
    const before = written.length
    await new Promise<void>((resolve) => {
      node.host.timers.endOfTurn(resolve)
      simulation.run(0)
    })
    turns.push(written.length - before)
    // What comes later is behind those that wait.
    if (turn === 0) append(logs[0]!, 2)
  }
  t.ok(
    turns.every((count) => count <= 6),
    `${turns} of two turns each`,
  )
  t.same(
    written.slice(0, 12),
    logs.map((_, partition) => partition),
  )
})
