// Metadata, topics and configs against a whole broker: the traps that break clients, by name. Field by field against
// Apache Kafka: test/conformance.

import t from 'tap'
import { CONFIG_SOURCE } from '../../broker/config/describe.ts'
import { ALTER } from '../../broker/controller/configs.ts'
import { partitionView } from '../../broker/handlers/topics/describe-topic.ts'
import {
  type BrokerImage,
  BrokersImage,
  type MetadataImage,
  type PartitionImage,
  RESOURCE,
} from '../../broker/metadata/image.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../protocol/wire.ts'
import { batchOf, type Client, World } from './harness.ts'

const NOT_ASKED = -2147483648

async function ready(t: Parameters<typeof World.start>[0], properties: Record<string, string> = {}) {
  const world = await World.start(t, properties)
  const client = await world.connect()
  return { world, client }
}

const named = (...names: (string | null)[]) => names.map((name) => ({ name, topicId: ZERO_UUID }))

/** Version 4 on; before it a client cannot keep a topic from being made. */
function metadata(client: Client, version: number, topics: { name: string | null; topicId: string }[] | null) {
  return client.request('Metadata', version, { topics, allowAutoTopicCreation: false })
}

t.test('Metadata: null topics are all of them; an empty array is none, and at v0 all', async (t) => {
  const { world, client } = await ready(t)
  await client.createTopic('a')
  await client.createTopic('b', 2)
  for (let version = 0; version <= 13; version++) {
    if (version > 0) {
      const all = await metadata(client, version, null)
      t.same(all.topics.map(({ name }) => name).sort(), ['a', 'b'], `v${version}`)
    }
    const empty = await metadata(client, version, [])
    t.equal(empty.topics.length, version === 0 ? 2 : 0, `v${version}`)
    const one = await client.request('Metadata', version, { topics: named('b') })
    t.match(one.brokers, [{ nodeId: 1, host: 'broker', port: 9092 }])
    t.match(one.topics, [{ errorCode: ErrorCode.NONE, name: 'b', partitions: [{ leaderId: 1, isrNodes: [1] }, {}] }])
    if (version >= 2) t.equal(one.clusterId, world.broker.clusterId)
    if (version >= 1) t.equal(one.controllerId, 1)
    if (version >= 8) t.equal(one.topics[0]?.topicAuthorizedOperations, NOT_ASKED)
    if (version >= 7) t.equal(one.topics[0]?.partitions[0]?.leaderEpoch, 0)
  }
  await world.stop()
})

t.test('Metadata: by id from v12 on, where the name may be null', async (t) => {
  const { world, client } = await ready(t)
  const topicId = await client.createTopic('a')
  t.match(await metadata(client, 12, [{ name: null, topicId }]), { topics: [{ name: 'a', topicId, errorCode: 0 }] })
  const unknown = 'unknown-unknown-unknow'
  t.match((await metadata(client, 13, [{ name: null, topicId: unknown }])).topics, [
    { errorCode: ErrorCode.UNKNOWN_TOPIC_ID, name: null, topicId: unknown },
  ])
  t.match((await metadata(client, 10, [{ name: null, topicId }])).topics, [{ errorCode: ErrorCode.INVALID_REQUEST }])
  await world.stop()
})

t.test('Metadata makes a topic when client and broker allow it, and says so on the next question', async (t) => {
  const { world, client } = await ready(t, { 'num.partitions': '3' })
  const ask = (name: string, allowAutoTopicCreation: boolean) =>
    client.request('Metadata', 9, { topics: named(name), allowAutoTopicCreation })
  t.match((await ask('not-made', false)).topics, [{ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }])
  t.match((await ask('not a name', true)).topics, [{ errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION }])
  t.match((await ask('made', true)).topics, [{ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }])
  await world.simulation.run(100)
  const again = await ask('made', false)
  t.match(again.topics, [{ errorCode: ErrorCode.NONE, name: 'made' }])
  t.equal(again.topics[0]?.partitions.length, 3)
  t.match((await ask('not-made', false)).topics, [{ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }])
  await world.stop()

  const strict = await ready(t, { 'auto.create.topics.enable': 'false' })
  await strict.client.request('Metadata', 9, { topics: named('made'), allowAutoTopicCreation: true })
  await strict.world.simulation.run(100)
  t.same((await metadata(strict.client, 9, null)).topics, [])
  await strict.world.stop()
})

