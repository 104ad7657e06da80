// The journal: which appends go through it, what comes back out of it after a crash, and what must not.

import t from 'tap'
import type { SimulatedNode } from '../../../host/simulated/node.ts'
import { simulate } from '../../../host/simulated/simulation.ts'
import { batchMaxTimestamp, viewOf } from '../../../protocol/records/batch.ts'
import { LogDirectory } from '../../../storage/directory/log-directory.ts'
import { createStorageEnvironment } from '../../../storage/environment.ts'
import { defaultLogConfig } from '../../../storage/log/log-config.ts'
import { append, id, losePower, open, record, valuesOf } from './journaled-logs.ts'

/** A machine whose journal is in use from now on, with as many logs, each with two records in its own file. */
async function setUp(seed: number, logCount: number) {
  const simulation = simulate(seed)
  const node = simulation.node('a', { disk: { syncLatencyMs: [1, 1], writeLatencyMs: [0.1, 0.1] } })
  // A log more begins to make it, after the files, ids and two directories of these in one round, and files in another.
  const opened = open(node, { journalAfterSyncs: 5 * logCount })
  const logs = Array.from({ length: logCount }, (_, partition) => opened.log(partition))
  await simulation.complete(opened.directory.whenRecovered())
  for (const value of ['first', 'second']) {
    for (const log of logs) append(log, value)
    await simulation.run(100)
  }
  append(opened.log(99), 'makes the journal')
  await simulation.run(1000)
  return { simulation, node, logs, ...opened }
}

const fileOf = (partition: number): string => `/data/topic-${partition}/00000000000000000000.log`

t.test('small appends to twelve logs in one turn are one sync, and come back after a crash', async (t) => {
  const { simulation, node, logs, commits, directory } = await setUp(1, 12)
  const before = commits.startedCount
  for (const log of logs) append(log, 'third')
  await simulation.run(100)
  t.equal(commits.startedCount, before + 1)
  t.same(new Set(logs.map((log) => log.durableEndOffset)), new Set([3]))
  directory.checkpoint()
  losePower(node)
  t.ok(node.disk.bytes(fileOf(3)).length < 200, 'its own file has lost it')
  const next = open(node)
  for (const { partition } of logs) t.same(valuesOf(next.log(partition)), ['first', 'second', 'third'])
  t.equal(next.log(3).durableEndOffset, 2, 'not before its own file is synced')
  await simulation.complete(next.directory.whenRecovered())
  t.equal(next.log(3).durableEndOffset, 3)
  losePower(node)
  t.same(valuesOf(open(node).log(3)), ['first', 'second', 'third'])
})

t.test('one with much to write is synced in its own file', async (t) => {
  const { simulation, node, logs, commits } = await setUp(2, 1)
  const before = commits.startedCount
  append(logs[0]!, 'large', 50_000)
  append(logs[0]!, 'small')
  await simulation.run(100)
  t.equal(commits.startedCount, before + 1)
  losePower(node)
  t.ok(node.disk.bytes(fileOf(0)).length > 50_000)
})

t.test('new logs are in the journal alone, and begin anew from it', async (t) => {
  const { simulation, node, log, commits } = await setUp(2, 1)
  const before = commits.startedCount
  const fresh = Array.from({ length: 20 }, (_, index) => log(100 + index))
  for (const each of fresh) append(each, 'fresh')
  await simulation.run(100)
  for (const each of fresh) append(each, 'more')
  await simulation.run(100)
  t.equal(commits.startedCount, before + 2, 'one sync for all of a round')
  t.ok(fresh.every(({ durableEndOffset }) => durableEndOffset === 2))
  losePower(node)
  t.notOk(node.host.disk.exists('/data/topic-105'))
  const next = open(node)
  t.ok(next.directory.hasJournaled(id, 105))
  for (const { partition } of fresh) t.same(valuesOf(next.log(partition)), ['fresh', 'more'])
  await simulation.complete(next.directory.whenRecovered())
  t.notOk(next.directory.hasJournaled(id, 105))
  losePower(node)
  t.same(valuesOf(open(node).log(105)), ['fresh', 'more'])
})

