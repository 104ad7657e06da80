// What must hold when something around the logs fails: a start, a deletion cut short, a disk without space, a process
// without file handles.

import t from 'tap'
import { Broker } from '../../broker/broker.ts'
import type { SimulatedNode } from '../../host/simulated/node.ts'
import { type Simulation, simulate } from '../../host/simulated/simulation.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { LogDirectory } from '../../storage/directory/log-directory.ts'
import { createStorageEnvironment, type StorageOptions } from '../../storage/environment.ts'
import { Log } from '../../storage/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../storage/log/log-config.ts'
import { batchOf, World } from '../broker/harness.ts'
import { seed } from '../host/implementations.ts'

const id = 'ePSQjlhTTsyjmeh43SPfJg'
const otherId = 'C7b5r4z4ROq6kioF3Beb5g'
const config: LogConfig = { ...defaultLogConfig, fileDeleteDelayMs: 1000 }
const marker = '/data/.kafka_cleanshutdown'

function open(node: SimulatedNode, storage: Partial<StorageOptions> = {}): LogDirectory {
  const environment = createStorageEnvironment(node.host, storage)
  return LogDirectory.open({ environment, path: '/data', nodeId: 1, clusterId: null })
}

function append(log: Log, value = 'v'): number {
  const bytes = new TextEncoder().encode(value)
  const batch = buildBatch({ records: [{ key: null, value: bytes }], timestamp: 1_767_225_600_000 })
  return log.append(batch, 0, 'client').errorCode
}

const close = (simulation: Simulation, directory: LogDirectory, brokerEpoch = 42): Promise<void> =>
  simulation.complete(directory.close(brokerEpoch))
const names = (node: SimulatedNode, path: string): string[] => node.host.disk.list(path).map(({ name }) => name)

t.test('a start that fails', async (t) => {
  t.test('after a kill leaves no marker of a clean stop: what was not scanned is scanned by the next', async (t) => {
    for (const opened of [[], ['a'], ['a', 'b']]) {
      const simulation = simulate(1)
      const node = simulation.node('a')
      const first = open(node)
      for (const topic of ['a', 'b']) append(first.openLog(topic, id, 0, config))
      await simulation.run(10)
      node.kill()
      node.restart()
      const second = open(node)
      for (const topic of opened) second.openLog(topic, id, 0, config)
      await close(simulation, second, opened.length === 1 ? 42 : -1)
      t.equal(node.host.disk.exists(marker), false, `${opened.length} of 2 opened`)
    }
  })

  t.test('after a clean stop leaves the marker as it was, with its broker epoch', async (t) => {
    const simulation = simulate(2)
    const node = simulation.node('a')
    const first = open(node)
    append(first.openLog('a', id, 0, config))
    await close(simulation, first)
    node.restart()
    await close(simulation, open(node), -1)
    t.match(open(node), { wasCleanShutdown: true, previousBrokerEpoch: 42 })
  })

  t.test('leaves no marker when the metadata log was not closed', async (t) => {
    for (const isClosed of [true, false]) {
      const simulation = simulate(3)
      const node = simulation.node('a')
      await close(simulation, open(node))
      node.restart()
      const environment = createStorageEnvironment(node.host)
      const directory = LogDirectory.open({ environment, path: '/data', nodeId: 1, clusterId: null })
      const path = '/data/__cluster_metadata-0'
      const log = Log.open({ environment, directory: path, topic: '__cluster_metadata', partition: 0, config })
      append(log)
      if (isClosed) log.close()
      await close(simulation, directory, -1)
      t.equal(node.host.disk.exists(marker), isClosed)
    }
  })

  t.test('of a broker, after a crash: the port is in use, then it is not, and nothing is lost', async (t) => {
    const w = await World.start(t)
    const client = await w.connect()
    await client.createTopic('a')
    await client.produce('a', batchOf(['1']))
    w.node.crash()
    const { network } = w.node.restart()
    const taken = await w.simulation.complete(network.listen({ host: 'broker', port: 9092 }, () => {}))
    const failing = Broker.start({ host: w.node.host, properties: w.properties }).then(
      () => 'started',
      () => 'failed',
    )
    t.equal(await w.simulation.complete(failing), 'failed')
    t.equal(w.node.host.disk.exists(marker), false)
    await w.simulation.complete(Promise.resolve(taken.close()))
    await w.restart()
    t.equal((await (await w.connect()).fetch('a', 0)).read.length, 1)
  })
})

