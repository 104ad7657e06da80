// Features, quorum, quotas and credentials against a whole broker: what is kept over a restart. Field by field against
// Apache Kafka: test/conformance.

import t from 'tap'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { batchOf, type Client, World } from './harness.ts'

const SOFTWARE = { clientSoftwareName: 'test', clientSoftwareVersion: '1' }
const UPGRADE = 1
const SAFE_DOWNGRADE = 2

function update(client: Client, feature: string, maxVersionLevel: number, upgradeType: number, validateOnly = false) {
  return client.request('UpdateFeatures', 2, {
    featureUpdates: [{ feature, maxVersionLevel, upgradeType }],
    validateOnly,
  })
}

async function finalised(client: Client): Promise<Record<string, number>> {
  const { finalizedFeatures } = await client.request('ApiVersions', 4, SOFTWARE)
  return Object.fromEntries(finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel]))
}

t.test(
  'a new cluster finalises what Kafka 4.4 does, and ApiVersions below v4 leaves out what begins at 0',
  async (t) => {
    const world = await World.start(t)
    const client = await world.connect()
    t.same(await finalised(client), {
      'eligible.leader.replicas.version': 1,
      'group.version': 1,
      'kraft.version': 1,
      'metadata.version': 33,
      'share.version': 2,
      'streams.version': 1,
      'transaction.version': 2,
    })
    const { supportedFeatures } = await client.request('ApiVersions', 3, SOFTWARE)
    t.same(
      supportedFeatures.map(({ name }) => name),
      ['metadata.version'],
    )
    await world.stop()
  },
)

t.test('trap 35: a feature goes down and stays down over a restart, and its epoch goes up', async (t) => {
  const world = await World.start(t)
  let client = await world.connect()
  const before = await client.request('ApiVersions', 4, SOFTWARE)
  t.match(await update(client, 'streams.version', 0, SAFE_DOWNGRADE, true), { errorCode: ErrorCode.NONE })
  t.equal((await finalised(client))['streams.version'], 1, 'validated only')
  t.match(await update(client, 'streams.version', 0, UPGRADE), { errorCode: ErrorCode.INVALID_UPDATE_VERSION })
  t.match(await update(client, 'streams.version', 0, SAFE_DOWNGRADE), { errorCode: ErrorCode.NONE })
  t.equal((await finalised(client))['streams.version'], undefined)
  const after = await client.request('ApiVersions', 4, SOFTWARE)
  t.ok(after.finalizedFeaturesEpoch > before.finalizedFeaturesEpoch)
  await world.stop()
  await world.restart()
  client = await world.connect()
  t.equal((await finalised(client))['streams.version'], undefined)
  t.equal((await finalised(client))['kraft.version'], 1, 'that of the quorum is read from the log')
  t.match(await update(client, 'streams.version', 1, UPGRADE), { errorCode: ErrorCode.NONE })
  t.equal((await finalised(client))['streams.version'], 1)
  await world.stop()
})

t.test('the quorum is one voter, which has all that is committed', async (t) => {
  const world = await World.start(t)
  const client = await world.connect()
  const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }]
  const described = await client.request('DescribeQuorum', 2, { topics })
  const partition = described.topics[0]?.partitions[0]
  t.match(partition, { errorCode: 0, leaderId: 1, observers: { length: 0 } })
  t.equal(partition?.currentVoters.length, 1)
  t.equal(partition?.currentVoters[0]?.logEndOffset, partition?.highWatermark)
  t.match(described.nodes, [{ nodeId: 1, listeners: [{ name: 'CONTROLLER' }] }])
  await world.stop()
})

t.test('a broker that is unregistered registers again, and goes on', async (t) => {
  const world = await World.start(t)
  const client = await world.connect()
  await client.createTopic('a')
  t.match(await client.request('UnregisterBroker', 0, { brokerId: 1 }), { errorCode: ErrorCode.NONE })
  await world.simulation.run(15_000)
  const again = await client.request('Metadata', 12, { topics: null })
  t.match(again.brokers, [{ nodeId: 1 }])
  t.match(again.topics, [{ name: 'a', partitions: [{ errorCode: ErrorCode.NONE, leaderId: 1 }] }])
  await world.stop()
})

