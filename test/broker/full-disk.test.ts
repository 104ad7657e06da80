// A full disk: appends are refused with an error that clients repeat, reads and deletions go on, and when there is room
// again so do appends, without a restart.

import t from 'tap'
import { Broker } from '../../broker/broker.ts'
import { simulate } from '../../host/simulated/simulation.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { ZERO_UUID } from '../../protocol/wire.ts'
import { Client } from './harness.ts'

const MIB = 1024 * 1024
const encoder = new TextEncoder()

const batch = (size: number): Uint8Array =>
  buildBatch({
    timestamp: 1_767_225_600_000,
    records: [{ key: encoder.encode('k'), value: new Uint8Array(size).fill(120) }],
  })

async function world(capacity: number) {
  const simulation = simulate(1)
  const node = simulation.node('broker', { disk: { capacity } })
  const properties = {
    listeners: 'PLAINTEXT://broker:9092',
    'log.dirs': '/data',
    'log.cleaner.enable': 'false',
    'milena.journal.size': '0',
  }
  const start = (host = node.host): Promise<Broker> => simulation.complete(Broker.start({ host, properties }))
  const broker = await start()
  const { host } = simulation.node('client')
  const connect = async (): Promise<Client> =>
    new Client(simulation, await simulation.complete(host.network.connect({ host: 'broker', port: 9092 })), 'test')
  return { simulation, node, broker, start, connect }
}

async function fill(client: Client, topic: string): Promise<number> {
  for (let count = 0; count < 100; count++) {
    const { errorCode } = await client.produce(topic, batch(500_000))
    if (errorCode === ErrorCode.NONE) continue
    if (errorCode !== ErrorCode.KAFKA_STORAGE_ERROR) throw new Error(`produce answers ${errorCode}`)
    return count
  }
  throw new Error('the disk does not fill')
}

const deleteTopic = async (client: Client, name: string): Promise<number | undefined> => {
  const { responses } = await client.request('DeleteTopics', 6, {
    topics: [{ name, topicId: ZERO_UUID }],
    timeoutMs: 5000,
  })
  return responses[0]?.errorCode
}

t.test('topics can be deleted on a full disk, and then there is room', async (t) => {
  const { simulation, node, connect } = await world(24 * MIB)
  const client = await connect()
  await client.createTopic('kept')
  await client.createTopic('large')
  const empty = Array.from({ length: 100 }, (_, index) => `empty-${index}`)
  for (const name of empty) await client.createTopic(name)
  await client.produce('kept', batch(1000))
  await simulation.run(1000)
  t.ok(node.host.disk.exists('/data/.milena-reserve'))
  const count = await fill(client, 'large')
  t.ok(count > 20)
  t.equal((await client.produce('kept', batch(500_000))).errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  t.equal((await client.fetch('large', count - 1)).read.length, 1, 'reads go on')

  // Not a byte is left.
  const file = node.host.disk.open('/data/filler', 'write')
  const { freeSize } = node.host.disk.space('/data')
  file.writeSync([new Uint8Array(freeSize)], 0)
  file.close()
  t.equal(node.host.disk.space('/data').freeSize, 0)

  // Into what is left of its last block the metadata log can write still.
  for (const name of empty) t.equal(await deleteTopic(client, name), ErrorCode.NONE)
  t.notOk(node.host.disk.exists('/data/.milena-reserve'), 'what was kept for this is used')
  t.equal(
    (await client.produce('kept', batch(1000))).errorCode,
    ErrorCode.KAFKA_STORAGE_ERROR,
    'and nobody else may have it',
  )
  t.equal(await deleteTopic(client, 'large'), ErrorCode.NONE)
  await simulation.run(70_000)
  t.ok(node.host.disk.exists('/data/.milena-reserve'), 'there is room, and some of it is kept again')
  t.equal((await client.produce('kept', batch(1000))).errorCode, ErrorCode.NONE)
  t.equal((await client.fetch('kept', 0)).read.length, 2)
})

t.test('a start on a full disk serves reads, and appends when there is room', async (t) => {
  const { simulation, node, broker, start, connect } = await world(24 * MIB)
  const client = await connect()
  await client.createTopic('t')
  const count = await fill(client, 't')
  await simulation.complete(broker.stop())
  const file = node.host.disk.open('/data/filler', 'write')
  file.writeSync([new Uint8Array(node.host.disk.space('/data').freeSize)], 0)
  file.close()
  await start(node.restart())
  const again = await connect()
  t.equal((await again.fetch('t', count - 1)).read.length, 1)
  t.equal((await again.produce('t', batch(500_000))).errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  node.host.disk.remove('/data/filler')
  t.equal(await deleteTopic(again, 't'), ErrorCode.NONE)
})