t.test('trap 29: a fenced broker is not listed and leads nothing; LISTENER_NOT_FOUND is told who knows it', (t) => {
  const broker = (id: number, fenced: boolean, ...names: string[]): BrokerImage => ({
    ...{ id, epoch: 1n, incarnationId: ZERO_UUID, features: [], rack: null, fenced, inControlledShutdown: false },
    ...{ logDirs: [], cordonedLogDirs: null },
    endPoints: names.map((name) => ({ name, host: `broker-${id}`, port: 9092, securityProtocol: 0 })),
  })
  const all = [broker(1, false, 'PLAINTEXT'), broker(2, true, 'PLAINTEXT'), broker(3, false, 'OTHER')]
  const image = { brokers: new BrokersImage(new Map(all.map((one) => [one.id, one]))) } as MetadataImage
  t.same(
    image.brokers.endpoints('PLAINTEXT').map(({ nodeId }) => nodeId),
    [1],
  )
  const led = (leader: number, knowsListener: boolean) => {
    const partition = {
      leader,
      leaderEpoch: 0,
      replicas: [1, 2, 3],
      isr: [1],
      directories: [],
    } as unknown as PartitionImage
    const { errorCode, leaderId, offlineReplicas } = partitionView(image, partition, 0, 'PLAINTEXT', knowsListener)
    return { errorCode, leaderId, offlineReplicas }
  }
  const offlineReplicas = [2]
  t.same(led(1, true), { errorCode: ErrorCode.NONE, leaderId: 1, offlineReplicas })
  t.same(led(2, true), { errorCode: ErrorCode.LEADER_NOT_AVAILABLE, leaderId: -1, offlineReplicas })
  t.same(led(3, true), { errorCode: ErrorCode.LISTENER_NOT_FOUND, leaderId: -1, offlineReplicas })
  t.same(led(3, false), { errorCode: ErrorCode.LEADER_NOT_AVAILABLE, leaderId: -1, offlineReplicas }, 'below v6')
  t.end()
})

t.test('operations are bit fields when asked for', async (t) => {
  const { world, client } = await ready(t)
  await client.createTopic('a')
  const asked = await client.request('Metadata', 8, {
    ...{ topics: named('a'), includeTopicAuthorizedOperations: true, includeClusterAuthorizedOperations: true },
  })
  t.equal(asked.topics[0]?.topicAuthorizedOperations, 3576)
  t.equal(asked.clusterAuthorizedOperations, 8096)
  const cluster = await client.request('DescribeCluster', 2, { includeClusterAuthorizedOperations: true })
  t.match(cluster, {
    ...{ errorCode: 0, controllerId: 1, clusterId: world.broker.clusterId, clusterAuthorizedOperations: 8096 },
    brokers: [{ brokerId: 1, host: 'broker', port: 9092, isFenced: false }],
  })
  const controllers = await client.request('DescribeCluster', 1, {
    ...{ includeClusterAuthorizedOperations: false, endpointType: 2 },
  })
  t.equal(controllers.errorCode, ErrorCode.MISMATCHED_ENDPOINT_TYPE)
  await world.stop()
})