t.test('a new log is found by its directory after a while, when it has rolled, and when it begins later', async (t) => {
  const { simulation, node, directory, log } = await setUp(2, 1)
  const [waits, rolls, cut, rests] = [log(4), log(5), log(6), log(7)]
  for (const each of [waits, rolls, cut]) append(each, 'first')
  await simulation.run(70_000)
  append(rests, 'first')
  append(rolls, 'second')
  await simulation.run(100)
  const young = [log(8), log(9)]
  for (const each of young) append(each, 'first')
  await simulation.run(100)
  young[0]!.roll()
  young[1]!.updateHighWatermark(1)
  young[1]!.deleteRecordsBefore(1)
  t.equal(directory.checkpointLogStartOffsets(), null)
  losePower(node)
  const exists = (partition: number) => node.host.disk.exists(fileOf(partition))
  t.same([4, 5, 6, 7, 8, 9].map(exists), [true, true, true, false, true, true])
  const next = open(node)
  t.same(
    [4, 5, 7, 8].map((partition) => valuesOf(next.log(partition)).length),
    [1, 2, 1, 1],
  )
  t.match(next.log(9), { logStartOffset: 1, logEndOffset: 1 })
})

t.test('a stop syncs nothing of a log that was synced in the background since its last append', async (t) => {
  const { simulation, node, directory, log } = await setUp(2, 1)
  append(log(4), 'settled')
  await simulation.run(70_000)
  append(log(5), 'not yet')
  await simulation.run(100)
  const synced: string[] = []
  node.disk.fault = (operation, path) => {
    if (operation === 'sync' && /-[45]/.test(path)) synced.push(path.slice('/data/topic-'.length))
    return null
  }
  await simulation.complete(directory.close(1))
  node.disk.fault = null
  const files = ['5/00000000000000000000.log', '5/leader-epoch-checkpoint.tmp', '5/partition.metadata']
  t.same(synced.sort(), ['5', ...files], 'and of another one what a start cannot find in it')
  losePower(node)
  const next = open(node)
  t.same(
    [4, 5].map((partition) => valuesOf(next.log(partition))),
    [['settled'], ['not yet']],
  )
  t.same(
    [4, 5].map((partition) => next.log(partition).segments[0]!.maxTimestamp),
    [record('v'), record('v')].map((batch) => batchMaxTimestamp(viewOf(batch), 0)),
  )
  t.same(
    [4, 5].map((partition) => next.log(partition).latestEpoch),
    [1, 1],
  )
})

t.test('what a crash has left of a deleted topic without its id is not taken for a new one', async (t) => {
  const { simulation, node, log } = await setUp(2, 1)
  append(log(4), 'old')
  await simulation.run(100)
  node.host.disk.remove('/data/topic-4/partition.metadata')
  node.restart()
  const next = open(node)
  const other = next.directory.openLog('topic', 'XYZQjlhTTsyjmeh43SPfJg', 4, defaultLogConfig)
  t.equal(other.logEndOffset, 0)
  t.ok(node.host.disk.list('/data').some(({ name }) => /^topic-4\..*-stray$/.test(name)))
})

t.test('the recovery point stays where the own file is synced, until the journal wants its room back', async (t) => {
  const { simulation, logs } = await setUp(3, 1)
  const [log] = logs
  append(log!, 'third')
  await simulation.run(10)
  t.same([log!.recoveryPoint, log!.durableEndOffset], [2, 3])
  for (let count = 0; count < 20; count++) {
    append(log!, 'more', 3000)
    await simulation.run(10)
  }
  t.equal(log!.durableEndOffset, 23)
  t.ok(log!.recoveryPoint > 5, `${log!.recoveryPoint}`)
})

