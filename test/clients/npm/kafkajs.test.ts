import kafkajs, { type CompressionTypes, type ConsumerConfig, type KafkaMessage } from 'kafkajs'
import t from 'tap'
import { GROUP_PARTITIONS, liveAsGroup } from './group.ts'
import { connect } from './kafkajs.ts'
import { startTarget, unique, until } from './target.ts'

const { ConfigResourceTypes, KafkaJSAggregateError, KafkaJSNonRetriableError, KafkaJSProtocolError } = kafkajs
const target = await startTarget()
const kafka = connect(target.bootstrap)
const admin = kafka.admin()
/** An error that may pass is retried for a minute otherwise. */
const impatient = kafka.admin({ retry: { retries: 0 } })
const producer = kafka.producer()
await Promise.all([admin.connect(), impatient.connect(), producer.connect()])

t.teardown(async () => {
  await Promise.all([admin.disconnect(), impatient.disconnect(), producer.disconnect()])
  await target.stop()
})

async function topicOf(prefix: string, numPartitions = 1): Promise<string> {
  const topic = unique(prefix)
  await admin.createTopics({ topics: [{ topic, numPartitions, replicationFactor: 1 }] })
  return topic
}

type Reading = { topic: string; groupId?: string; count: number; seekTo?: string; config?: Partial<ConsumerConfig> }

/** Reads `count` messages as the only member of a group, committing only what the client does by itself. */
async function read({ topic, groupId = unique('reader'), count, seekTo, config }: Reading): Promise<KafkaMessage[]> {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100, ...config })
  const messages: KafkaMessage[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ autoCommit: false, eachMessage: async ({ message }) => void messages.push(message) })
  if (seekTo !== undefined) consumer.seek({ topic, partition: 0, offset: seekTo })
  await until(`${count} messages of ${topic}`, () => messages.length >= count).finally(() => consumer.disconnect())
  return messages
}

/** The name of the error that the broker answered with, be it one for all or one of several topics. */
async function failureOf(answer: Promise<unknown>): Promise<string> {
  try {
    await answer
    return 'none'
  } catch (error) {
    return nameOf(error)
  }
}

function nameOf(error: unknown): string {
  if (error instanceof KafkaJSAggregateError) return nameOf(error.errors[0])
  if (error instanceof KafkaJSNonRetriableError && error.cause !== undefined) return nameOf(error.cause)
  return error instanceof KafkaJSProtocolError ? error.type : String(error)
}

const texts = (messages: readonly KafkaMessage[]) => messages.map((message) => String(message.value))
const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => String(from + index))

t.test('topics are created, described, listed, grown and deleted', async (t) => {
  const topic = unique('admin')
  const config = [{ name: 'retention.ms', value: '123456789' }]
  const wanted = { topic, numPartitions: 3, replicationFactor: 1, configEntries: config }
  t.equal(await admin.createTopics({ validateOnly: true, waitForLeaders: false, topics: [wanted] }), true)
  t.notOk((await admin.listTopics()).includes(topic), 'validateOnly creates nothing')
  t.equal(await admin.createTopics({ topics: [wanted] }), true)
  t.equal(await admin.createTopics({ topics: [wanted] }), false, 'a second time it exists')
  t.ok((await admin.listTopics()).includes(topic))

  const { brokers, controller, clusterId } = await admin.describeCluster()
  const nodeId = brokers[0]?.nodeId
  t.equal(brokers.length, 1)
  t.equal(controller, nodeId)
  t.match(clusterId, /^[\w-]{22}$/)
  const describe = async () => (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]?.partitions ?? []
  const partitions = await describe()
  t.same(partitions.map((partition) => partition.partitionId).sort(), [0, 1, 2])
  for (const { leader, replicas, isr } of partitions) t.same([leader, replicas, isr], [nodeId, [nodeId], [nodeId]])

  await admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] })
  t.equal((await describe()).length, 5)
  t.equal(await failureOf(impatient.createPartitions({ topicPartitions: [{ topic, count: 2 }] })), 'INVALID_PARTITIONS')

  await admin.deleteTopics({ topics: [topic] })
  t.notOk((await admin.listTopics()).includes(topic))
  t.equal(await failureOf(impatient.deleteTopics({ topics: [topic] })), 'UNKNOWN_TOPIC_OR_PARTITION')
  const badName = { topic: 'no/slashes', numPartitions: 1, replicationFactor: 1 }
  t.equal(await failureOf(impatient.createTopics({ topics: [badName] })), 'INVALID_TOPIC_EXCEPTION')
})

