import {
  Admin,
  ConfigResourceTypes,
  type ConsumeOptions,
  Consumer,
  FindCoordinatorKeyTypes,
  type Message,
  IncrementalAlterConfigOperationTypes as Operations,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka'
import t from 'tap'
import { GROUP_PARTITIONS, liveAsGroup } from './group.ts'
import { startTarget, unique, until } from './target.ts'

const target = await startTarget()
const base = { clientId: 'milena-test', bootstrapBrokers: [target.bootstrap], retries: 5, retryDelay: 100 }
const admin = new Admin(base)
/** An error that may pass is tried again otherwise. */
const impatient = new Admin({ ...base, retries: 0 })
const producer = new Producer({ ...base, serializers: stringSerializers, autocreateTopics: true })

t.teardown(async () => {
  await Promise.all([admin.close(), impatient.close(), producer.close()])
  await target.stop()
})

type Text = Message<string, string, string, string>

async function topicOf(prefix: string, partitions = 1): Promise<string> {
  const topic = unique(prefix)
  await admin.createTopics({ topics: [topic], partitions, replicas: 1 })
  return topic
}

type Reading = {
  topic: string
  groupId?: string
  count: number
  options?: Partial<ConsumeOptions<string, string, string, string>>
}

/** Reads `count` messages as the only member of a group, committing nothing. */
async function read({ topic, groupId = unique('reader'), count, options }: Reading): Promise<Text[]> {
  const consumer = new Consumer({ ...base, groupId, deserializers: stringDeserializers, maxWaitTime: 100 })
  const messages: Text[] = []
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false, ...options })
  stream.on('data', (message) => messages.push(message))
  try {
    await until(`${count} messages of ${topic}`, () => messages.length >= count)
  } finally {
    await stream.close()
    await consumer.close(true)
  }
  return messages
}

const texts = (messages: readonly Text[]) => messages.map((message) => message.value)
const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => String(from + index))

/** The broker's error codes, as the client nests them. */
async function failureOf(answer: Promise<unknown>): Promise<string> {
  try {
    await answer
    return 'none'
  } catch (error) {
    return namesOf(error).join(' ')
  }
}

function namesOf(error: unknown): string[] {
  if (error instanceof AggregateError) return error.errors.flatMap(namesOf)
  if (!(error instanceof Error)) return [String(error)]
  if ('apiId' in error) return [String(error.apiId)]
  return error.cause === undefined ? [error.message] : namesOf(error.cause)
}

t.test('topics are created, described, listed, grown and deleted', async (t) => {
  const topic = unique('admin')
  const configs = [{ name: 'retention.ms', value: '123456789' }]
  const [created] = await admin.createTopics({ topics: [topic], partitions: 3, replicas: 1, configs })
  t.match(created, { name: topic, partitions: 3, replicas: 1, configuration: { 'retention.ms': '123456789' } })
  const again = impatient.createTopics({ topics: [topic], partitions: 3, replicas: 1 })
  t.equal(await failureOf(again), 'TOPIC_ALREADY_EXISTS')
  t.ok((await admin.listTopics()).includes(topic))

  const describe = async () => {
    const { topics, brokers } = await admin.metadata({ topics: [topic], forceUpdate: true })
    return { described: topics.get(topic), nodeIds: [...brokers.keys()] }
  }
  const { described, nodeIds } = await describe()
  t.equal(described?.id, created?.id, 'the topic id is the same everywhere')
  t.equal(described?.partitionsCount, 3)
  for (const partition of described?.partitions ?? []) {
    t.match(partition, { leader: nodeIds[0], replicas: nodeIds, isr: nodeIds, offlineReplicas: { length: 0 } })
  }
  const assignments = [{ brokerIds: nodeIds }, { brokerIds: nodeIds }]
  await admin.createPartitions({ topics: [{ name: topic, count: 5, assignments }] })
  t.equal((await describe()).described?.partitionsCount, 5)
  const fewer = impatient.createPartitions({ topics: [{ name: topic, count: 2, assignments: [] }] })
  t.equal(await failureOf(fewer), 'INVALID_PARTITIONS')

  await admin.deleteTopics({ topics: [topic] })
  t.notOk((await admin.listTopics()).includes(topic))
  t.equal(await failureOf(impatient.deleteTopics({ topics: [topic] })), 'UNKNOWN_TOPIC_OR_PARTITION')
})