t.test('a topic that is deleted and created again', async (t) => {
  /** A log of ten records that begins at 8, all of it in the checkpoints. */
  async function old(simulation: Simulation, directory: LogDirectory): Promise<Log> {
    const log = directory.openLog('a', id, 0, config)
    for (let index = 0; index < 10; index++) append(log)
    log.requestSync()
    await simulation.run(10)
    log.updateHighWatermark(10)
    log.deleteRecordsBefore(8)
    directory.checkpoint()
    return log
  }

  for (const how of ['kill', 'crash'] as const) {
    t.test(`keeps its records over a ${how}`, async (t) => {
      const simulation = simulate(4)
      const node = simulation.node('a')
      const directory = open(node)
      directory.deleteLog(await old(simulation, directory))
      const next = directory.openLog('a', otherId, 0, config)
      for (let index = 0; index < 5; index++) append(next)
      next.requestSync()
      await simulation.run(10)
      node[how]()
      node.restart()
      t.match(open(node).openLog('a', otherId, 0, config), { logStartOffset: 0, logEndOffset: 5, highWatermark: 0 })
    })
  }

  t.test('keeps its records when a crash came between the two', async (t) => {
    const simulation = simulate(5)
    const node = simulation.node('a')
    const directory = open(node)
    directory.deleteLog(await old(simulation, directory))
    node.kill()
    node.restart()
    const second = open(node)
    const next = second.openLog('a', otherId, 0, config)
    t.match(next, { logStartOffset: 0, logEndOffset: 0 })
    append(next)
    next.requestSync()
    await simulation.run(10)
    node.crash()
    node.restart()
    t.match(open(node).openLog('a', otherId, 0, config), { logStartOffset: 0, logEndOffset: 1 })
  })

  t.test('keeps its records when a checkpoint was being written meanwhile', async (t) => {
    const simulation = simulate(6)
    const node = simulation.node('a')
    const directory = open(node)
    const log = await old(simulation, directory)
    append(log)
    log.requestSync()
    await simulation.run(1)
    const { disk } = node
    disk.options.writeLatencyMs = [50, 50]
    await simulation.run(60_009)
    directory.deleteLog(log)
    const next = directory.openLog('a', otherId, 0, config)
    append(next)
    next.requestSync()
    await simulation.run(1000)
    node.kill()
    node.restart()
    t.match(open(node).openLog('a', otherId, 0, config), { logStartOffset: 0, logEndOffset: 1 })
  })

  t.test('a log that ends before its start begins anew, and the report says so', async (t) => {
    const simulation = simulate(7)
    const node = simulation.node('a')
    const log = Log.open({
      environment: createStorageEnvironment(node.host),
      directory: '/data/a-0',
      topic: 'a',
      partition: 0,
      config,
    })
    append(log)
    await simulation.run(1)
    node.kill()
    node.restart()
    const again = Log.open({
      environment: createStorageEnvironment(node.host),
      directory: '/data/a-0',
      topic: 'a',
      partition: 0,
      config,
      logStartOffset: 8,
    })
    t.match(again, { logStartOffset: 8, logEndOffset: 8 })
    t.match(node.logger.lines().join('\n'), /the log ends before its log start offset.*logEndOffset=1/)
  })
})