t.test('quotas are kept over a restart, each value of an entity alone', async (t) => {
  const world = await World.start(t)
  let client = await world.connect()
  const entity = [
    { entityType: 'user', entityName: 'u' },
    { entityType: 'client-id', entityName: null },
  ]
  const alter = (ops: { key: string; value: number; remove: boolean }[]) =>
    client.request('AlterClientQuotas', 1, { entries: [{ entity, ops }], validateOnly: false })
  await alter([
    { key: 'producer_byte_rate', value: 1e6, remove: false },
    { key: 'request_percentage', value: 12.5, remove: false },
  ])
  await alter([{ key: 'producer_byte_rate', value: 0, remove: true }])
  await world.stop()
  await world.restart()
  client = await world.connect()
  const { entries } = await client.request('DescribeClientQuotas', 1, { components: [], strict: false })
  t.same(
    entries?.map(({ values }) => values),
    [[{ key: 'request_percentage', value: 12.5 }]],
  )
  t.match(entries?.[0]?.entity, entity)
  await world.stop()
})

t.test('producers that are idle for producer.id.expiration.ms are forgotten, which may change meanwhile', async (t) => {
  const world = await World.start(t)
  let client = await world.connect()
  await client.createTopic('a')
  const asked = { transactionalId: null, transactionTimeoutMs: 1000 }
  const { producerId } = await client.request('InitProducerId', 4, asked)
  const send = (baseSequence: number) =>
    client.produce('a', batchOf(['x'], { producerId, producerEpoch: 0, baseSequence }))
  const known = async () => {
    client = await world.connect()
    const topics = [{ name: 'a', partitionIndexes: [0] }]
    const answer = await client.request('DescribeProducers', 0, { topics })
    return answer.topics[0]!.partitions[0]!.activeProducers.length
  }
  t.equal((await send(0)).errorCode, ErrorCode.NONE)
  await world.simulation.run(3_600_000)
  t.equal(await known(), 1)
  t.equal((await send(5)).errorCode, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
  const configs = [{ name: 'producer.id.expiration.ms', configOperation: 0, value: '600000' }]
  const resources = [{ resourceType: 4, resourceName: '', configs }]
  const { responses } = await client.request('IncrementalAlterConfigs', 1, { resources, validateOnly: false })
  t.equal(responses[0]?.errorCode, ErrorCode.NONE)
  await world.simulation.run(1_300_000)
  t.equal(await known(), 0)
  t.equal((await send(5)).errorCode, ErrorCode.NONE, 'as one that is not known')
  await world.stop()
})

t.test('producers that cannot be read after a start are KAFKA_STORAGE_ERROR to all who need them', async (t) => {
  const world = await World.start(t)
  const client = await world.connect()
  await client.createTopic('a')
  await client.produce('a', batchOf(['x']))
  await world.stop()
  await world.restart()
  const next = await world.connect()
  const asked = async () => {
    const partitions = [{ partitionIndex: 0, timestamp: -1n }]
    const end = { replicaId: -1, isolationLevel: 1, topics: [{ name: 'a', partitions }] }
    const listed = await next.request('ListOffsets', 7, end)
    const topics = [{ name: 'a', partitionIndexes: [0] }]
    const described = await next.request('DescribeProducers', 0, { topics })
    return [
      (await next.fetch('a', 0)).errorCode,
      listed.topics[0]?.partitions[0]?.errorCode,
      described.topics[0]?.partitions[0]?.errorCode,
    ]
  }
  world.node.disk.fault = (_operation, path) => (path.endsWith('.snapshot') ? 'failed' : null)
  t.same(await asked(), Array(3).fill(ErrorCode.KAFKA_STORAGE_ERROR))
  world.node.disk.fault = null
  t.same(await asked(), Array(3).fill(ErrorCode.NONE))
})