t.test('it is not written over before the own files have what is in it', async (t) => {
  const { simulation, node, logs } = await setUp(10, 1)
  node.disk.fault = (operation, path) => (operation === 'sync' && path.includes('topic-') ? 'exhausted' : null)
  const [log] = logs
  for (let count = 0; count < 40; count++) {
    append(log!, `${count}`, 3000)
    await simulation.run(10)
  }
  const { durableEndOffset } = log!
  t.ok(durableEndOffset > 10 && durableEndOffset < 40, `${durableEndOffset}`)
  losePower(node)
  node.disk.fault = null
  t.equal(open(node).log(0).logEndOffset, durableEndOffset)
})

t.test('what was truncated does not come back, nor what was appended instead', async (t) => {
  const { simulation, node, logs } = await setUp(4, 2)
  for (const value of ['a', 'b', 'c']) {
    append(logs[0]!, value)
    await simulation.run(10)
  }
  logs[0]!.truncateTo(3)
  losePower(node)
  const next = open(node)
  t.same(valuesOf(next.log(0)), ['first', 'second', 'a'])
  await simulation.complete(next.directory.whenRecovered())
  append(next.log(0), 'x')
  await simulation.run(10)
  next.log(0).truncateFullyAndStartAt(10)
  losePower(node)
  t.match(open(node).log(0), { logStartOffset: 10, logEndOffset: 10 })
})

t.test('after a clean stop nothing comes out of it, whoever has been there meanwhile', async (t) => {
  const { simulation, node, logs, directory } = await setUp(5, 1)
  append(logs[0]!, 'third!')
  await simulation.run(10)
  await simulation.complete(directory.close(1))
  node.restart()
  const { disk } = node.host
  // Another broker has cut the log, and was killed.
  disk.remove('/data/.kafka_cleanshutdown')
  const file = disk.open(fileOf(0), 'write')
  file.truncate((file.size() * 2) / 3)
  file.close()
  t.same(valuesOf(open(node).log(0)), ['first', 'second'])
})

t.test('another broker has gone on with the log after a crash: its records stay', async (t) => {
  const { simulation, node, logs } = await setUp(6, 1)
  for (const value of ['third', 'fourth']) {
    append(logs[0]!, value)
    await simulation.run(10)
  }
  losePower(node)
  const other = createStorageEnvironment(node.host)
  const alone = LogDirectory.open({ environment: other, path: '/other', nodeId: 1, clusterId: null })
  const log = alone.openLog('topic', id, 0, defaultLogConfig)
  for (const value of ['first', 'second', 'OTHER']) append(log, value)
  log.close()
  const bytes = node.disk.bytes('/other/topic-0/00000000000000000000.log')
  const file = node.host.disk.open(fileOf(0), 'write')
  file.writeSync([bytes], 0)
  file.close()
  t.same(valuesOf(open(node).log(0)), ['first', 'second', 'OTHER'])
})

t.test('a gap in which the journal has batches was not made by compaction', async (t) => {
  const { simulation, node, logs } = await setUp(16, 1)
  append(logs[0]!, 'third')
  await simulation.run(10)
  losePower(node)
  for (const name of ['topic-0/00000000000000000003.log', 'recovery-point-offset-checkpoint']) {
    const file = node.host.disk.open(`/data/${name}`, 'write')
    file.truncate(0)
    file.close()
  }
  t.same(valuesOf(open(node).log(0, { cleanupPolicy: ['compact'] })), ['first', 'second', 'third'])
})

t.test('a log that cannot be opened at a start finds it at the next', async (t) => {
  const { simulation, node, logs } = await setUp(7, 2)
  for (const log of logs) append(log, 'third')
  await simulation.run(10)
  losePower(node)
  const second = open(node)
  node.disk.fault = (operation, path) => (operation === 'open' && path.includes('topic-1/') ? 'exhausted' : null)
  second.log(0)
  t.throws(() => second.log(1), /too many/)
  await simulation.complete(second.directory.whenRecovered())
  node.disk.fault = null
  for (let count = 0; count < 40; count++) {
    append(second.log(0), 'more', 3000)
    await simulation.run(10)
  }
  losePower(node)
  t.same(valuesOf(open(node).log(1)), ['first', 'second', 'third'])
})

