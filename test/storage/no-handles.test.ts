// A process without file handles: what it cannot open now it opens later, and nothing else waits for it.

import t from 'tap'
import { simulate } from '../../host/simulated/simulation.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { createStorageEnvironment } from '../../storage/environment.ts'
import { Log } from '../../storage/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../storage/log/log-config.ts'
import { append } from './logs.ts'

const config: LogConfig = { ...defaultLogConfig, fileDeleteDelayMs: 1000 }

/** Three logs that have one file handle between them, with a batch each in their files. */
async function setUp(seed: number) {
  const simulation = simulate(seed)
  const node = simulation.node('a')
  const environment = createStorageEnvironment(node.host, { maxOpenFiles: 1, maxConcurrentSyncs: 1 })
  const logs = [0, 1, 2].map((partition) =>
    Log.open({ environment, directory: `/data/t-${partition}`, topic: 't', partition, config }),
  )
  for (const log of logs) append(log)
  await simulation.run(1)
  return { simulation, node, logs }
}

t.test('for a sync no file handle is left: it is tried again, and no other log waits for it', async (t) => {
  const { simulation, node, logs } = await setUp(8)
  for (const log of logs) log.requestSync()
  let isExhausted = true
  node.disk.fault = (operation, path) => {
    return isExhausted && operation === 'open' && path.includes('/t-1/') ? 'exhausted' : null
  }
  await simulation.run(50)
  t.same(
    logs.map((log) => [log.durableEndOffset, log.isOffline]),
    [
      [1, false],
      [0, false],
      [1, false],
    ],
  )
  isExhausted = false
  await simulation.run(200)
  t.equal(logs[1]!.durableEndOffset, 1)
  for (const log of logs) append(log)
  for (const log of logs) log.requestSync()
  await simulation.run(50)
  t.same(
    logs.map((log) => log.durableEndOffset),
    [2, 2, 2],
  )
})

t.test(
  'for a write no file handle is left: it is taken back, and the log goes on when there are some again',
  async (t) => {
    const { simulation, node, logs } = await setUp(9)
    node.disk.fault = (operation) => (operation === 'open' ? 'exhausted' : null)
    for (const log of logs) append(log, 'lost')
    await simulation.run(50)
    for (const log of logs) t.match(log, { logEndOffset: 1, isOffline: false })
    await simulation.run(200)
    for (const log of logs.slice(0, 2)) t.equal(append(log), ErrorCode.KAFKA_STORAGE_ERROR)
    node.disk.fault = null
    await simulation.run(200)
    for (const log of logs) t.equal(append(log), ErrorCode.NONE)
    for (const log of logs) log.requestSync()
    await simulation.run(50)
    for (const log of logs) t.match(log, { logEndOffset: 2, durableEndOffset: 2 })
  },
)

t.test(
  'for a roll no file handle is left: what was written before it is not forgotten with the next failure',
  async (t) => {
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
  },
)

t.test('a segment that cannot be opened for another reason ends its log, not those of others', async (t) => {
  const { simulation, node, logs } = await setUp(10)
  for (const log of logs) log.requestSync()
  node.disk.fault = (operation, path) => (operation === 'open' && path.includes('/t-1/') ? 'failed' : null)
  await simulation.run(50)
  t.same(
    logs.map((log) => [log.durableEndOffset, log.isOffline]),
    [
      [1, false],
      [0, true],
      [1, false],
    ],
  )
})
