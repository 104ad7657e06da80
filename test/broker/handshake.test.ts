// What breaks clients before their first record: the handshake.

import t from 'tap'
import { Broker } from '../../broker/broker.ts'
import { handlers } from '../../broker/handlers/table.ts'
import { apis } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { oracleText } from '../protocol/oracle.ts'
import { WireClient } from '../wire-client.ts'
import { World } from './harness.ts'

const software = { clientSoftwareName: 'test', clientSoftwareVersion: '1.0' }

t.test('KAFKA-18659, KAFKA-17011: every version of ApiVersions is answered with the handler table', async (t) => {
  const world = await World.start(t)
  const client = await world.connect()
  for (let version = 0; version <= 5; version++) {
    const answer = await client.request('ApiVersions', version, software)
    t.equal(answer.errorCode, ErrorCode.NONE)
    t.same(
      answer.apiKeys.map(({ apiKey }) => apiKey).sort((a, b) => a - b),
      handlers.map(({ name }) => apis[name].key).sort((a, b) => a - b),
    )
    const produce = answer.apiKeys.find(({ apiKey }) => apiKey === 0)
    t.same(produce, { apiKey: 0, minVersion: 0, maxVersion: 13 }, 'Produce is listed from 0 for old librdkafka')
    const zero = answer.supportedFeatures.filter(({ minVersion }) => minVersion === 0)
    t.equal(zero.length > 0, version >= 4, `v${version} lists features of level 0`)
  }
  await world.stop()
})

/** Served when there is security. */
const OF_SECURITY = new Set([17, 36, 38, 39, 40, 41])
/** What other nodes ask a controller: served in a cluster. */
const OF_CLUSTERS = new Set([1, 52, 53, 54, 56, 58, 59, 62, 63, 67, 70, 73, 82])

t.test(
  'what Apache Kafka 4.4.0 advertises on either listener is advertised, but for security and other nodes',
  async (t) => {
    const world = await World.start(t, { listeners: 'PLAINTEXT://broker:9092,CONTROLLER://broker:9093' })
    const { network } = world.simulation.node('client').host
    for (const [listener, port] of [
      ['BROKER', 9092],
      ['CONTROLLER', 9093],
    ] as const) {
      const connection = await world.simulation.complete(network.connect({ host: 'broker', port }))
      const client = new WireClient(connection, 'test')
      const answer = await world.simulation.complete(client.send('ApiVersions', 4, software))
      const left = listener === 'BROKER' ? OF_SECURITY : new Set([...OF_SECURITY, ...OF_CLUSTERS])
      const expected = advertisedByKafka(listener).filter(({ apiKey }) => !left.has(apiKey))
      t.ok(expected.length > 20)
      t.same(
        answer?.apiKeys.toSorted((a, b) => a.apiKey - b.apiKey),
        expected,
        listener,
      )
    }
    await world.stop()
  },
)

function advertisedByKafka(listener: string) {
  return oracleText('apiversions-advertised-4.4.0.tsv')
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([first]) => first === listener)
    .map(([, key, , min, max]) => ({ apiKey: Number(key), minVersion: Number(min), maxVersion: Number(max) }))
}

t.test('trap 3: a client that names its software badly is told so in the body', async (t) => {
  const world = await World.start(t)
  const client = await world.connect()
  for (const name of ['', '-x', 'a b', 'x.', 'ü']) {
    const answer = await client.request('ApiVersions', 3, { clientSoftwareName: name, clientSoftwareVersion: '1' })
    t.equal(answer.errorCode, ErrorCode.INVALID_REQUEST, `'${name}'`)
    const versioned = { clientSoftwareName: 'a', clientSoftwareVersion: name }
    const refused = await client.request('ApiVersions', 3, versioned)
    t.equal(refused.errorCode, ErrorCode.INVALID_REQUEST, `version '${name}'`)
  }
  await world.stop()
})

t.test('trap 35: features have their exact names, and finalised ones their epoch', async (t) => {
  const world = await World.start(t)
  const client = await world.connect()
  const { supportedFeatures, finalizedFeatures, finalizedFeaturesEpoch } = await client.request(
    'ApiVersions',
    4,
    software,
  )
  const names = supportedFeatures.map(({ name }) => name)
  for (const name of ['metadata.version', 'kraft.version', 'transaction.version', 'group.version', 'share.version'])
    t.ok(names.includes(name), name)
  t.ok(finalizedFeatures.every(({ name }) => names.includes(name)))
  t.ok(finalizedFeatures.some(({ name }) => name === 'metadata.version'))
  t.ok(finalizedFeaturesEpoch >= 0n, '-1 would mean that nothing is known')
  await world.stop()
})

t.test('a client of another cluster or node is sent back to its bootstrap servers', async (t) => {
  const world = await World.start(t)
  const client = await world.connect()
  const ask = async (target: { clusterId?: string | null; nodeId?: number }) =>
    (await client.request('ApiVersions', 5, { ...software, ...target })).errorCode
  t.equal(await ask({ clusterId: world.broker.clusterId, nodeId: 1 }), ErrorCode.NONE)
  t.equal(await ask({ clusterId: 'AAAAAAAAAAAAAAAAAAAAAA', nodeId: 1 }), ErrorCode.REBOOTSTRAP_REQUIRED)
  t.equal(await ask({ clusterId: world.broker.clusterId, nodeId: 7 }), ErrorCode.REBOOTSTRAP_REQUIRED)
  t.equal(await ask({ clusterId: world.broker.clusterId }), ErrorCode.INVALID_REQUEST, 'both or neither')
  t.equal(await ask({ nodeId: 1 }), ErrorCode.INVALID_REQUEST)
  await world.stop()
})

t.test('requests before the broker is ready wait for it', async (t) => {
  const world = await World.start(t)
  await world.stop()
  let isReady = false
  const { simulation } = world
  const starting = Broker.start({ host: world.node.restart(), properties: world.properties }).then((broker) => {
    isReady = true
    return broker
  })
  const { network } = simulation.node('client').host
  const connection = await simulation.complete(network.connect({ host: 'broker', port: 9092 }))
  const early = new WireClient(connection, 'early').send('ApiVersions', 0, software)
  t.notOk(isReady)
  t.equal((await simulation.complete(early))?.errorCode, ErrorCode.NONE)
  t.ok(isReady)
  world.broker = await simulation.complete(starting)
  await world.stop()
})