t.test('switched off after a crash, it is emptied and gone', async (t) => {
  const { simulation, node, logs } = await setUp(8, 1)
  append(logs[0]!, 'third')
  await simulation.run(10)
  losePower(node)
  const next = open(node, { journalSize: 0 })
  t.same(valuesOf(next.log(0)), ['first', 'second', 'third'])
  t.ok(node.host.disk.exists('/data/.milena-journal-0'))
  await simulation.complete(next.directory.whenRecovered())
  t.notOk(node.host.disk.exists('/data/.milena-journal-0'))
})

t.test('a failed write leaves it to the own files; a failed sync takes the directory offline', async (t) => {
  const { simulation, node, logs, directory } = await setUp(9, 2)
  node.disk.fault = (operation, path) => (operation === 'write' && path.includes('journal') ? 'failed' : null)
  for (const log of logs) append(log, 'third')
  await simulation.run(10)
  t.same(
    logs.map((log) => [log.durableEndOffset, log.recoveryPoint]),
    [
      [3, 3],
      [3, 3],
    ],
  )
  await simulation.run(2000)
  node.disk.fault = (operation, path) => (operation === 'sync' && path.includes('journal') ? 'failed' : null)
  append(logs[0]!, 'fourth')
  await simulation.run(10)
  t.ok(directory.isOffline)
  t.same(
    logs.map((log) => [log.durableEndOffset, log.isOffline]),
    [
      [3, true],
      [3, true],
    ],
  )
})

/** As if another broker had been there after a loss of power: it found the log's own file and went on with `values`. */
function goOnElsewhere(node: SimulatedNode, values: readonly string[]): void {
  const other = createStorageEnvironment(node.host)
  const alone = LogDirectory.open({ environment: other, path: '/other', nodeId: 1, clusterId: null })
  const log = alone.openLog('topic', id, 0, defaultLogConfig)
  for (const value of values) log.append(record(value), 1, 'client')
  log.close()
  const file = node.host.disk.open(fileOf(0), 'write')
  file.writeSync([node.disk.bytes('/other/topic-0/00000000000000000000.log')], 0)
  file.syncSync()
  file.close()
}

t.test('what did not fit after one crash does not stand in the way after the next', async (t) => {
  const { simulation, node, logs } = await setUp(11, 2)
  append(logs[0]!, 'third')
  await simulation.run(10)
  losePower(node)
  goOnElsewhere(node, ['first', 'second', 'OTHER'])
  const second = open(node)
  const log = second.log(0)
  second.log(1)
  t.same(valuesOf(log), ['first', 'second', 'OTHER'])
  await simulation.complete(second.directory.whenRecovered())
  append(second.log(1), 'makes the journal')
  await simulation.run(10)
  append(log, 'in the journal')
  await simulation.run(10)
  t.same([log.recoveryPoint, log.durableEndOffset], [3, 4])
  losePower(node)
  t.same(valuesOf(open(node).log(0)), ['first', 'second', 'OTHER', 'in the journal'])
})

t.test('another broker has gone on with the log, and deleted what it wrote: its history counts', async (t) => {
  const { simulation, node, logs } = await setUp(12, 1)
  for (const value of ['third', 'fourth']) {
    append(logs[0]!, value)
    await simulation.run(10)
  }
  losePower(node)
  // A new leader's epoch, a third record of its own, and all of it expired: an empty segment is left.
  const { disk } = node.host
  disk.remove(fileOf(0))
  disk.open('/data/topic-0/00000000000000000003.log', 'write').close()
  const epochs = disk.open('/data/topic-0/leader-epoch-checkpoint', 'write')
  epochs.writeSync([new TextEncoder().encode('0\n1\n3 3\n')], 0)
  epochs.close()
  t.match(open(node).log(0), { logStartOffset: 3, logEndOffset: 3 })
})
