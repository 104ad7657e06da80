// A log directory: who may use it, what outlives a stop, a kill and a loss of power, and what is set aside.

import t from 'tap'
import type { SimulatedNode } from '../../../host/simulated/node.ts'
import { type Simulation, simulate } from '../../../host/simulated/simulation.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { readCheckpoint, readOffsetCheckpoint, readTextFile, replaceFile } from '../../../storage/checkpoint.ts'
import { LogDirectory } from '../../../storage/directory/log-directory.ts'
import type { LogDirectoryOptions } from '../../../storage/directory/log-directory-options.ts'
import { createStorageEnvironment } from '../../../storage/environment.ts'
import type { Log } from '../../../storage/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../../storage/log/log-config.ts'

const id = 'ePSQjlhTTsyjmeh43SPfJg'
const otherId = 'C7b5r4z4ROq6kioF3Beb5g'
const config: LogConfig = { ...defaultLogConfig, fileDeleteDelayMs: 1000 }

function open(node: SimulatedNode, options: Partial<LogDirectoryOptions> = {}): LogDirectory {
  const environment = createStorageEnvironment(node.host)
  return LogDirectory.open({ environment, path: '/data', nodeId: 1, clusterId: null, ...options })
}

function append(log: Log, count: number, value = 'v'): void {
  const bytes = new TextEncoder().encode(value)
  const records = Array.from({ length: count }, () => ({ key: bytes, value: bytes }))
  const result = log.append(buildBatch({ records, timestamp: 1_767_225_600_000 }), 0, 'client')
  if (result.errorCode !== 0) throw new Error(`${result.errorMessage}`)
}

const close = (simulation: Simulation, directory: LogDirectory): Promise<void> =>
  simulation.complete(directory.close(42))
const names = (node: SimulatedNode): string[] => node.host.disk.list('/data').map(({ name }) => name)
const files = (node: SimulatedNode, directory: string): string[] =>
  node.host.disk.list(`/data/${directory}`).map(({ name }) => name)

t.test('a directory belongs to one cluster, one node and one process', async (t) => {
  const simulation = simulate(1)
  const node = simulation.node('a')
  const directory = open(node, { clusterId: 'OExQfSewS4ukr3oz6vrcTg' })
  t.match(node.host.disk.exists('/data/meta.properties'), true)
  t.throws(() => open(node), /locked by another process/)
  await close(simulation, directory)
  t.throws(() => open(node, { clusterId: otherId }), /belongs to cluster OExQfSewS4ukr3oz6vrcTg/)
  t.throws(() => open(node, { nodeId: 2 }), /belongs to node 1/)
  const again = open(node)
  t.equal(again.clusterId, 'OExQfSewS4ukr3oz6vrcTg')
  t.equal(again.directoryId, directory.directoryId)
  t.equal(directory.directoryId.length, 22)
})

t.test('a clean stop is told to the next start, once', async (t) => {
  const simulation = simulate(2)
  const node = simulation.node('a')
  const first = open(node)
  t.match([first.wasCleanShutdown, first.previousBrokerEpoch], [false, -1])
  append(first.openLog('orders', id, 0, config), 5)
  await close(simulation, first)
  t.equal(readTextFile(node.host.disk, '/data/.kafka_cleanshutdown'), '{"version":0,"brokerEpoch":42}')
  node.restart()
  const second = open(node)
  t.match([second.wasCleanShutdown, second.previousBrokerEpoch], [true, 42])
  t.equal(second.openLog('orders', id, 0, config).recoveryReport, null)
  node.kill()
  node.restart()
  const third = open(node)
  t.equal(third.wasCleanShutdown, false)
  t.match(third.openLog('orders', id, 0, config), { logEndOffset: 5, recoveryReport: { segments: 1, bytesCut: 0 } })
})

t.test('high watermarks, start offsets and recovery points are checkpointed by themselves', async (t) => {
  const simulation = simulate(3)
  const node = simulation.node('a')
  const directory = open(node)
  const log = directory.openLog('orders', id, 3, config)
  append(log, 10)
  log.requestSync()
  await simulation.run(10)
  log.updateHighWatermark(8)
  await simulation.run(5000)
  const { disk } = node.host
  t.same(readCheckpoint(disk, '/data/replication-offset-checkpoint'), ['orders 3 8'])
  log.deleteRecordsBefore(4)
  await simulation.run(0)
  t.same(readCheckpoint(disk, '/data/log-start-offset-checkpoint'), ['orders 3 4'])
  await simulation.run(60_000)
  t.same(readCheckpoint(disk, '/data/recovery-point-offset-checkpoint'), ['orders 3 10'])
  node.crash()
  node.restart()
  const again = open(node).openLog('orders', id, 3, config)
  t.match(again, { logStartOffset: 4, highWatermark: 8, logEndOffset: 10 })
})

