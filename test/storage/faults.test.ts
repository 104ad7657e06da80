// What must hold when a start fails, a deletion is cut short, or a log directory does not take what is written.

import t from 'tap'
import { Broker } from '../../broker/broker.ts'
import { type Simulation, simulate } from '../../host/simulated/simulation.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { LogDirectory } from '../../storage/directory/log-directory.ts'
import { createStorageEnvironment } from '../../storage/environment.ts'
import { Log } from '../../storage/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../storage/log/log-config.ts'
import { batchOf, World } from '../broker/harness.ts'
import { seed } from '../host/implementations.ts'
import { append, OTHER_TOPIC_ID, openDirectory, TOPIC_ID } from './logs.ts'

const config: LogConfig = { ...defaultLogConfig, fileDeleteDelayMs: 1000 }
const marker = '/data/.kafka_cleanshutdown'

const close = (simulation: Simulation, directory: LogDirectory, brokerEpoch = 42): Promise<void> =>
  simulation.complete(directory.close(brokerEpoch))

t.test('a start that fails', async (t) => {
  t.test('after a kill leaves no marker of a clean stop: what was not scanned is scanned by the next', async (t) => {
    for (const opened of [[], ['a'], ['a', 'b']]) {
      const simulation = simulate(1)
      const node = simulation.node('a')
      const first = openDirectory(node)
      for (const topic of ['a', 'b']) append(first.openLog(topic, TOPIC_ID, 0, config))
      await simulation.run(10)
      node.kill()
      node.restart()
      const second = openDirectory(node)
      for (const topic of opened) second.openLog(topic, TOPIC_ID, 0, config)
      await close(simulation, second, opened.length === 1 ? 42 : -1)
      t.equal(node.host.disk.exists(marker), false, `${opened.length} of 2 opened`)
    }
  })

  t.test('after a clean stop leaves the marker as it was, with its broker epoch', async (t) => {
    const simulation = simulate(2)
    const node = simulation.node('a')
    const first = openDirectory(node)
    append(first.openLog('a', TOPIC_ID, 0, config))
    await close(simulation, first)
    node.restart()
    await close(simulation, openDirectory(node), -1)
    t.match(openDirectory(node), { wasCleanShutdown: true, previousBrokerEpoch: 42 })
  })

  t.test('leaves no marker when the metadata log was not closed', async (t) => {
    for (const isClosed of [true, false]) {
      const simulation = simulate(3)
      const node = simulation.node('a')
      await close(simulation, openDirectory(node))
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
    const log = directory.openLog('a', TOPIC_ID, 0, config)
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
      const directory = openDirectory(node)
      directory.deleteLog(await old(simulation, directory))
      const next = directory.openLog('a', OTHER_TOPIC_ID, 0, config)
      for (let index = 0; index < 5; index++) append(next)
      next.requestSync()
      await simulation.run(10)
      node[how]()
      node.restart()
      t.match(openDirectory(node).openLog('a', OTHER_TOPIC_ID, 0, config), {
        logStartOffset: 0,
        logEndOffset: 5,
        highWatermark: 0,
      })
    })
  }

  t.test('keeps its records when a crash came between the two', async (t) => {
    const simulation = simulate(5)
    const node = simulation.node('a')
    const directory = openDirectory(node)
    directory.deleteLog(await old(simulation, directory))
    node.kill()
    node.restart()
    const second = openDirectory(node)
    const next = second.openLog('a', OTHER_TOPIC_ID, 0, config)
    t.match(next, { logStartOffset: 0, logEndOffset: 0 })
    append(next)
    next.requestSync()
    await simulation.run(10)
    node.crash()
    node.restart()
    t.match(openDirectory(node).openLog('a', OTHER_TOPIC_ID, 0, config), { logStartOffset: 0, logEndOffset: 1 })
  })

  t.test('keeps its records when a checkpoint was being written meanwhile', async (t) => {
    const simulation = simulate(6)
    const node = simulation.node('a')
    const directory = openDirectory(node)
    const log = await old(simulation, directory)
    append(log)
    log.requestSync()
    await simulation.run(1)
    const { disk } = node
    disk.options.writeLatencyMs = [50, 50]
    await simulation.run(60_009)
    directory.deleteLog(log)
    const next = directory.openLog('a', OTHER_TOPIC_ID, 0, config)
    append(next)
    next.requestSync()
    await simulation.run(1000)
    node.kill()
    node.restart()
    t.match(openDirectory(node).openLog('a', OTHER_TOPIC_ID, 0, config), { logStartOffset: 0, logEndOffset: 1 })
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

t.test('the logs of a directory that has failed take nothing any more, and say so', async (t) => {
  const simulation = simulate(seed)
  const node = simulation.node('a')
  const directory = openDirectory(node)
  const log = directory.openLog('a', TOPIC_ID, 0, config)
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
    const directory = openDirectory(node)
    const log = directory.openLog('a', TOPIC_ID, 0, config)
    append(log)
    log.requestSync()
    await simulation.run(10)
    log.updateHighWatermark(1)
    await simulation.run(6000)
    node.crash()
    node.restart()
    t.equal(openDirectory(node).openLog('a', TOPIC_ID, 0, config).highWatermark, 1)
    t.equal(directory.isOffline, false)
  })

  t.test('a stop waits for the one under way', async (t) => {
    const simulation = simulate(17)
    const node = simulation.node('a')
    const directory = openDirectory(node)
    const log = directory.openLog('a', TOPIC_ID, 0, config)
    append(log)
    log.requestSync()
    await simulation.run(10)
    log.updateHighWatermark(1)
    node.disk.options.syncLatencyMs = [50, 50]
    await simulation.run(5000)
    await close(simulation, directory)
    t.match(openDirectory(node), { wasCleanShutdown: true })
  })
})