t.test('trap 30: CreateTopics answers with the topic id from v7 on, and with all configs from v5 on', async (t) => {
  const { world, client } = await ready(t)
  for (let version = 2; version <= 7; version++) {
    const configs = [{ name: 'retention.ms', value: '5000' }]
    const topic = { name: `made-by-v${version}`, numPartitions: 2, replicationFactor: 1, assignments: [], configs }
    const { topics } = await client.request('CreateTopics', version, {
      topics: [topic],
      timeoutMs: 1000,
      validateOnly: false,
    })
    t.equal(topics[0]?.errorCode, ErrorCode.NONE)
    t.equal(topics[0]?.topicId !== ZERO_UUID, version >= 7)
    const retention = topics[0]?.configs?.find(({ name }) => name === 'retention.ms')
    if (version >= 5) t.match(retention, { value: '5000', configSource: CONFIG_SOURCE.topic, readOnly: false })
  }
  t.equal((await metadata(client, 9, null)).topics.length, 6, 'they are there when the answer is')
  await world.stop()
})

t.test('a deleted topic is gone when the answer is there, for producers too', async (t) => {
  const { world, client } = await ready(t)
  await client.createTopic('a')
  const deleteIt = { topics: named('a'), topicNames: ['a'], timeoutMs: 1000 }
  t.match((await client.request('DeleteTopics', 6, deleteIt)).responses, [{ name: 'a', errorCode: ErrorCode.NONE }])
  t.same((await metadata(client, 9, null)).topics, [])
  t.match((await client.request('DeleteTopics', 1, deleteIt)).responses, [
    { name: 'a', errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
  ])
  await world.stop()
})

t.test('DescribeTopicPartitions goes page by page in order of name', async (t) => {
  const { world, client } = await ready(t)
  await client.createTopic('b', 3)
  await client.createTopic('a', 2)
  let cursor: { topicName: string; partitionIndex: number } | null = null
  const seen: string[] = []
  do {
    const page: Awaited<ReturnType<typeof describe>> = await describe(client, cursor)
    t.ok(page.topics.reduce((count, { partitions }) => count + partitions.length, 0) <= 2)
    for (const { name, partitions } of page.topics) {
      for (const { partitionIndex } of partitions) seen.push(`${name}-${partitionIndex}`)
    }
    cursor = page.nextCursor
  } while (cursor !== null)
  t.same(seen, ['a-0', 'a-1', 'b-0', 'b-1', 'b-2'])
  await world.stop()
})

function describe(client: Client, cursor: { topicName: string; partitionIndex: number } | null) {
  return client.request('DescribeTopicPartitions', 0, { topics: [], responsePartitionLimit: 2, cursor })
}

t.test(
  'trap 31: configs: keys null or none are all; synonyms and documentation only when asked; no secrets',
  async (t) => {
    const { world, client } = await ready(t, { 'ssl.keystore.password': 'secret' })
    await client.createTopic('a', 1, { 'retention.ms': '5' })
    const ask = async (resourceType: number, resourceName: string, configurationKeys: string[] | null, rest = {}) => {
      const resources = [{ resourceType, resourceName, configurationKeys }]
      const { results } = await client.request('DescribeConfigs', 4, { resources, includeSynonyms: false, ...rest })
      return results[0]!
    }
    const all = await ask(RESOURCE.topic, 'a', null)
    t.ok(all.configs.length > 30)
    t.equal((await ask(RESOURCE.topic, 'a', [])).configs.length, all.configs.length)
    t.same(
      all.configs.flatMap(({ synonyms }) => synonyms),
      [],
    )
    t.ok(all.configs.every(({ documentation }) => documentation === null))
    const one = await ask(RESOURCE.topic, 'a', ['retention.ms'], { includeSynonyms: true, includeDocumentation: true })
    t.match(one.configs, [{ name: 'retention.ms', value: '5', documentation: /./, configSource: CONFIG_SOURCE.topic }])
    t.match(one.configs[0]?.synonyms, [{ name: 'retention.ms', value: '5', source: CONFIG_SOURCE.topic }])
    t.match((await ask(RESOURCE.broker, '1', ['ssl.keystore.password'])).configs, [{ value: null, isSensitive: true }])
    t.match((await ask(RESOURCE.broker, '1', ['log.dirs'])).configs, [{ readOnly: true }])
    t.equal((await ask(RESOURCE.topic, 'absent', null)).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    t.equal((await ask(RESOURCE.broker, '7', null)).errorCode, ErrorCode.INVALID_REQUEST)
    t.equal((await ask(RESOURCE.brokerLogger, '1', null)).errorCode, ErrorCode.NONE)
    t.equal((await ask(RESOURCE.group, 'g', null)).errorCode, ErrorCode.NONE)
    t.equal((await ask(RESOURCE.clientMetrics, 'm', null)).errorCode, ErrorCode.NONE)
    t.equal((await ask(3, 'x', null)).errorCode, ErrorCode.INVALID_REQUEST)
    await world.stop()
  },
)

t.test('an altered config acts when the answer is there, and after a crash', async (t) => {
  const { world, client } = await ready(t)
  await client.createTopic('a')
  const alter = async (resourceType: number, resourceName: string, name: string, value: string) => {
    const configs = [{ name, configOperation: ALTER.set, value }]
    const resources = [{ resourceType, resourceName, configs }]
    const { responses } = await client.request('IncrementalAlterConfigs', 1, { resources, validateOnly: false })
    return responses[0]?.errorCode
  }
  const large = batchOf(['x'.repeat(2000)])
  t.equal((await client.produce('a', large)).errorCode, ErrorCode.NONE)
  t.equal(await alter(RESOURCE.topic, 'a', 'max.message.bytes', '1000'), ErrorCode.NONE)
  t.equal((await client.produce('a', large)).errorCode, ErrorCode.MESSAGE_TOO_LARGE)
  t.equal(await alter(RESOURCE.broker, '', 'log.retention.ms', '12345'), ErrorCode.NONE)
  t.equal(await alter(RESOURCE.broker, '1', 'log.dirs', '/else'), ErrorCode.INVALID_REQUEST, 'fixed at the start')
  t.equal(await alter(RESOURCE.topic, 'absent', 'retention.ms', '1'), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  world.node.crash()
  await world.restart()
  const again = await world.connect()
  t.equal((await again.produce('a', large)).errorCode, ErrorCode.MESSAGE_TOO_LARGE)
  const resources = [{ resourceType: RESOURCE.topic, resourceName: 'a', configurationKeys: null }]
  const { results } = await again.request('DescribeConfigs', 4, { resources, includeSynonyms: false })
  const shown = new Map(results[0]?.configs.map((one) => [one.name, one]))
  t.match(shown.get('max.message.bytes'), { value: '1000', configSource: CONFIG_SOURCE.topic })
  t.match(shown.get('retention.ms'), { value: '12345', configSource: CONFIG_SOURCE.dynamicDefaultBroker })
  await world.stop()
})

t.test('ListConfigResources lists client metrics at v0, and every type from v1 on', async (t) => {
  const { world, client } = await ready(t)
  await client.createTopic('a')
  const configs = [{ name: 'interval.ms', configOperation: ALTER.set, value: '1000' }]
  const resources = [{ resourceType: RESOURCE.clientMetrics, resourceName: 'm', configs }]
  await client.request('IncrementalAlterConfigs', 1, { resources, validateOnly: false })
  t.match((await client.request('ListConfigResources', 0, {})).configResources, [{ resourceName: 'm' }])
  const all = await client.request('ListConfigResources', 1, { resourceTypes: [] })
  t.same(
    all.configResources.map(({ resourceType, resourceName }) => `${resourceType} ${resourceName}`),
    ['16 m', '8 1', '4 1', '2 a'],
  )
  t.equal(
    (await client.request('ListConfigResources', 1, { resourceTypes: [99] })).errorCode,
    ErrorCode.UNSUPPORTED_VERSION,
  )
  await world.stop()
})