t.test('configs are described with their sources, and altered one by one', async (t) => {
  const topic = await topicOf('configs')
  const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic }
  const describe = async (configurationKeys?: string[]) => {
    const query = { ...resource, configurationKeys }
    const [found] = await admin.describeConfigs({ resources: [query], includeSynonyms: true })
    return new Map(found?.configs.map((config) => [config.name, config]))
  }
  const all = await describe()
  t.ok(all.size > 25, `${all.size} configs of a topic`)
  t.match(all.get('cleanup.policy'), { value: 'delete', configSource: 5, isSensitive: false, readOnly: false })
  const alter = (name: string, configOperation: typeof Operations.SET | typeof Operations.APPEND, value: string) =>
    impatient.incrementalAlterConfigs({ resources: [{ ...resource, configs: [{ name, configOperation, value }] }] })
  await alter('retention.ms', Operations.SET, '5000000')
  await alter('cleanup.policy', Operations.APPEND, 'compact')
  const altered = await describe(['retention.ms', 'cleanup.policy'])
  t.same([...altered.keys()].sort(), ['cleanup.policy', 'retention.ms'])
  t.match(altered.get('retention.ms'), { value: '5000000', configSource: 1 })
  t.equal(altered.get('cleanup.policy')?.value, 'delete,compact')
  t.equal(altered.get('cleanup.policy')?.synonyms.length, 2, 'of the topic, and the default')
  t.equal(await failureOf(alter('retention.ms', Operations.SET, 'long')), 'INVALID_CONFIG')
  // The client makes an error of its own of each entry in RecordErrors, before that of the partition.
  const keyless = producer.send({ messages: [{ topic, value: 'no key' }] })
  t.equal(
    await failureOf(keyless),
    'UNKNOWN_SERVER_ERROR INVALID_RECORD',
    'a compacted topic takes no record without a key',
  )
})

t.test('messages of every codec arrive as they were sent', async (t) => {
  const topic = await topicOf('codecs')
  const sent: { key: string; value: string; codec: string; timestamp: bigint }[] = []
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const messages = numbered(0, 50).map((number) => ({
      key: `key ${number}`,
      value: `${codec} ${'value '.repeat(Number(number) * 40)}`,
      codec,
      timestamp: 1_700_000_000_000n + BigInt(number),
    }))
    const { offsets } = await producer.send({
      compression: codec,
      messages: messages.map(({ codec, ...message }) => ({ ...message, topic, headers: { codec } })),
    })
    t.match(offsets, [{ topic, partition: 0, offset: BigInt(sent.length) }])
    sent.push(...messages)
  }
  const found = await read({ topic, count: sent.length })
  t.same(
    found.map(({ key, value, headers, timestamp }) => ({ key, value, codec: headers.get('codec'), timestamp })),
    sent,
  )
  t.same(
    found.map((message) => Number(message.offset)),
    sent.map((_, index) => index),
  )
})

t.test('messages are acknowledged as asked, and by an idempotent producer come once and in order', async (t) => {
  const topic = await topicOf('acks')
  for (const acks of [0, 1, -1]) await producer.send({ acks, messages: [{ topic, value: `acks ${acks}` }] })
  const idempotent = new Producer({ ...base, serializers: stringSerializers, idempotent: true, acks: -1 })
  await Promise.all(
    numbered(0, 20).map((value) =>
      idempotent.send({
        messages: [
          { topic, value },
          { topic, value: `${value}b` },
        ],
      }),
    ),
  )
  t.ok((idempotent.producerId ?? -1n) >= 0n)
  await idempotent.close()
  const expected = ['acks 0', 'acks 1', 'acks -1', ...numbered(0, 20).flatMap((value) => [value, `${value}b`])]
  t.same(texts(await read({ topic, count: expected.length })), expected)
})

t.test('a consumer at the end gets what comes as it comes', async (t) => {
  const topic = await topicOf('tail', 2)
  const groupId = unique('tail')
  const consumer = new Consumer({ ...base, groupId, deserializers: stringDeserializers, maxWaitTime: 1_000 })
  const values: string[] = []
  const stream = await consumer.consume({ topics: [topic], mode: 'latest', autocommit: false })
  stream.on('data', (message) => values.push(message.value))
  await stream.resume()
  for (const value of numbered(0, 10)) {
    await producer.send({ messages: [{ topic, value, partition: Number(value) % 2 }] })
    await until(`message ${value}`, () => values.includes(value))
  }
  await stream.close()
  await consumer.close(true)
  t.same(values, numbered(0, 10))
})