t.test('a checkpoint keeps the lines of partitions that nobody opened', async (t) => {
  const simulation = simulate(4)
  const node = simulation.node('a')
  const first = open(node)
  append(first.openLog('a', id, 0, config), 3)
  append(first.openLog('b', otherId, 0, config), 4)
  await close(simulation, first)
  node.restart()
  const second = open(node)
  append(second.openLog('a', id, 0, config), 3)
  t.same(second.unopened(), [{ topic: 'b', partition: 0, kind: 'partition' }])
  await close(simulation, second)
  const offsets = readOffsetCheckpoint(node.host.disk, '/data/recovery-point-offset-checkpoint')
  t.same([offsets.get('a')?.get(0), offsets.get('b')?.get(0)], [6, 4])
})

t.test('a damaged checkpoint means that nothing is known, not that nothing starts', async (t) => {
  const simulation = simulate(5)
  const node = simulation.node('a')
  const first = open(node)
  append(first.openLog('a', id, 0, config), 3)
  await close(simulation, first)
  for (const text of ['', '7\n0\n', '0\n2\na 0 3\n', '0\n1\na zero 3\n']) {
    node.restart()
    replaceFile(node.host.disk, '/data', 'recovery-point-offset-checkpoint', text)
    const directory = open(node)
    t.equal(directory.openLog('a', id, 0, config).logEndOffset, 3, JSON.stringify(text))
  }
})

t.test('a deleted partition is renamed at once, removed later, and its name is free', async (t) => {
  const simulation = simulate(6)
  const node = simulation.node('a')
  const directory = open(node)
  const log = directory.openLog('a', id, 0, config)
  append(log, 3)
  log.requestSync()
  await simulation.run(0.05)
  directory.deleteLog(log)
  t.equal(directory.hasLog('a', 0), false)
  const aside = names(node).find((name) => name.startsWith('a-0'))
  t.match(aside, /^a-0\.[0-9a-f]{32}-delete$/)
  const next = directory.openLog('a', otherId, 0, config)
  t.match(next, { logEndOffset: 0, topicId: otherId })
  append(next, 1)
  await simulation.run(2000)
  t.same(
    names(node).filter((name) => name.startsWith('a-0')),
    ['a-0'],
  )
  t.equal(next.durableEndOffset, 0)
})

t.test('what waits for its removal is removed by the next start', async (t) => {
  const simulation = simulate(7)
  const node = simulation.node('a')
  const directory = open(node)
  const log = directory.openLog('long'.repeat(62), id, 0, config)
  append(log, 3)
  await simulation.run(1)
  directory.deleteLog(log)
  const aside = names(node).find((name) => name.endsWith('-delete'))
  t.equal(aside?.length, 255, 'names stay legal')
  node.kill()
  node.restart()
  open(node)
  await simulation.run(1)
  t.same(
    names(node).filter((name) => name.startsWith('long')),
    [],
  )
})

t.test('a partition of another topic with the same name is set aside, never deleted', async (t) => {
  const simulation = simulate(8)
  const node = simulation.node('a')
  const first = open(node)
  append(first.openLog('a', id, 0, config), 3)
  await close(simulation, first)
  node.restart()
  const second = open(node)
  t.equal(second.openLog('a', otherId, 0, config).logEndOffset, 0)
  t.match(
    names(node)
      .filter((name) => name.startsWith('a-0'))
      .sort(),
    [/^a-0\.[0-9a-f]{32}-stray$/],
  )
})

t.test('a log that was never appended to is not on disk', async (t) => {
  const simulation = simulate(81)
  const node = simulation.node('a')
  const directory = open(node)
  const idle = directory.openLog('idle', id, 0, config)
  const used = directory.openLog('used', id, 0, config)
  t.equal(directory.openLog('idle', id, 0, config), idle)
  append(used, 1)
  used.requestSync()
  await simulation.run(1000)
  t.same(idle.producers.active(), [])
  t.equal(idle.offsetForTimestamp(0), null)
  t.same(files(node, 'used-0'), ['00000000000000000000.log', 'partition.metadata'])
  t.notOk(names(node).includes('idle-0'))
  directory.deleteLog(directory.openLog('gone', id, 0, config))
  t.notOk(directory.hasLog('gone', 0))
  await close(simulation, directory)
  t.notOk(names(node).includes('idle-0'))
  const indexes = ['00000000000000000000.index', '00000000000000000000.timeindex']
  t.same(
    files(node, 'used-0').filter((name) => name.endsWith('index')),
    indexes,
    'a clean stop leaves what Kafka looks for',
  )
  node.restart()
  const again = open(node)
  t.equal(again.openLog('idle', id, 0, config).logEndOffset, 0)
  append(again.openLog('idle', id, 0, config), 2)
  await simulation.run(1)
  t.same(files(node, 'idle-0'), ['00000000000000000000.log', 'partition.metadata'])
})