t.test('configs are described with their sources, and altered', async (t) => {
  const topic = unique('configs')
  const configEntries = [{ name: 'retention.ms', value: '1000000' }]
  await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1, configEntries }] })
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic }
  const describe = async (...configNames: string[]) => {
    const query = configNames.length === 0 ? resource : { ...resource, configNames }
    const { resources } = await admin.describeConfigs({ includeSynonyms: true, resources: [query] })
    return new Map(resources[0]?.configEntries.map((entry) => [entry.configName, entry]))
  }
  const all = await describe()
  t.ok(all.size > 25, `${all.size} configs of a topic`)
  t.equal(all.get('retention.ms')?.configValue, '1000000')
  t.equal(all.get('retention.ms')?.configSource, 1, 'of the topic')
  t.equal(all.get('cleanup.policy')?.configValue, 'delete')
  t.equal(all.get('cleanup.policy')?.configSource, 5, 'a default')

  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ ...resource, configEntries: [{ name: 'max.message.bytes', value: '2000' }] }],
  })
  const altered = await describe('retention.ms', 'max.message.bytes')
  t.same([...altered.keys()].sort(), ['max.message.bytes', 'retention.ms'])
  t.equal(altered.get('max.message.bytes')?.configValue, '2000')
  t.equal(altered.get('retention.ms')?.configValue, '604800000', 'what is not named goes back to its default')
  t.equal(await failureOf(producer.send({ topic, messages: [{ value: 'x'.repeat(3000) }] })), 'MESSAGE_TOO_LARGE')
  const bad = { ...resource, configEntries: [{ name: 'max.message.bytes', value: 'many' }] }
  t.equal(await failureOf(impatient.alterConfigs({ validateOnly: false, resources: [bad] })), 'INVALID_CONFIG')
})

t.test('messages of every codec arrive as they were sent', async (t) => {
  const topic = await topicOf('codecs')
  const sent: { key: string | null; value: string; headers: Record<string, string>; timestamp: string }[] = []
  for (const compression of [0, 1, 2, 3, 4] satisfies CompressionTypes[]) {
    const messages = numbered(0, 50).map((number) => ({
      key: Number(number) % 3 === 0 ? null : `key ${number}`,
      value: `${compression} ${'value '.repeat(Number(number) * 40)}`,
      headers: { codec: String(compression) },
      timestamp: String(1_700_000_000_000 + Number(number)),
    }))
    const [result] = await producer.send({ topic, compression, messages })
    t.equal(result?.baseOffset, String(sent.length))
    sent.push(...messages)
  }
  const found = await read({ topic, count: sent.length })
  t.same(
    found.map(({ key, value, headers, timestamp }) => ({
      key: key === null ? null : String(key),
      value: String(value),
      headers: { codec: String(headers?.['codec']) },
      timestamp,
    })),
    sent,
  )
  t.same(
    found.map((message) => message.offset),
    numbered(0, sent.length),
  )
})

t.test('messages are acknowledged as asked, and by an idempotent producer come once and in order', async (t) => {
  const topic = await topicOf('acks')
  t.same(await producer.send({ topic, acks: 0, messages: [{ value: 'none' }] }), [])
  t.equal((await producer.send({ topic, acks: 1, messages: [{ value: 'leader' }] }))[0]?.baseOffset, '1')
  t.equal((await producer.send({ topic, acks: -1, messages: [{ value: 'all' }] }))[0]?.baseOffset, '2')
  const idempotent = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await idempotent.connect()
  for (const value of numbered(0, 20)) await idempotent.send({ topic, messages: [{ value }, { value: `${value}b` }] })
  await idempotent.disconnect()
  const expected = ['none', 'leader', 'all', ...numbered(0, 20).flatMap((value) => [value, `${value}b`])]
  t.same(texts(await read({ topic, count: expected.length })), expected)
})

