// Which appends share a sync, on a simulated machine whose disk takes 1 ms for one.

import t from 'tap'
import { simulate } from '../../../host/simulated/simulation.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { createStorageEnvironment } from '../../../storage/environment.ts'
import { Log } from '../../../storage/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../../storage/log/log-config.ts'

const record = (): Uint8Array =>
  buildBatch({ timestamp: 1_767_225_600_000, records: [{ key: null, value: new Uint8Array(100) }] })

function setUp(seed: number) {
  const simulation = simulate(seed)
  const node = simulation.node('a', { disk: { syncLatencyMs: [1, 1] } })
  const environment = createStorageEnvironment(node.host)
  const { disk } = node.host
  const open = (partition: number, config: Partial<LogConfig> = {}): Log =>
    Log.open({
      environment,
      directory: `/data/topic-${partition}`,
      topic: 'topic',
      partition,
      config: { ...defaultLogConfig, ...config },
    })
  return { simulation, node, disk, commits: environment.commits, open }
}

t.test('acks=all on a topic with flush.messages=1 syncs once', async (t) => {
  const { simulation, commits, open } = setUp(1)
  const log = open(0, { flushMessages: 1 })
  for (let count = 1; count <= 3; count++) {
    log.append(record(), 0, 'client')
    log.requestSync()
    await simulation.run(100)
    t.equal(log.durableEndOffset, count)
    t.equal(commits.startedCount, count)
  }
})

t.test('flush.messages=3 syncs with every third record', async (t) => {
  const { simulation, commits, open } = setUp(2)
  const log = open(0, { flushMessages: 3 })
  const durable: number[] = []
  for (let count = 0; count < 6; count++) {
    log.append(record(), 0, 'client')
    await simulation.run(100)
    durable.push(log.durableEndOffset)
  }
  t.same(durable, [0, 0, 3, 3, 3, 6])
  t.equal(commits.startedCount, 2)
})

t.test('what is appended to many logs in one turn is one round', async (t) => {
  const { simulation, commits, open } = setUp(3)
  const logs = Array.from({ length: 12 }, (_, partition) => open(partition))
  for (let round = 1; round <= 3; round++) {
    for (const log of logs) {
      log.append(record(), 0, 'client')
      log.requestSync()
    }
    await simulation.run(100)
    t.same(new Set(logs.map((log) => log.durableEndOffset)), new Set([round]))
    t.same([commits.roundCount, commits.startedCount], [round, round * logs.length])
  }
})

t.test('a segment that ends is synced though nobody waits, outside of the rounds', async (t) => {
  const { simulation, commits, open } = setUp(4)
  const log = open(0)
  log.append(record(), 0, 'client')
  await simulation.run(100)
  t.equal(commits.startedCount, 0)
  log.roll()
  await simulation.run(100)
  t.same([commits.roundCount, commits.startedCount], [0, 1])
  t.equal(log.recoveryPoint, 1)
})

t.test('a roll waits for no sync: the epochs of the segment are in their place when it is durable', async (t) => {
  const { simulation, node, disk, open } = setUp(5)
  const checkpoint = '/data/topic-0/leader-epoch-checkpoint'
  const log = open(0)
  log.append(record(), 7, 'client')
  await simulation.run(100)
  const { syncDirectory } = disk
  disk.syncDirectory = () => t.fail('a sync in the loop')
  log.roll()
  await simulation.run(0)
  t.notOk(disk.exists(checkpoint))
  t.equal(log.recoveryPoint, 0)
  await simulation.run(10)
  t.ok(disk.exists(checkpoint))
  t.equal(log.recoveryPoint, 1)

  t.comment('a full disk: it is tried again, and nothing is taken for lost')
  node.disk.fault = (operation, path) => (operation === 'write' && path.includes('epoch') ? 'full' : null)
  log.append(record(), 8, 'client')
  log.roll()
  log.append(record(), 8, 'client')
  log.requestSync()
  await simulation.run(500)
  t.match(log, { isOffline: false, recoveryPoint: 1, logEndOffset: 3 })
  node.disk.fault = null
  await simulation.run(500)
  t.match(log, { isOffline: false, recoveryPoint: 3, durableEndOffset: 3 })

  t.comment('a truncation while it is under way: what it says of the end is out of date')
  disk.syncDirectory = syncDirectory
  log.append(record(), 9, 'client')
  log.roll()
  log.append(record(), 10, 'client')
  log.requestSync()
  await simulation.run(0.5)
  log.truncateTo(3)
  await simulation.run(100)
  node.kill()
  node.restart()
  const text = Buffer.alloc(30)
  const size = node.host.disk.open(checkpoint, 'read').readSync(text, 0)
  t.equal(text.toString('utf8', 0, size), '0\n2\n7 0\n8 1\n')
})