t.test('retention by time and by size, from timers', async (t) => {
  const simulation = simulate(9)
  const node = simulation.node('a')
  const directory = open(node)
  const small = { ...config, segmentBytes: 1000, retentionMs: 3_600_000, retentionBytes: -1 }
  const byTime = directory.openLog('time', id, 0, small)
  const bySize = directory.openLog('size', id, 0, { ...small, retentionMs: -1, retentionBytes: 2500 })
  const compacted = directory.openLog('compact', id, 0, { ...small, cleanupPolicy: ['compact'] })
  for (let index = 0; index < 10; index++) {
    for (const log of [byTime, bySize, compacted]) append(log, 1, 'x'.repeat(200))
  }
  await simulation.run(100)
  for (const log of [byTime, bySize, compacted]) log.updateHighWatermark(10)
  t.equal(byTime.segments.length, 5)
  await simulation.run(300_000)
  t.match(bySize, { logStartOffset: 4, firstSegmentOffset: 4 }, 'no segment goes whose loss would leave less than that')
  t.equal(byTime.logStartOffset, 0)
  await simulation.run(3_600_000)
  t.match(byTime, { logStartOffset: 10, logEndOffset: 10 }, 'the active segment goes by time as well')
  t.equal(compacted.logStartOffset, 0)
  await simulation.run(302_000)
  t.same(
    node.host.disk.list('/data/time-0').map(({ name }) => name),
    ['00000000000000000010.log', '00000000000000000010.snapshot', 'leader-epoch-checkpoint', 'partition.metadata'],
  )
})

t.test('nothing above the high watermark expires', async (t) => {
  const simulation = simulate(10)
  const node = simulation.node('a')
  const directory = open(node)
  const log = directory.openLog('a', id, 0, { ...config, segmentBytes: 1000, retentionMs: 1000 })
  for (let index = 0; index < 10; index++) append(log, 1, 'x'.repeat(200))
  await simulation.run(100)
  log.updateHighWatermark(5)
  await simulation.run(300_000)
  t.equal(log.logStartOffset, 4)
})

t.test('flush.ms is honoured', async (t) => {
  const simulation = simulate(11)
  const node = simulation.node('a')
  const log = open(node).openLog('a', id, 0, { ...config, flushMs: 3000 })
  append(log, 3)
  await simulation.run(1500)
  t.equal(log.durableEndOffset, 0)
  await simulation.run(3000)
  t.equal(log.durableEndOffset, 3)
})

t.test(
  'a sync that fails takes the directory offline, as in Kafka; one without room or a file its log alone',
  async (t) => {
    for (const [reason, isOffline] of [
      ['failed', true],
      ['full', false],
      ['missing', false],
    ] as const) {
      const simulation = simulate(13)
      const node = simulation.node('a')
      const directory = open(node)
      const told: string[] = []
      directory.onOffline = (_directory, error) => told.push(error.message)
      const [bad, other] = [directory.openLog('a', id, 0, config), directory.openLog('a', id, 1, config)]
      append(bad, 3)
      append(other, 3)
      bad.requestSync()
      node.disk.fault = (operation, path) => (operation === 'sync' && path.includes('a-0/') ? reason : null)
      await simulation.run(10)
      t.match([bad.isOffline, other.isOffline, directory.isOffline], [true, isOffline, isOffline], reason)
      t.equal(told.length, isOffline ? 1 : 0)
      node.disk.fault = null
      await close(simulation, directory)
      t.equal(node.host.disk.exists('/data/.kafka_cleanshutdown'), false, 'it does not claim a clean stop')
    }
  },
)

t.test('a directory whose checkpoints fail is offline; one that is full is not', async (t) => {
  for (const [reason, isOffline] of [
    ['failed', true],
    ['full', false],
  ] as const) {
    const simulation = simulate(12)
    const node = simulation.node('a')
    const directory = open(node)
    const told: string[] = []
    directory.onOffline = (_directory, error) => told.push(error.message)
    append(directory.openLog('a', id, 0, config), 3)
    await simulation.run(10)
    node.disk.fault = (operation, path) => (operation === 'write' && path.includes('checkpoint') ? reason : null)
    directory.checkpoint()
    t.equal(directory.isOffline, isOffline)
    t.equal(told.length, isOffline ? 1 : 0)
    node.disk.fault = null
    await close(simulation, directory)
    t.equal(node.host.disk.exists('/data/.kafka_cleanshutdown'), !isOffline, 'it does not claim a clean stop')
  }
})