t.test('no file handle is left', async (t) => {
  function logs(node: SimulatedNode): Log[] {
    const environment = createStorageEnvironment(node.host, { maxOpenFiles: 1, maxConcurrentSyncs: 1 })
    return [0, 1, 2].map((partition) =>
      Log.open({ environment, directory: `/data/t-${partition}`, topic: 't', partition, config }),
    )
  }

  t.test('for a sync: it is tried again, and no other log waits for it', async (t) => {
    const simulation = simulate(8)
    const node = simulation.node('a')
    const all = logs(node)
    for (const log of all) append(log)
    await simulation.run(1)
    for (const log of all) log.requestSync()
    let isExhausted = true
    node.disk.fault = (operation, path) => {
      return isExhausted && operation === 'open' && path.includes('/t-1/') ? 'exhausted' : null
    }
    await simulation.run(50)
    t.same(
      all.map((log) => [log.durableEndOffset, log.isOffline]),
      [
        [1, false],
        [0, false],
        [1, false],
      ],
    )
    isExhausted = false
    await simulation.run(200)
    t.equal(all[1]!.durableEndOffset, 1)
    for (const log of all) append(log)
    for (const log of all) log.requestSync()
    await simulation.run(50)
    t.same(
      all.map((log) => log.durableEndOffset),
      [2, 2, 2],
    )
  })

  t.test('for a write: it is taken back, and the log goes on when there are some again', async (t) => {
    const simulation = simulate(9)
    const node = simulation.node('a')
    const all = logs(node)
    for (const log of all) append(log)
    await simulation.run(1)
    node.disk.fault = (operation) => (operation === 'open' ? 'exhausted' : null)
    for (const log of all) append(log, 'lost')
    await simulation.run(50)
    for (const log of all) t.match(log, { logEndOffset: 1, isOffline: false })
    await simulation.run(200)
    for (const log of all.slice(0, 2)) t.equal(append(log), ErrorCode.KAFKA_STORAGE_ERROR)
    node.disk.fault = null
    await simulation.run(200)
    for (const log of all) t.equal(append(log), ErrorCode.NONE)
    for (const log of all) log.requestSync()
    await simulation.run(50)
    for (const log of all) t.match(log, { logEndOffset: 2, durableEndOffset: 2 })
  })

  t.test('for a roll: what was written before it is not forgotten with the next failure', async (t) => {
    const simulation = simulate(18)
    const node = simulation.node('a')
    const environment = createStorageEnvironment(node.host)
    const log = Log.open({
      environment,
      directory: '/data/a-0',
      topic: 'a',
      partition: 0,
      config: { ...config, segmentBytes: 1000 },
    })
    const send = (baseSequence: number) => {
      const records = [{ key: null, value: new Uint8Array(240) }]
      const producer = { producerId: 1n, producerEpoch: 0, baseSequence }
      return log.append(buildBatch({ records, timestamp: 1_767_225_600_000, ...producer }), 0, 'client')
    }
    send(0)
    await simulation.run(1)
    node.disk.fault = (operation) => (operation === 'write' ? 'full' : null)
    send(1)
    await simulation.run(1)
    node.disk.fault = null
    await simulation.run(200)
    t.equal(log.logEndOffset, 1)
    for (const sequence of [1, 2]) t.match(send(sequence), { errorCode: 0, baseOffset: sequence })
    node.disk.fault = (operation, path) => (operation === 'write' && path.endsWith('index') ? 'full' : null)
    t.equal(send(3).errorCode, ErrorCode.NONE)
    await simulation.run(1)
    t.equal(log.logEndOffset, 3, 'the segment is full and cannot end')
    node.disk.fault = null
    await simulation.run(200)
    t.match(log, { logEndOffset: 3, isOffline: false })
    t.match(send(2), { errorCode: 0, duplicate: true, baseOffset: 2 })
    t.match(send(3), { errorCode: 0, duplicate: false, baseOffset: 3 })
  })

  t.test('a segment that cannot be opened for another reason ends its log, not those of others', async (t) => {
    const simulation = simulate(10)
    const node = simulation.node('a')
    const all = logs(node)
    for (const log of all) append(log)
    await simulation.run(1)
    for (const log of all) log.requestSync()
    node.disk.fault = (operation, path) => (operation === 'open' && path.includes('/t-1/') ? 'failed' : null)
    await simulation.run(50)
    t.same(
      all.map((log) => [log.durableEndOffset, log.isOffline]),
      [
        [1, false],
        [0, true],
        [1, false],
      ],
    )
  })
})

