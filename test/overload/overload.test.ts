// What run.ts does to a broker process, small, on virtual time.

import t from 'tap'
import { Broker } from '../../broker/broker.ts'
import { simulate } from '../../host/simulated/simulation.ts'
import { batchOf, World } from '../broker/harness.ts'
import { seed } from '../host/implementations.ts'
import { WireClient } from '../wire-client.ts'

const MIB = 1024 * 1024

function int32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

t.test('frames that are announced and never sent keep nobody waiting for long', async (t) => {
  const world = await World.start(t, { 'queued.max.request.bytes': `${MIB}` })
  const honest = await world.connect()
  await honest.createTopic('topic')
  const begin = Buffer.concat([int32(100 * MIB), Buffer.alloc(64 * 1024)])
  const stalled = await Promise.all(Array.from({ length: 40 }, () => world.connect()))
  for (const client of stalled) client.write(begin)
  await world.simulation.run(1_000)
  const answer = honest.produce('topic', batchOf(['a']))
  await world.simulation.run(9_000)
  t.equal((await answer).errorCode, 0)
  await world.simulation.run(60_000)
  t.equal(stalled.filter(({ isClosed }) => isClosed).length, 40)
  t.notOk(honest.isClosed)
  await world.stop()
})

t.test('a consumer that does not take its answers is cut off, whatever else it has asked for', async (t) => {
  const world = await World.start(t, { 'connections.max.idle.ms': '20000' })
  const honest = await world.connect()
  await honest.createTopic('topic', 1, { 'max.message.bytes': `${8 * MIB}` })
  const value = 'x'.repeat(4 * MIB)
  for (let count = 0; count < 4; count++) await honest.produce('topic', batchOf([value]))
  // From now on reads are cold: requests wait behind one that is being read.
  await world.stop()
  await world.restart()
  const other = await world.connect()

  const { host } = world.simulation.node('consumer')
  const connection = await world.simulation.complete(host.network.connect({ host: 'broker', port: 9092 }))
  let isClosed = false
  let readSize = 0
  connection.start({
    onBytes: (bytes) => {
      readSize += bytes.length
      connection.pause()
    },
    onDrain: () => {},
    onClose: () => {
      isClosed = true
    },
  })
  const topics = [{ topic: 'topic', partitions: [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 50 * MIB }] }]
  const request = { maxWaitMs: 100, minBytes: 1, maxBytes: 50 * MIB, isolationLevel: 0, sessionId: 0, topics }
  const frame = honest.frame('Fetch', 11, { ...request, forgottenTopicsData: [], rackId: '' })
  connection.write(Array.from({ length: 10 }, () => frame))
  for (let second = 0; second < 60; second += 10) {
    await world.simulation.run(10_000)
    await other.createTopic(`topic-${second}`)
  }
  connection.resume()
  await world.simulation.run(1_000)
  t.ok(isClosed)
  t.ok(readSize > 0 && readSize < 40 * MIB, 'its last requests are not answered')
  await world.stop()
})

t.test(
  'answers that are not taken keep others waiting until they are cut off, and no answer grows beyond',
  async (t) => {
    const world = await World.start(t, { 'milena.queued.max.answer.bytes': `${4 * MIB}` })
    const honest = await world.connect()
    await honest.createTopic('topic', 1, { 'max.message.bytes': `${8 * MIB}` })
    await honest.produce('topic', batchOf(['x'.repeat(2 * MIB)]))
    const topics = [{ topic: 'topic', partitions: [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 8 * MIB }] }]
    const request = { maxWaitMs: 500, minBytes: 1, maxBytes: 8 * MIB, isolationLevel: 0, sessionId: 0, topics }
    const asked = { ...request, sessionEpoch: -1, forgottenTopicsData: [], rackId: '' }
    const frame = honest.frame('Fetch', 11, asked)
    const { host } = world.simulation.node('consumer')
    for (let count = 0; count < 5; count++) {
      const connection = await world.simulation.complete(host.network.connect({ host: 'broker', port: 9092 }))
      const onBytes = () => connection.pause()
      connection.start({ onBytes, onDrain: () => {}, onClose: () => {} })
      connection.write([frame])
      connection.pause()
      await world.simulation.run(100)
    }
    const fetchSize = async (): Promise<number> => {
      const answer = await honest.request('Fetch', 11, asked)
      return answer.responses[0]?.partitions[0]?.records?.length ?? -1
    }
    t.equal(await fetchSize(), 0)
    await world.simulation.run(15_000)
    t.ok((await fetchSize()) > 2 * MIB)
    await world.stop()
  },
)

t.test('producers that send more than a slow disk takes wait, and lose nothing', async (t) => {
  const simulation = simulate(seed)
  const node = simulation.node('broker', { disk: { writeLatencyMs: [5, 20], syncLatencyMs: [100, 400] } })
  const properties = { listeners: 'PLAINTEXT://broker:9092', 'log.dirs': '/data', 'queued.max.request.bytes': '200000' }
  await simulation.complete(Broker.start({ host: node.host, properties }))
  const { host } = simulation.node('client')
  const connect = async () =>
    new WireClient(await simulation.complete(host.network.connect({ host: 'broker', port: 9092 })), 'client')
  const admin = await connect()
  const topic = { name: 'topic', numPartitions: 3, replicationFactor: 1, assignments: [], configs: [] }
  await simulation.complete(admin.send('CreateTopics', 7, { topics: [topic], timeoutMs: 1000, validateOnly: false }))

  const errorCodes = new Set<number>()
  const offsets = new Set<string>()
  const produce = async (client: WireClient, number: number, index: number): Promise<void> => {
    const partitionData = [{ index: number % 3, records: batchOf([`${number}-${index} ${'x'.repeat(10_000)}`]) }]
    const topicData = [{ name: 'topic', partitionData }]
    const answer = await client.send('Produce', 9, { acks: number % 2 === 0 ? -1 : 1, timeoutMs: 30_000, topicData })
    const told = answer?.responses[0]?.partitionResponses[0]
    errorCodes.add(told?.errorCode ?? -1)
    offsets.add(`${number % 3} ${told?.baseOffset}`)
  }
  const answers: Promise<void>[] = []
  for (let number = 0; number < 12; number++) {
    const client = await connect()
    for (let index = 0; index < 30; index++) answers.push(produce(client, number, index))
  }
  await simulation.complete(Promise.all(answers))
  t.same([...errorCodes], [0])
  t.equal(offsets.size, 12 * 30, 'each batch has an offset of its own')
})
