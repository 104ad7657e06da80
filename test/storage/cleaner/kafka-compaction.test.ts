// A partition that Apache Kafka 4.4.0 wrote and compacted: of the same input we leave the same batches, field by field.
// Not compared: what a delete horizon says (the time of the round), and the bytes that gzip comes to.

import { createHash } from 'node:crypto'
import t from 'tap'
import { simulate } from '../../../host/simulated/simulation.ts'
import * as batch from '../../../protocol/records/batch.ts'
import { readBatch } from '../../../protocol/records/record.ts'
import { LogCleaner } from '../../../storage/cleaner/log-cleaner.ts'
import { LogDirectory } from '../../../storage/directory/log-directory.ts'
import { createStorageEnvironment } from '../../../storage/environment.ts'
import { defaultLogConfig } from '../../../storage/log/log-config.ts'
import { readTopicId } from '../../../storage/log/partition-metadata.ts'
import { install, kafkaFiles } from '../kafka-data.ts'
import { CLEANER } from '../logs.ts'

const files = kafkaFiles('compaction-4.4.0.tar.gz')
const of = (folder: string): Map<string, Uint8Array> =>
  new Map([...files].flatMap(([name, bytes]) => (name.startsWith(folder) ? [[name.slice(folder.length), bytes]] : [])))

const hash = (bytes: Uint8Array | null): string =>
  bytes === null ? 'null' : createHash('sha256').update(bytes).digest('hex').slice(0, 8)

/** Each batch as text. */
function batches(bytes: Uint8Array): string[] {
  const view = batch.viewOf(bytes)
  const found: string[] = []
  for (let at = 0; at < bytes.length; at += batch.batchSize(view, at)) {
    if (!batch.verifyCrc(bytes, view, at)) throw new Error(`a wrong checksum at ${at}`)
    const records = readBatch(bytes, view, at).map(({ offset, timestamp, key, value, headers }) => [
      offset,
      timestamp,
      hash(key),
      hash(value),
      headers.map((header) => `${header.key}=${hash(header.value)}`),
    ])
    const base = batch.hasDeleteHorizon(view, at) ? 'horizon' : batch.batchBaseTimestamp(view, at)
    const offsets = [batch.batchBaseOffset(view, at), batch.batchLastOffset(view, at)]
    const times = [base, batch.batchMaxTimestamp(view, at)]
    const producer = [
      String(batch.batchProducerId(view, at)),
      batch.batchProducerEpoch(view, at),
      batch.batchBaseSequence(view, at),
    ]
    const rest = [batch.batchAttributes(view, at), batch.batchLeaderEpoch(view, at)]
    found.push(JSON.stringify([...offsets, ...times, ...producer, ...rest, records]))
  }
  return found
}

t.test('the same batches are left, in the same segments, with the same aborted transactions', async (t) => {
  const simulation = simulate(1)
  const { host } = simulation.node('a')
  install(host.disk, '/data/ct-0', of('before/'))
  const environment = createStorageEnvironment(host)
  const directory = LogDirectory.open({ environment, path: '/data', nodeId: 1, clusterId: null })
  const log = directory.openLog('ct', readTopicId(host.disk, '/data/ct-0')!, 0, {
    ...defaultLogConfig,
    cleanupPolicy: ['compact'],
    minCleanableDirtyRatio: 0.01,
    segmentBytes: 1 << 20,
    deleteRetentionMs: 3_600_000,
  })
  await simulation.complete(directory.whenRecovered())
  log.updateHighWatermark(log.logEndOffset)
  const cleaner = new LogCleaner(environment, [directory], () => ({ ...CLEANER, bufferSize: 524_288 }))
  t.equal(await simulation.complete(cleaner.clean()), 1)
  t.equal(log.cleanedOffset, 10_356)
  for (const [name, bytes] of of('after/')) {
    const file = host.disk.open(`/data/ct-0/${name}`, 'read')
    const ours = new Uint8Array(file.size())
    file.readSync(ours, 0)
    file.close()
    if (name.endsWith('.log')) t.same(batches(ours), batches(bytes), name)
    else t.same(ours, bytes, name)
  }
})