t.test('the disk is full', async (t) => {
  t.test('retention makes room, and what is left opens again', async (t) => {
    for (const how of ['kill', 'crash'] as const) {
      const simulation = simulate(11)
      const node = simulation.node('a')
      const directory = open(node)
      const small = { ...config, segmentBytes: 1000, retentionBytes: 2500, retentionMs: -1 }
      const log = directory.openLog('a', id, 0, small)
      for (let index = 0; index < 20; index++) append(log, 'x'.repeat(400))
      log.requestSync()
      await simulation.run(100)
      log.updateHighWatermark(20)
      directory.checkpoint()
      const segments = log.segments.length
      node.disk.fault = (operation) => (operation === 'write' ? 'full' : null)
      const before = node.disk.usedSize
      directory.applyRetention()
      await simulation.run(2000)
      t.ok(log.segments.length < segments)
      t.ok(node.disk.usedSize < before)
      const { logStartOffset } = log
      t.equal(log.firstSegmentOffset, logStartOffset)
      node[how]()
      node.disk.fault = null
      node.restart()
      t.match(open(node).openLog('a', id, 0, small), { logStartOffset, logEndOffset: 20 })
    }
  })

  t.test('retention goes as far as it can without a new segment', async (t) => {
    const simulation = simulate(12)
    const node = simulation.node('a')
    const directory = open(node)
    const log = directory.openLog('a', id, 0, { ...config, segmentBytes: 1000, retentionMs: 1 })
    for (let index = 0; index < 20; index++) append(log, 'x'.repeat(400))
    log.requestSync()
    await simulation.run(100)
    log.updateHighWatermark(20)
    node.disk.fault = (operation) => (operation === 'write' ? 'full' : null)
    directory.applyRetention()
    await simulation.run(2000)
    t.equal(log.segments.length, 1)
    t.match(log, { logStartOffset: log.firstSegmentOffset, isOffline: false })
  })

  t.test('segments that cannot be renamed are left, and nobody falls over it', async (t) => {
    const simulation = simulate(13)
    const node = simulation.node('a')
    const directory = open(node)
    const log = directory.openLog('a', id, 0, { ...config, segmentBytes: 1000, retentionBytes: 1000, retentionMs: -1 })
    for (let index = 0; index < 20; index++) append(log, 'x'.repeat(400))
    log.requestSync()
    await simulation.run(100)
    log.updateHighWatermark(20)
    node.disk.fault = (operation, path) => (operation === 'rename' && path.endsWith('.log') ? 'denied' : null)
    directory.applyRetention()
    await simulation.run(2000)
    t.match(node.logger.lines().join('\n'), /stays on disk/)
    t.match(log, { logStartOffset: log.firstSegmentOffset, isOffline: false })
    node.kill()
    node.disk.fault = null
    node.restart()
    t.match(open(node).openLog('a', id, 0, config), { logStartOffset: log.logStartOffset, logEndOffset: 20 })
  })

  t.test('half of a topic id is not left for a clean start to take for all of it', async (t) => {
    const simulation = simulate(15)
    const node = simulation.node('a')
    const path = '/data/a-0/partition.metadata'
    const first = open(node)
    node.disk.fault = (operation, at) => (operation === 'write' && at === path ? 'full' : null)
    append(first.openLog('a', id, 0, config))
    await simulation.run(1)
    node.disk.fault = null
    await close(simulation, first)
    node.restart()
    const second = open(node)
    append(second.openLog('a', id, 0, config))
    await simulation.run(1)
    const text = Buffer.alloc(100)
    const size = node.host.disk.open(path, 'read').readSync(text, 0)
    t.match(text.toString('utf8', 0, size), id)
  })

  t.test('a partition can be deleted', async (t) => {
    const simulation = simulate(14)
    const node = simulation.node('a')
    const directory = open(node)
    const log = directory.openLog('a', id, 0, config)
    append(log, 'x'.repeat(5000))
    await simulation.run(10)
    directory.checkpoint()
    node.disk.fault = (operation) => (operation === 'write' ? 'full' : null)
    directory.deleteLog(log)
    await simulation.run(2000)
    t.notOk(names(node, '/data').some((name) => name.startsWith('a-0')))
    t.throws(() => directory.openLog('a', otherId, 0, config), /no space left/, 'its lines are in the checkpoints')
    node.disk.fault = null
    t.equal(directory.openLog('a', otherId, 0, config).logEndOffset, 0)
  })

  t.test('a partition whose directory cannot be renamed is not opened for another topic', async (t) => {
    const simulation = simulate(15)
    const node = simulation.node('a')
    const directory = open(node)
    const log = directory.openLog('a', id, 0, config)
    append(log)
    await simulation.run(10)
    node.disk.fault = (operation) => (operation === 'rename' ? 'full' : null)
    directory.deleteLog(log)
    t.throws(() => directory.openLog('a', otherId, 0, config))
    node.disk.fault = null
    t.equal(directory.openLog('a', otherId, 0, config).logEndOffset, 0)
  })

  t.test('DeleteRecords and ListOffsets by time answer KAFKA_STORAGE_ERROR', async (t) => {
    const w = await World.start(t)
    const client = await w.connect()
    await client.createTopic('a')
    for (let index = 0; index < 3; index++) await client.produce('a', batchOf([`${index}`]))
    w.node.disk.fault = (operation) => (operation === 'write' ? 'full' : null)
    const remove = { topics: [{ name: 'a', partitions: [{ partitionIndex: 0, offset: 2n }] }], timeoutMs: 1000 }
    const refused = await client.request('DeleteRecords', 2, remove)
    t.match(refused.topics[0]?.partitions, [{ lowWatermark: -1n, errorCode: ErrorCode.KAFKA_STORAGE_ERROR }])
    w.node.disk.fault = null
    const done = await client.request('DeleteRecords', 2, remove)
    t.match(done.topics[0]?.partitions, [{ lowWatermark: 2n, errorCode: ErrorCode.NONE }])
    w.node.disk.fault = (operation) => (operation === 'read' ? 'failed' : null)
    const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: 1n }]
    const list = { replicaId: -1, isolationLevel: 0, topics: [{ name: 'a', partitions }] }
    const answer = await client.request('ListOffsets', 5, list)
    t.match(answer.topics[0]?.partitions, [{ errorCode: ErrorCode.KAFKA_STORAGE_ERROR, offset: -1n }])
    w.node.disk.fault = null
  })
})