t.test('a group goes on where it committed, and its offsets can be read, altered and deleted', async (t) => {
  const topic = await topicOf('commit')
  const groupId = unique('commit')
  await producer.send({ messages: numbered(0, 20).map((value) => ({ topic, value })) })
  const consumer = new Consumer({ ...base, groupId, deserializers: stringDeserializers, maxWaitTime: 100 })
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false })
  const messages: Text[] = []
  stream.on('data', (message) => messages.push(message))
  await until('all messages', () => messages.length === 20)
  await messages[11]?.commit()
  const described = (await admin.describeGroups({ groups: [groupId] })).get(groupId)
  t.match(described, { id: groupId, state: 'Stable', protocolType: 'consumer' })
  t.same(
    [...(described?.members.values() ?? [])].map((member) => member.clientId),
    ['milena-test'],
  )
  const [coordinator] = await admin.findCoordinator({ keyType: FindCoordinatorKeyTypes.GROUP, keys: [groupId] })
  t.equal(`${coordinator?.host}:${coordinator?.port}`, target.bootstrap.replace('localhost', '127.0.0.1'))
  await stream.close()
  await consumer.close(true)

  const committed = async () => {
    const groups = await admin.listConsumerGroupOffsets({ groups: [groupId] })
    return groups[0]?.topics[0]?.partitions[0]?.committedOffset
  }
  const resumed = async (count: number) =>
    texts(await read({ topic, groupId, count, options: { mode: 'committed', fallbackMode: 'fail' } }))
  t.equal(await committed(), 12n)
  t.same(await resumed(8), numbered(12, 20))
  const listed = (await admin.listGroups({ states: ['Empty'] })).get(groupId)
  t.match(listed, { id: groupId, state: 'Empty', protocolType: 'consumer', groupType: 'classic' })
  const topics = [{ name: topic, partitionOffsets: [{ partition: 0, offset: 17n }] }]
  await admin.alterConsumerGroupOffsets({ groupId, topics })
  t.same(await resumed(3), numbered(17, 20))
  await admin.deleteConsumerGroupOffsets({ groupId, topics: [{ name: topic, partitionIndexes: [0] }] })
  t.equal(await committed(), undefined)
  await admin.deleteGroups({ groups: [groupId] })
  t.notOk((await admin.listGroups()).has(groupId))
})

t.test('offsets are found by time, and reading starts there', async (t) => {
  const topic = await topicOf('time')
  const start = BigInt(Date.now() - 100_000)
  for (const value of numbered(0, 10)) {
    await producer.send({ messages: [{ topic, value, timestamp: start + BigInt(value) * 1000n }] })
  }
  const at = async (timestamp: bigint) => {
    const [found] = await admin.listOffsets({
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp }] }],
    })
    return found?.partitions[0] ?? { offset: -9n, timestamp: -9n }
  }
  t.match(await at(start - 1n), { offset: 0n, timestamp: start })
  t.match(await at(start + 4000n), { offset: 4n, timestamp: start + 4000n })
  t.match(await at(start + 4001n), { offset: 5n, timestamp: start + 5000n })
  t.match(await at(start + 9001n), { offset: -1n, timestamp: -1n })
  t.match(await at(-1n), { offset: 10n }, 'latest')
  t.match(await at(-2n), { offset: 0n }, 'earliest')
  t.match(await at(-3n), { offset: 9n, timestamp: start + 9000n }, 'of the newest timestamp')
  const { offset } = await at(start + 6500n)
  const options = { mode: 'manual', offsets: [{ topic, partition: 0, offset }] } as const
  t.same(
    texts(await read({ topic, count: 3, options: { ...options, offsets: [...options.offsets] } })),
    numbered(7, 10),
  )
})

t.test('records before an offset are deleted', async (t) => {
  const topic = await topicOf('trim')
  await producer.send({ messages: numbered(0, 10).map((value) => ({ topic, value })) })
  const topics = [{ name: topic, partitions: [{ partition: 0, offset: 4n }] }]
  const [deleted] = await admin.deleteRecords({ topics })
  t.match(deleted?.partitions, [{ partition: 0, lowWatermark: 4n }])
  t.same(texts(await read({ topic, count: 6 })), numbered(4, 10))
})

t.test('log directories tell what a topic takes', async (t) => {
  const topic = await topicOf('sizes')
  await producer.send({ messages: [{ topic, value: 'x'.repeat(10_000) }] })
  const [broker] = await admin.describeLogDirs({ topics: [{ name: topic, partitions: [0] }] })
  const partition = broker?.results[0]?.topics.find((entry) => entry.name === topic)?.partitions[0]
  t.match(partition, { partitionIndex: 0, offsetLag: 0n, isFutureKey: false })
  t.ok((partition?.partitionSize ?? 0n) > 10_000n)
})

t.test('a group of three loses one member by force and one by leave, and nothing is left out', async (t) => {
  const topic = await topicOf('three', GROUP_PARTITIONS)
  const membership = { client: 'platformatic', bootstrap: target.bootstrap, groupId: unique('three'), topic } as const
  await liveAsGroup(t, membership, async (values) => {
    const messages = values.map((value, index) => ({ topic, value, partition: index % GROUP_PARTITIONS }))
    await producer.send({ messages })
  })
})
