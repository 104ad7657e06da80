// A directory that Apache Kafka 4.4.0 left behind: opened after its clean stop, and recovered as if it had crashed.
// What we rebuild is compared byte for byte with what Kafka wrote.

import t, { type Test } from 'tap'
import type { SimulatedNode } from '../../host/simulated/node.ts'
import { type Simulation, simulate } from '../../host/simulated/simulation.ts'
import { batchProducerId, isControl, isTransactional, viewOf } from '../../protocol/records/batch.ts'
import { BatchCursor } from '../../protocol/records/cursor.ts'
import { readBatch } from '../../protocol/records/record.ts'
import { LogDirectory } from '../../storage/directory/log-directory.ts'
import { createStorageEnvironment } from '../../storage/environment.ts'
import type { Log } from '../../storage/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../storage/log/log-config.ts'
import { type ExpectedRecord, expectedTopics, install, kafkaFiles, shownValue } from './kafka-data.ts'

const root = '/data'
const files = kafkaFiles()
const topics = expectedTopics()

function configFor(topic: string): LogConfig {
  const isCompacted = topic === 'compacted' || topic.startsWith('__')
  return { ...defaultLogConfig, cleanupPolicy: isCompacted ? ['compact'] : ['delete'] }
}

function machine(simulation: Simulation, changes: (files: Map<string, Uint8Array>) => void = () => {}): SimulatedNode {
  const node = simulation.node('a')
  const changed = new Map(files)
  changes(changed)
  install(node.host.disk, root, changed)
  return node
}

function openDirectory(node: SimulatedNode): LogDirectory {
  const environment = createStorageEnvironment(node.host)
  return LogDirectory.open({ environment, path: root, nodeId: 1, clusterId: null })
}

/** As a consumer reads: with both isolation levels, as the Java client filters. */
function readRecords(log: Log, isCommitted: boolean): ExpectedRecord[] {
  const records: ExpectedRecord[] = []
  const cursor = new BatchCursor()
  let offset = log.logStartOffset
  const aborted = log.abortedTransactions(offset, log.logEndOffset)
  const abortedNow = new Set<bigint>()
  while (offset < log.logEndOffset) {
    let next = offset
    log.readSync(offset, 64 * 1024, log.logEndOffset, true, (_code, slices, _size, nextOffset) => {
      for (const slice of slices) {
        const view = viewOf(slice)
        cursor.reset(slice, view, 0, slice.length)
        while (cursor.next()) {
          const { position } = cursor
          const producerId = batchProducerId(view, position)
          while (aborted.length > 0 && aborted[0]!.firstOffset <= cursor.lastOffset) {
            abortedNow.add(aborted.shift()!.producerId)
          }
          if (isControl(view, position)) {
            abortedNow.delete(producerId)
            continue
          }
          if (isCommitted && isTransactional(view, position) && abortedNow.has(producerId)) continue
          for (const record of readBatch(slice, view, position)) {
            if (record.offset < log.logStartOffset) continue
            const key = record.key === null ? null : new TextDecoder().decode(record.key)
            records.push([record.offset, record.timestamp, key, shownValue(record.value)])
          }
        }
      }
      next = nextOffset
    })
    if (next === offset) break
    offset = next
  }
  return records
}

function compareAll(t: Test, directory: LogDirectory): void {
  for (const topic of topics) {
    for (const expected of topic.partitions) {
      const log = directory.openLog(topic.name, topic.id, expected.partition, configFor(topic.name))
      const name = `${topic.name}-${expected.partition}`
      log.updateHighWatermark(log.logEndOffset)
      t.equal(log.logStartOffset, expected.beginningOffset, `${name} begins`)
      t.equal(log.logEndOffset, expected.endOffset, `${name} ends`)
      t.same(readRecords(log, false), expected.read_uncommitted, `${name}, read uncommitted`)
      t.same(readRecords(log, true), expected.read_committed, `${name}, read committed`)
      t.equal(log.lastStableOffset, expected.endOffset, `${name} has no open transaction`)
    }
  }
}

t.test('after a clean stop every record is read, and nothing is scanned', async (t) => {
  const simulation = simulate(1)
  const node = machine(simulation)
  const directory = openDirectory(node)
  t.equal(directory.clusterId, 'OExQfSewS4ukr3oz6vrcTg')
  t.equal(directory.wasCleanShutdown, true)
  t.equal(directory.previousBrokerEpoch, 15)
  compareAll(t, directory)
  for (const log of directory.logs()) t.equal(log.recoveryReport, null)
  await simulation.complete(directory.close(15))
  const changed = [...files.keys()].filter((name) => !/checkpoint$|clean/.test(name))
  for (const name of changed) t.same(node.host.disk.exists(`${root}/${name}`), true, `${name} is still there`)
  for (const name of changed) {
    const before = Buffer.from(files.get(name)!)
    if (!before.equals(node.disk.bytes(`${root}/${name}`))) t.fail(`${name} has changed`)
  }
})

t.test('recovered from nothing but the logs, all is read again, and the indexes are those of Kafka', async (t) => {
  const simulation = simulate(1)
  const node = machine(simulation, (files) => {
    for (const name of files.keys()) {
      const isMeta = /^meta.properties|partition.metadata$|log-start-offset-checkpoint$/.test(name)
      if (!isMeta && !name.endsWith('.log')) files.delete(name)
    }
  })
  const directory = openDirectory(node)
  t.equal(directory.wasCleanShutdown, false)
  compareAll(t, directory)
  for (const log of directory.logs()) {
    t.match(log.recoveryReport, { bytesCut: 0, segmentsRemoved: 0, reason: null }, log.directory)
  }
  await simulation.complete(directory.close(16))
  for (const [name, bytes] of files) {
    const isRebuilt = /(index|snapshot|leader-epoch-checkpoint)$/.test(name) && !name.startsWith('__')
    // Where an epoch began cannot be told once compaction has taken its first batches.
    if (!isRebuilt || name === 'compacted-0/leader-epoch-checkpoint') continue
    const rebuilt = node.host.disk.exists(`${root}/${name}`) ? node.disk.bytes(`${root}/${name}`) : null
    t.equal(rebuilt === null ? null : Buffer.from(rebuilt).toString('hex'), Buffer.from(bytes).toString('hex'), name)
  }
})
