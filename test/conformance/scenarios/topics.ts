// Topics: create, describe, grow, delete.

import type { RequestInputOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'
import { type Scenario, type Session, versionsOf } from '../session.ts'

type Creatable = RequestInputOf<'CreateTopics'>['topics'][number]

const UNKNOWN_ID = 'unknown-unknown-unknow'
const NODE = 1

function creatable(name: string, shape: Partial<Creatable> = {}): Creatable {
  return { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...shape }
}

const wrongNames: Readonly<Record<string, string>> = {
  'an empty name': '',
  'a dot': '.',
  'two dots': '..',
  'a name with a space': 'a b',
  'a name with a letter that is not ASCII': 'tópico',
  'a name of 250 characters': 'x'.repeat(250),
  'the name of the metadata log': '__cluster_metadata',
}

const shapes: Readonly<Record<string, Partial<Creatable>>> = {
  'no partitions': { numPartitions: 0 },
  '-2 partitions': { numPartitions: -2 },
  'default partitions': { numPartitions: -1 },
  'no replicas': { replicationFactor: 0 },
  '-2 replicas': { replicationFactor: -2 },
  'default replicas': { replicationFactor: -1 },
  'two replicas': { replicationFactor: 2 },
  'an assignment': {
    numPartitions: -1,
    replicationFactor: -1,
    assignments: [{ partitionIndex: 0, brokerIds: [NODE] }],
  },
  'an assignment and a count': { assignments: [{ partitionIndex: 0, brokerIds: [NODE] }] },
  'an assignment to nobody': {
    numPartitions: -1,
    replicationFactor: -1,
    assignments: [{ partitionIndex: 0, brokerIds: [] }],
  },
  'an assignment to an unknown broker': {
    ...{ numPartitions: -1, replicationFactor: -1 },
    assignments: [{ partitionIndex: 0, brokerIds: [77] }],
  },
  'an assignment to a broker twice': {
    ...{ numPartitions: -1, replicationFactor: -1 },
    assignments: [{ partitionIndex: 0, brokerIds: [NODE, NODE] }],
  },
  'an assignment that begins at 1': {
    ...{ numPartitions: -1, replicationFactor: -1 },
    assignments: [{ partitionIndex: 1, brokerIds: [NODE] }],
  },
  'a partition assigned twice': {
    ...{ numPartitions: -1, replicationFactor: -1 },
    assignments: [
      { partitionIndex: 0, brokerIds: [NODE] },
      { partitionIndex: 0, brokerIds: [NODE] },
    ],
  },
  configs: {
    configs: [
      { name: 'retention.ms', value: '1000' },
      { name: 'cleanup.policy', value: 'compact,delete' },
    ],
  },
  'an unknown config': { configs: [{ name: 'no.such.config', value: '1' }] },
  'a config of a wrong type': { configs: [{ name: 'retention.ms', value: 'soon' }] },
  'a config out of range': { configs: [{ name: 'segment.bytes', value: '1' }] },
  'a config of no known word': { configs: [{ name: 'cleanup.policy', value: 'keep' }] },
  'a config that is null': { configs: [{ name: 'retention.ms', value: null }] },
  'an empty list': { configs: [{ name: 'cleanup.policy', value: '' }] },
}

async function createTopics(s: Session): Promise<void> {
  for (const version of versionsOf('CreateTopics')) {
    const create = (label: string, topics: Creatable[], validateOnly = false) =>
      s.ask(label, 'CreateTopics', version, { topics, validateOnly, timeoutMs: 10_000 })
    const name = (of: string) => `create-v${version}-${of}`
    await create('one', [creatable(name('one'), { numPartitions: 2 })])
    await create('it again', [creatable(name('one'))])
    await create('none', [])
    await create('twice in one request', [creatable(name('twice')), creatable(name('twice'))])
    await create('validated only', [creatable(name('validated'), { numPartitions: 3 })], true)
    await create('validated only, though it exists', [creatable(name('one'))], true)
    await create('a good one and a bad one', [creatable(name('good')), creatable(name('bad'), { numPartitions: 0 })])
    for (const [label, wrong] of Object.entries(wrongNames)) await create(label, [creatable(wrong)])
    for (const [label, shape] of Object.entries(shapes))
      await create(label, [creatable(name(label.replaceAll(/[^a-z0-9]/g, '-')), shape)])
    await create('a dot where another has an underscore', [
      creatable(`create.v${version}_one`),
      creatable(`create_v${version}.one`),
    ])
  }
}

async function metadata(s: Session): Promise<void> {
  const id = await s.topic('metadata-a', 3)
  await s.topic('metadata-b')
  for (const version of versionsOf('Metadata')) {
    const ask = (
      label: string,
      names: readonly (string | null)[] | null,
      extra: Partial<RequestInputOf<'Metadata'>> = {},
    ) =>
      s.ask(label, 'Metadata', version, {
        topics: names?.map((name) => ({ name, topicId: ZERO_UUID })) ?? null,
        allowAutoTopicCreation: false,
        ...extra,
      })
    await ask('a topic', ['metadata-a'])
    await ask('two topics', ['metadata-a', 'metadata-b'])
    await ask('the same topic twice', ['metadata-a', 'metadata-a'])
    if (version > 0) await ask('no topics', [])
    if (version >= 4) await ask('an unknown topic', ['metadata-absent'])
    if (version >= 4) await ask('a wrong name among good ones', ['metadata-b', 'not a name', ''])
    if (version >= 8)
      await ask('operations', ['metadata-a'], {
        includeTopicAuthorizedOperations: true,
        includeClusterAuthorizedOperations: true,
      })
    if (version < 10) continue
    const byId = (label: string, topics: { topicId: string; name: string | null }[]) =>
      s.ask(label, 'Metadata', version, { topics, allowAutoTopicCreation: false })
    await byId('by id', [{ topicId: id, name: null }])
    await byId('by an unknown id', [{ topicId: UNKNOWN_ID, name: null }])
    await byId('by neither', [{ topicId: ZERO_UUID, name: null }])
    await byId('by both', [{ topicId: id, name: 'metadata-a' }])
  }
  // What names all of them is compared as far as it is this scenario's own.
  for (const version of versionsOf('Metadata')) {
    const body = await s.get('Metadata', version, { topics: version === 0 ? [] : null, allowAutoTopicCreation: true })
    const topics = body.topics.filter(({ name }) => name?.startsWith('metadata-'))
    s.note('all topics', 'Metadata', version, { ...body, topics })
  }
  const auto = { topics: [{ name: 'metadata-auto', topicId: ZERO_UUID }], allowAutoTopicCreation: true }
  await s.ask('an unknown topic, to be made', 'Metadata', 9, auto)
  await s.settled(
    'the topic that was made',
    'Metadata',
    9,
    auto,
    (body) => body.topics[0]?.errorCode === 0 && body.topics[0].partitions[0]?.leaderId === NODE,
  )
  await s.ask('a wrong name, to be made', 'Metadata', 9, { topics: [{ name: 'not a name', topicId: ZERO_UUID }] })
}

async function describeTopicPartitions(s: Session): Promise<void> {
  await s.topic('describe-a', 5)
  await s.topic('describe-b', 2)
  const ask = (label: string, names: string[], extra: Partial<RequestInputOf<'DescribeTopicPartitions'>> = {}) =>
    s.ask(label, 'DescribeTopicPartitions', 0, { topics: names.map((name) => ({ name })), ...extra })
  await ask('two topics', ['describe-a', 'describe-b'])
  await ask('the same topic twice', ['describe-a', 'describe-a'])
  await ask('an unknown topic and a wrong name', ['describe-absent', 'not a name', 'describe-a'])
  await ask('three partitions at most', ['describe-a', 'describe-b'], { responsePartitionLimit: 3 })
  await ask('five partitions at most', ['describe-a', 'describe-b'], { responsePartitionLimit: 5 })
  await ask('no partitions at most', ['describe-a'], { responsePartitionLimit: 0 })
  const cursor = (topicName: string, partitionIndex: number) => ({ cursor: { topicName, partitionIndex } })
  await ask('from a cursor', ['describe-a', 'describe-b'], cursor('describe-a', 3))
  await ask('from a cursor in the second topic', ['describe-a', 'describe-b'], {
    ...cursor('describe-b', 1),
    responsePartitionLimit: 1,
  })
  await ask('from a cursor at the end', ['describe-a'], cursor('describe-a', 5))
  await ask('from a cursor before the topics', ['describe-b'], cursor('describe-a', 0))
  await ask('from a cursor behind the topics', ['describe-a'], cursor('describe-b', 0))
  await ask('from a cursor at a negative partition', ['describe-a'], cursor('describe-a', -1))
}

async function createPartitions(s: Session): Promise<void> {
  for (const version of versionsOf('CreatePartitions')) {
    const name = `grow-v${version}`
    await s.topic(name, 2)
    type Topic = RequestInputOf<'CreatePartitions'>['topics'][number]
    const grow = (label: string, topics: Topic[], validateOnly = false) =>
      s.ask(label, 'CreatePartitions', version, { topics, validateOnly, timeoutMs: 10_000 })
    const to = (count: number, ...assignments: number[][]): Topic => ({
      name,
      count,
      assignments: assignments.length === 0 ? null : assignments.map((brokerIds) => ({ brokerIds })),
    })
    await grow('validated only', [to(5)], true)
    await grow('to three', [to(3)])
    await grow('to as many', [to(3)])
    await grow('to fewer', [to(1)])
    await grow('to none', [to(0)])
    await grow('to -1', [to(-1)])
    await grow('an unknown topic', [{ name: 'grow-absent', count: 3, assignments: null }])
    await grow('a wrong name', [{ name: 'not a name', count: 3, assignments: null }])
    await grow('twice in one request', [to(4), to(5)])
    await grow('with an assignment', [to(4, [NODE])])
    await grow('with too many assignments', [to(5, [NODE], [NODE])])
    await grow('with an unknown broker', [to(5, [77])])
    await grow('with a broker twice', [to(5, [NODE, NODE])])
    await grow('with an empty assignment', [to(5, [])])
    await grow('none', [])
    await grow('to a great many', [to(20_001)])
    const topics = [{ name, topicId: ZERO_UUID }]
    await s.settled(
      `${name} as it is now`,
      'Metadata',
      9,
      { topics },
      (body) => body.topics[0]?.partitions.length === 4,
    )
  }
}

async function deleteTopics(s: Session): Promise<void> {
  for (const version of versionsOf('DeleteTopics')) {
    const names = ['one', 'two', 'three', 'four'].map((word) => `delete-v${version}-${word}`)
    const ids: string[] = []
    for (const name of names) ids.push(await s.topic(name))
    const remove = (label: string, ...topicNames: string[]) =>
      s.ask(label, 'DeleteTopics', version, {
        topicNames,
        topics: topicNames.map((name) => ({ name, topicId: ZERO_UUID })),
        timeoutMs: 10_000,
      })
    await remove('one', names[0]!)
    await remove('it again', names[0]!)
    await remove('an unknown topic', 'delete-absent')
    await remove('a wrong name', 'not a name')
    await remove('none')
    await remove('twice in one request', names[1]!, names[1]!)
    if (version < 6) continue
    const byId = (label: string, ...topics: { name: string | null; topicId: string }[]) =>
      s.ask(label, 'DeleteTopics', version, { topics, timeoutMs: 10_000 })
    await byId('by an unknown id', { name: null, topicId: UNKNOWN_ID })
    await byId('by neither', { name: null, topicId: ZERO_UUID })
    await byId('by both', { name: names[2]!, topicId: ids[2]! })
    await byId('by id and by name at once', { name: null, topicId: ids[2]! }, { name: names[2]!, topicId: ZERO_UUID })
    await byId('by id', { name: null, topicId: ids[2]! })
    const named = { name: names[3]!, topicId: ZERO_UUID }
    await byId('by id, and by name twice', named, { name: null, topicId: ids[3]! }, named)
    const left = { topics: [{ name: names[2]!, topicId: ZERO_UUID }], allowAutoTopicCreation: false }
    const gone = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    await s.settled('what is left', 'Metadata', 12, left, (body) => body.topics[0]?.errorCode === gone)
  }
}

/** The topic of the groups, which brokers make and write. */
async function internalTopic(s: Session): Promise<void> {
  await s.coordinator('a-group')
  const name = '__consumer_offsets'
  const topics = [{ name, topicId: ZERO_UUID }]
  for (const version of [1, 9, 12]) await s.ask('its partitions', 'Metadata', version, { topics })
  await s.ask('its partitions', 'DescribeTopicPartitions', 0, { topics: [{ name }] })
  const resources = [{ resourceType: 2, resourceName: name, configurationKeys: null }]
  await s.ask('its configs', 'DescribeConfigs', 4, { resources, includeSynonyms: true })
  await s.ask('made by a client', 'CreateTopics', 7, { topics: [creatable(name)], validateOnly: false })
  const grown = [{ name, count: 5, assignments: null }]
  await s.ask('grown, validated', 'CreatePartitions', 3, { topics: grown, validateOnly: true, timeoutMs: 5000 })
  await s.ask('grown to fewer', 'CreatePartitions', 3, {
    topics: [{ ...grown[0]!, count: 2 }],
    validateOnly: true,
    timeoutMs: 5000,
  })
  const configs = [{ name: 'segment.bytes', value: '10485760', configOperation: 0 }]
  await s.ask('altered, validated', 'IncrementalAlterConfigs', 1, {
    resources: [{ resourceType: 2, resourceName: name, configs }],
    validateOnly: true,
  })
  const partitions = [0, 9].map((partitionIndex) => ({ partitionIndex, offset: 0n }))
  await s.ask('its records deleted', 'DeleteRecords', 2, { topics: [{ name, partitions }], timeoutMs: 5000 })
  const asked = [{ name, partitions: [{ partitionIndex: 0, timestamp: -2n }] }]
  await s.ask('its start', 'ListOffsets', 9, { replicaId: -1, topics: asked })
  const committed = [{ name, partitions: [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: '' }] }]
  const commit = { groupId: 'a-group', memberId: '', generationIdOrMemberEpoch: -1, topics: committed }
  await s.ask('offsets for it', 'OffsetCommit', 8, commit)
  await s.ask('its producers', 'DescribeProducers', 0, { topics: [{ name, partitionIndexes: [0] }] })
}

export const topicScenarios: Readonly<Record<string, Scenario>> = {
  createTopics,
  metadata,
  describeTopicPartitions,
  createPartitions,
  deleteTopics,
  internalTopic,
}
