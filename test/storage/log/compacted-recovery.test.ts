// What compaction leaves for the next start: gaps between segments, which are no damage, and files of a swap that was
// cut off anywhere.

import t from 'tap'
import type { SimulatedNode } from '../../../host/simulated/node.ts'
import { type Simulation, simulate } from '../../../host/simulated/simulation.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { LogCleaner } from '../../../storage/cleaner/log-cleaner.ts'
import { LogDirectory } from '../../../storage/directory/log-directory.ts'
import { createStorageEnvironment } from '../../../storage/environment.ts'
import type { Log } from '../../../storage/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../../storage/log/log-config.ts'
import { CLEANER } from '../logs.ts'

const TOPIC_ID = 'ePSQjlhTTsyjmeh43SPfJg'
const encoder = new TextEncoder()

const compacted: LogConfig = {
  ...defaultLogConfig,
  cleanupPolicy: ['compact'],
  minCleanableDirtyRatio: 0,
  segmentBytes: 1500,
  fileDeleteDelayMs: 0,
}

interface Opened {
  readonly directory: LogDirectory
  readonly log: Log
  readonly cleaner: LogCleaner
}

function open(node: SimulatedNode, config: LogConfig = compacted): Opened {
  const environment = createStorageEnvironment(node.host)
  const directory = LogDirectory.open({ environment, path: '/data', nodeId: 1, clusterId: null })
  const log = directory.openLog('topic', TOPIC_ID, 0, config)
  log.listener = { onWritten() {}, onDurable: () => log.updateHighWatermark(log.durableEndOffset), onFailed() {} }
  const cleaner = new LogCleaner(environment, [directory], () => CLEANER)
  return { directory, log, cleaner }
}

function append(log: Log, key: string, size: number): void {
  const records = [{ key: encoder.encode(key), value: new Uint8Array(size) }]
  log.append(buildBatch({ timestamp: 1_767_225_600_000, records }), 1, 'client')
}

/** Three segments, [0 a, 1 big, 2 a] [3 a, 4 big, 5 a] …, and an active one; compacted, the first a's are gone. */
async function compactedLog(simulation: Simulation, node: SimulatedNode): Promise<Opened> {
  const opened = open(node)
  const { log, cleaner, directory } = opened
  for (const key of ['b0', 'b1', 'b2']) {
    append(log, 'a', 10)
    append(log, key, 1000)
    append(log, 'a', 10)
    log.roll()
  }
  append(log, 'c', 10)
  log.requestSync()
  await simulation.run(100)
  directory.checkpoint()
  while ((await simulation.complete(cleaner.clean())) > 0);
  await simulation.run(100)
  return opened
}

const ends = (log: Log) => ({ segments: log.segments.map(({ baseOffset }) => baseOffset), end: log.logEndOffset })
const WHOLE = { segments: [0, 3, 6, 9], end: 10 }
const CHECKPOINTS = '/data/recovery-point-offset-checkpoint'
const CLEANER_CHECKPOINT = '/data/cleaner-offset-checkpoint'

function write(node: SimulatedNode, path: string, text: string): void {
  const file = node.host.disk.open(path, 'write')
  file.truncate(0)
  file.writeSync([encoder.encode(text)], 0)
  file.syncSync()
  file.close()
}

t.test('an index that somebody has removed is made anew, whatever compaction has left', async (t) => {
  for (const config of [compacted, { ...compacted, cleanupPolicy: ['delete'] as const }]) {
    for (const isClean of [true, false]) {
      const simulation = simulate(1)
      const node = simulation.node('a')
      const { directory, log } = await compactedLog(simulation, node)
      t.match(ends(log), WHOLE)
      if (isClean) await simulation.complete(directory.close(1))
      else node.kill()
      node.restart()
      node.host.disk.remove('/data/topic-0/00000000000000000000.index')
      node.host.disk.remove(CLEANER_CHECKPOINT)
      t.match(ends(open(node, config).log), WHOLE, `${config.cleanupPolicy}, clean ${isClean}`)
    }
  }
})

t.test('a broker that was killed in the middle of a round has left gaps above all checkpoints', async (t) => {
  const simulation = simulate(2)
  const node = simulation.node('a')
  await compactedLog(simulation, node)
  node.kill()
  node.restart()
  // As Apache Kafka leaves it: it does not write recovery points before it compacts.
  write(node, CHECKPOINTS, '0\n1\ntopic 0 0\n')
  write(node, CLEANER_CHECKPOINT, '0\n0\n')
  const { log } = open(node)
  t.match(ends(log), WHOLE)
})

t.test('a segment of which compaction has taken the end, below its checkpoint', async (t) => {
  const simulation = simulate(6)
  const node = simulation.node('a')
  const { log, cleaner, directory } = open(node)
  append(log, 'x', 1000)
  append(log, 'y', 10)
  log.roll()
  append(log, 'y', 1000)
  log.roll()
  append(log, 'z', 10)
  log.requestSync()
  await simulation.run(100)
  directory.checkpoint()
  while ((await simulation.complete(cleaner.clean())) > 0);
  await simulation.run(100)
  directory.checkpoint()
  node.kill()
  node.restart()
  // Of an earlier life, as a copy of the directory may have it.
  write(node, CHECKPOINTS, '0\n1\ntopic 0 0\n')
  t.match(ends(open(node).log), { segments: [0, 2, 3], end: 4 })
})

const file = (base: number, suffix: string): string => `/data/topic-0/${`${base}`.padStart(20, '0')}${suffix}`

t.test('an index that an attempt has left behind does not take the place of the one in use', async (t) => {
  const simulation = simulate(3)
  const node = simulation.node('a')
  const { directory, log } = await compactedLog(simulation, node)
  await simulation.complete(directory.close(1))
  node.restart()
  const before = node.disk.bytes(file(3, '.timeindex'))
  write(node, file(3, '.timeindex.swap'), 'of a segment that never was')
  write(node, file(3, '.txnindex.swap'), '')
  t.match(ends(open(node).log), ends(log))
  t.same(node.disk.bytes(file(3, '.timeindex')), before)
  t.ok(node.host.disk.exists(file(3, '.txnindex')), 'one whose name is free comes after its log')
})

t.test('a segment that compaction has emptied takes the place of the one it was made from', async (t) => {
  const simulation = simulate(4)
  const node = simulation.node('a')
  const { directory } = await compactedLog(simulation, node)
  await simulation.complete(directory.close(1))
  node.restart()
  write(node, file(3, '.log.swap'), '')
  const { log } = open(node)
  t.match(ends(log), WHOLE)
  t.equal(log.segments[1]!.size, 0)
  t.equal(log.segments[1]!.indexes.offset.count, 0)
})
