// A disk without space, as logs see it; as clients do: test/broker/full-disk.test.ts.

import t from 'tap'
import type { SimulatedNode } from '../../host/simulated/node.ts'
import { type Simulation, simulate } from '../../host/simulated/simulation.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { LogDirectory } from '../../storage/directory/log-directory.ts'
import { defaultLogConfig, type LogConfig } from '../../storage/log/log-config.ts'
import { batchOf, World } from '../broker/harness.ts'
import { append, OTHER_TOPIC_ID, openDirectory, TOPIC_ID } from './logs.ts'

const config: LogConfig = { ...defaultLogConfig, fileDeleteDelayMs: 1000 }

const close = (simulation: Simulation, directory: LogDirectory, brokerEpoch = 42): Promise<void> =>
  simulation.complete(directory.close(brokerEpoch))
const names = (node: SimulatedNode, path: string): string[] => node.host.disk.list(path).map(({ name }) => name)

t.test('retention makes room, and what is left opens again', async (t) => {
  for (const how of ['kill', 'crash'] as const) {
    const simulation = simulate(11)
    const node = simulation.node('a')
    const directory = openDirectory(node)
    const small = { ...config, segmentBytes: 1000, retentionBytes: 2500, retentionMs: -1 }
    const log = directory.openLog('a', TOPIC_ID, 0, small)
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
    t.match(openDirectory(node).openLog('a', TOPIC_ID, 0, small), { logStartOffset, logEndOffset: 20 })
  }
})

t.test('retention goes as far as it can without a new segment', async (t) => {
  const simulation = simulate(12)
  const node = simulation.node('a')
  const directory = openDirectory(node)
  const log = directory.openLog('a', TOPIC_ID, 0, { ...config, segmentBytes: 1000, retentionMs: 1 })
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
  const directory = openDirectory(node)
  const log = directory.openLog('a', TOPIC_ID, 0, {
    ...config,
    segmentBytes: 1000,
    retentionBytes: 1000,
    retentionMs: -1,
  })
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
  t.match(openDirectory(node).openLog('a', TOPIC_ID, 0, config), {
    logStartOffset: log.logStartOffset,
    logEndOffset: 20,
  })
})

t.test('half of a topic id is not left for a clean start to take for all of it', async (t) => {
  const simulation = simulate(15)
  const node = simulation.node('a')
  const path = '/data/a-0/partition.metadata'
  const first = openDirectory(node)
  node.disk.fault = (operation, at) => (operation === 'write' && at === path ? 'full' : null)
  append(first.openLog('a', TOPIC_ID, 0, config))
  await simulation.run(1)
  node.disk.fault = null
  await close(simulation, first)
  node.restart()
  const second = openDirectory(node)
  append(second.openLog('a', TOPIC_ID, 0, config))
  await simulation.run(1)
  const text = Buffer.alloc(100)
  const size = node.host.disk.open(path, 'read').readSync(text, 0)
  t.match(text.toString('utf8', 0, size), TOPIC_ID)
})

t.test('a partition can be deleted on a full disk', async (t) => {
  const simulation = simulate(14)
  const node = simulation.node('a')
  const directory = openDirectory(node)
  const log = directory.openLog('a', TOPIC_ID, 0, config)
  append(log, 'x'.repeat(5000))
  await simulation.run(10)
  directory.checkpoint()
  node.disk.fault = (operation) => (operation === 'write' ? 'full' : null)
  directory.deleteLog(log)
  await simulation.run(2000)
  t.notOk(names(node, '/data').some((name) => name.startsWith('a-0')))
  t.throws(() => directory.openLog('a', OTHER_TOPIC_ID, 0, config), /no space left/, 'its lines are in the checkpoints')
  node.disk.fault = null
  t.equal(directory.openLog('a', OTHER_TOPIC_ID, 0, config).logEndOffset, 0)
})

t.test('a partition whose directory cannot be renamed is not opened for another topic', async (t) => {
  const simulation = simulate(15)
  const node = simulation.node('a')
  const directory = openDirectory(node)
  const log = directory.openLog('a', TOPIC_ID, 0, config)
  append(log)
  await simulation.run(10)
  node.disk.fault = (operation) => (operation === 'rename' ? 'full' : null)
  directory.deleteLog(log)
  t.throws(() => directory.openLog('a', OTHER_TOPIC_ID, 0, config))
  node.disk.fault = null
  t.equal(directory.openLog('a', OTHER_TOPIC_ID, 0, config).logEndOffset, 0)
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