t.test('the logs of a directory that has failed take nothing any more, and say so', async (t) => {
  const simulation = simulate(seed)
  const node = simulation.node('a')
  const directory = open(node)
  const log = directory.openLog('a', id, 0, config)
  append(log)
  await simulation.run(10)
  const failures: string[] = []
  log.listener = { onWritten() {}, onDurable() {}, onFailed: (error) => failures.push(error.message) }
  append(log)
  node.disk.fault = (operation, path) => (operation === 'write' && path.includes('checkpoint') ? 'failed' : null)
  directory.checkpoint()
  node.disk.fault = null
  t.match(log, { isOffline: true, logEndOffset: 1 })
  t.equal(failures.length, 1)
  t.equal(append(log), ErrorCode.KAFKA_STORAGE_ERROR)
  await close(simulation, directory)
  t.equal(node.host.disk.exists(marker), false)
})

t.test('checkpoints in the background', async (t) => {
  t.test('sync nothing on the event loop, and are there a little later', async (t) => {
    const simulation = simulate(16)
    const node = simulation.node('a')
    const directory = open(node)
    const log = directory.openLog('a', id, 0, config)
    append(log)
    log.requestSync()
    await simulation.run(10)
    log.updateHighWatermark(1)
    await simulation.run(6000)
    node.crash()
    node.restart()
    t.equal(open(node).openLog('a', id, 0, config).highWatermark, 1)
    t.equal(directory.isOffline, false)
  })

  t.test('a stop waits for the one under way', async (t) => {
    const simulation = simulate(17)
    const node = simulation.node('a')
    const directory = open(node)
    const log = directory.openLog('a', id, 0, config)
    append(log)
    log.requestSync()
    await simulation.run(10)
    log.updateHighWatermark(1)
    node.disk.options.syncLatencyMs = [50, 50]
    await simulation.run(5000)
    await close(simulation, directory)
    t.match(open(node), { wasCleanShutdown: true })
  })
})