t.test('a topic comes into being when first written to', async (t) => {
  const topic = unique('auto')
  await producer.send({ topic, messages: [{ value: 'first' }] })
  t.same(texts(await read({ topic, count: 1 })), ['first'])
})

t.test('a consumer at the end gets what comes as it comes', async (t) => {
  const topic = await topicOf('tail', 2)
  const consumer = kafka.consumer({ groupId: unique('tail'), maxWaitTimeInMs: 1_000 })
  const values: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) })
  for (const value of numbered(0, 10)) {
    await producer.send({ topic, messages: [{ value, partition: Number(value) % 2 }] })
    await until(`message ${value}`, () => values.includes(value))
  }
  await consumer.disconnect()
  t.same(values, numbered(0, 10))
})

t.test('a group goes on where it committed, and its offsets can be read and deleted', async (t) => {
  const topic = await topicOf('commit')
  const groupId = unique('commit')
  await producer.send({ topic, messages: numbered(0, 20).map((value) => ({ value })) })
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  let count = 0
  await consumer.run({ autoCommit: false, eachMessage: async () => void count++ })
  await until('all messages', () => count === 20)
  await consumer.commitOffsets([{ topic, partition: 0, offset: '12', metadata: 'twelve' }])
  const [described] = (await admin.describeGroups([groupId])).groups
  t.same([described?.state, described?.protocolType, described?.members.length], ['Stable', 'consumer', 1])
  t.equal(described?.members[0]?.clientId, 'milena-test')
  await consumer.disconnect()

  const committed = async () => (await admin.fetchOffsets({ groupId, topics: [topic] }))[0]?.partitions[0]
  t.match(await committed(), { partition: 0, offset: '12', metadata: 'twelve' })
  t.same(texts(await read({ topic, groupId, count: 8 })), numbered(12, 20))
  t.ok((await admin.listGroups()).groups.some((group) => group.groupId === groupId))
  await admin.deleteGroups([groupId])
  t.notOk((await admin.listGroups()).groups.some((group) => group.groupId === groupId))
  t.equal((await committed())?.offset, '-1')
})

t.test('offsets are found by time, and reading starts there', async (t) => {
  const topic = await topicOf('time')
  const start = Date.now() - 100_000
  for (const value of numbered(0, 10)) {
    await producer.send({ topic, messages: [{ value, timestamp: String(start + Number(value) * 1000) }] })
  }
  const at = async (timestamp: number) => (await admin.fetchTopicOffsetsByTimestamp(topic, timestamp))[0]?.offset ?? ''
  t.equal(await at(start - 1), '0')
  t.equal(await at(start + 4000), '4')
  t.equal(await at(start + 4001), '5')
  t.equal(await at(start + 9001), '10', 'after the last: the end, as the client puts it')
  t.same(texts(await read({ topic, seekTo: await at(start + 6500), count: 3 })).slice(-3), numbered(7, 10))
})

t.test('records before an offset are deleted', async (t) => {
  const topic = await topicOf('trim')
  await producer.send({ topic, messages: numbered(0, 10).map((value) => ({ value })) })
  // Only with this does the client know who leads the partition.
  t.match(await admin.fetchTopicOffsets(topic), [{ partition: 0, low: '0', high: '10' }])
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '4' }] })
  t.match(await admin.fetchTopicOffsets(topic), [{ partition: 0, low: '4', high: '10' }])
  t.same(texts(await read({ topic, count: 6 })), numbered(4, 10))
})

t.test('a group of three loses one member by force and one by leave, and nothing is left out', async (t) => {
  const topic = await topicOf('three', GROUP_PARTITIONS)
  const membership = { client: 'kafkajs', bootstrap: target.bootstrap, groupId: unique('three'), topic } as const
  await liveAsGroup(t, membership, async (values) => {
    await producer.send({
      topic,
      messages: values.map((value, index) => ({ value, partition: index % GROUP_PARTITIONS })),
    })
  })
})
