// Client quotas (KIP-546, KIP-599, KIP-612): set, removed, described by every kind of filter. What they do to those who
// go beyond them is in test/broker/quotas.

import { buildBatch } from '../../../protocol/records/builder.ts'
import { type Scenario, type Session, versionsOf } from '../session.ts'

type Entity = Readonly<Record<string, string | null>>
type Values = Readonly<Record<string, number | null>>

const EXACT = 0
const DEFAULT = 1
const ANY = 2

async function quotas(s: Session): Promise<void> {
  for (const version of versionsOf('AlterClientQuotas')) {
    const entityOf = (entity: Entity) =>
      Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName }))
    const alterAll = (label: string, entries: [Entity, Values][], validateOnly = false) =>
      s.ask(label, 'AlterClientQuotas', version, {
        entries: entries.map(([entity, values]) => ({
          entity: entityOf(entity),
          ops: Object.entries(values).map(([key, value]) => ({ key, value: value ?? 0, remove: value === null })),
        })),
        validateOnly,
      })
    const alter = (label: string, entity: Entity, values: Values, validateOnly = false) =>
      alterAll(label, [[entity, values]], validateOnly)
    const user = `u${version}`
    await alter('a user', { user }, { producer_byte_rate: 1e9, consumer_byte_rate: 2e9 })
    await alter('a client', { 'client-id': 'c' }, { request_percentage: 12_345.5 })
    await alter('a user and a client', { user, 'client-id': 'c' }, { controller_mutation_rate: 12.5 })
    await alter('a user and any client', { user, 'client-id': null }, { producer_byte_rate: 3e9 })
    await alter('any user', { user: null }, { producer_byte_rate: 4e9 })
    await alter('any client', { 'client-id': null }, { producer_byte_rate: 5e9 })
    await alter('any user, any client', { user: null, 'client-id': null }, { producer_byte_rate: 6e9 })
    await alter('an address', { ip: '10.1.2.3' }, { connection_creation_rate: 1000 })
    await alter('any address', { ip: null }, { connection_creation_rate: 100_000 })
    await alter('a fraction of a byte', { user }, { producer_byte_rate: 1.5 })
    await alter('a fraction of a connection', { ip: '10.1.2.3' }, { connection_creation_rate: 1.5 })
    await alter('zero', { 'client-id': 'z' }, { producer_byte_rate: 0 })
    await alter('less than zero', { 'client-id': 'z' }, { producer_byte_rate: -1 })
    await alter('nothing of zero', { 'client-id': 'z' }, { producer_byte_rate: null })
    await alter('no number', { 'client-id': 'z' }, { producer_byte_rate: Number.NaN })
    await alter('endless', { 'client-id': 'z' }, { producer_byte_rate: Number.POSITIVE_INFINITY })
    await alter('not any more', { 'client-id': 'z' }, { producer_byte_rate: null })
    await alter('an unknown key', { user }, { no_such_rate: 1 })
    await alter('an unknown key removed', { user }, { no_such_rate: null })
    await alter('a key of another entity', { user }, { connection_creation_rate: 1 })
    await alter('a key of another entity, address', { ip: '10.1.2.3' }, { producer_byte_rate: 1 })
    await alter('an unknown entity', { group: 'g' }, { producer_byte_rate: 1 })
    await alter('an address and a user', { ip: '10.1.2.3', user }, { producer_byte_rate: 1 })
    await alter('a host that there is none of', { ip: 'no.such.host.invalid' }, { connection_creation_rate: 1 })
    await alter('no entity', {}, { producer_byte_rate: 1 })
    await alter('an empty name', { user: '' }, { producer_byte_rate: 1 })
    await alter('no values', { user }, {})
    await alter('removed where none is', { user: 'nobody' }, { producer_byte_rate: null })
    await alter('validated only', { user: 'nobody' }, { producer_byte_rate: 7 }, true)
    await alterAll('the same twice', [
      [{ user: 'twice' }, { producer_byte_rate: 1e9 }],
      [{ user: 'twice' }, { consumer_byte_rate: 1e9 }],
    ])
    await alterAll('one good and one bad', [
      [{ user: 'good' }, { producer_byte_rate: 1e9 }],
      [{ user: 'bad' }, { no_such_rate: 1 }],
    ])
    await alter('one good key and one bad', { user: 'half' }, { producer_byte_rate: 1e9, no_such_rate: 1 })
    await alterAll('none', [])
    await describe(s, version, user)
    const all: [Entity, Values][] = [
      [{ user }, { producer_byte_rate: null, consumer_byte_rate: null }],
      [{ 'client-id': 'c' }, { request_percentage: null }],
      [{ user, 'client-id': 'c' }, { controller_mutation_rate: null }],
      [{ user, 'client-id': null }, { producer_byte_rate: null }],
      [{ user: null }, { producer_byte_rate: null }],
      [{ 'client-id': null }, { producer_byte_rate: null }],
      [{ user: null, 'client-id': null }, { producer_byte_rate: null }],
      [{ ip: '10.1.2.3' }, { connection_creation_rate: null }],
      [{ ip: null }, { connection_creation_rate: null }],
      [{ user: 'twice' }, { producer_byte_rate: null, consumer_byte_rate: null }],
      [{ user: 'good' }, { producer_byte_rate: null }],
      [{ user: 'half' }, { producer_byte_rate: null }],
    ]
    await alterAll('all removed', all)
    const request = { components: [], strict: false }
    await s.settled('none', 'DescribeClientQuotas', version, request, (body) => body.entries?.length === 0)
  }
}

async function describe(s: Session, version: number, user: string): Promise<void> {
  type Component = [entityType: string, matchType: number, match?: string | null]
  const ask = (label: string, components: Component[], strict = false) =>
    s.ask(label, 'DescribeClientQuotas', version, {
      components: components.map(([entityType, matchType, match = null]) => ({ entityType, matchType, match })),
      strict,
    })
  const request = { components: [], strict: false }
  await s.settled('all', 'DescribeClientQuotas', version, request, (body) => (body.entries?.length ?? 0) >= 9)
  await ask('all, strictly', [], true)
  for (const strict of [false, true]) {
    const how = strict ? ', strictly' : ''
    await ask(`a user${how}`, [['user', EXACT, user]], strict)
    await ask(`any user's default${how}`, [['user', DEFAULT]], strict)
    await ask(`any user${how}`, [['user', ANY]], strict)
    const both: Component[] = [
      ['user', ANY],
      ['client-id', ANY],
    ]
    await ask(`any user and client${how}`, both, strict)
    await ask(
      `a user and a client${how}`,
      [
        ['user', EXACT, user],
        ['client-id', EXACT, 'c'],
      ],
      strict,
    )
    await ask(`any address${how}`, [['ip', ANY]], strict)
    await ask(`an unknown user${how}`, [['user', EXACT, 'nobody']], strict)
  }
  await ask('an unknown entity', [['group', ANY]])
  await ask('an empty entity', [['', ANY]])
  await ask('an unknown match', [['user', 7]])
  await ask('an exact match of nothing', [['user', EXACT]])
  await ask('a default with a name', [['user', DEFAULT, 'x']])
  await ask('any with a name', [['user', ANY, 'x']])
  await ask('a kind twice', [
    ['user', ANY],
    ['user', DEFAULT],
  ])
  await ask('an address and a user', [
    ['user', ANY],
    ['ip', ANY],
  ])
}

/** In seconds: what is measured in milliseconds of two processes. */
const told = ({ throttleTimeMs }: { readonly throttleTimeMs: number }) => ({
  throttleTimeMs: Math.round(throttleTimeMs / 2000) * 2000,
})

/** Each connection makes one request that goes beyond, for then it is muted. */
async function throttled(s: Session): Promise<void> {
  await s.topic('throttled')
  const set = async (key: string, value: number | null) => {
    const entity = [{ entityType: 'client-id', entityName: 'conformance' }]
    const ops = [{ key, value: value ?? 0, remove: value === null }]
    await s.get('AlterClientQuotas', 1, { entries: [{ entity, ops }], validateOnly: false })
    const components = [{ entityType: 'client-id', matchType: EXACT, match: 'conformance' }]
    await s.settled(`${key} ${value}`, 'DescribeClientQuotas', 1, { components, strict: true }, ({ entries }) =>
      value === null ? entries?.length === 0 : (entries?.[0]?.values.some((one) => one.value === value) ?? false),
    )
  }
  const batch = buildBatch({
    timestamp: 1_767_225_600_000,
    records: [{ key: null, value: Buffer.alloc(5000, 'x'), headers: [] }],
  })
  const produce = {
    acks: -1,
    timeoutMs: 5000,
    topicData: [{ name: 'throttled', partitionData: [{ index: 0, records: batch }] }],
  }
  for (const version of [3, 7, 9]) await s.get('Produce', version, produce)
  await set('producer_byte_rate', 100)
  const produced = await s.get('Produce', 9, produce, s.connection())
  s.note('beyond the quota', 'Produce', 9, { ...produced, ...told(produced) })
  await set('producer_byte_rate', null)
  await fetchThrottled(s, set)
  await mutateThrottled(s, set)
}

async function fetchThrottled(s: Session, set: (key: string, value: number | null) => Promise<void>): Promise<void> {
  const partitions = [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1 << 20 }]
  const fetch = {
    ...{ maxWaitMs: 100, minBytes: 1, maxBytes: 1 << 20, isolationLevel: 0, sessionId: 0, sessionEpoch: -1 },
    topics: [{ topic: 'throttled', partitions }],
    ...{ forgottenTopicsData: [], rackId: '' },
  }
  await set('consumer_byte_rate', 2100)
  const within = await s.get('Fetch', 11, fetch, s.connection())
  s.note('what fits into ten windows', 'Fetch', 11, { ...within, ...told(within) })
  const beyond = await s.get('Fetch', 11, fetch, s.connection())
  s.note('beyond the quota', 'Fetch', 11, { ...beyond, ...told(beyond) })
  const session = await s.get('Fetch', 11, { ...fetch, sessionEpoch: 0 }, s.connection())
  s.note('beyond the quota, to open a session', 'Fetch', 11, { ...session, ...told(session) })
  await set('consumer_byte_rate', null)
}

async function mutateThrottled(s: Session, set: (key: string, value: number | null) => Promise<void>): Promise<void> {
  await set('controller_mutation_rate', 0.1)
  const topicsOf = (name: string, numPartitions: number) => ({
    topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
    validateOnly: false,
  })
  const into = await s.get('CreateTopics', 7, topicsOf('throttled-a', 3), s.connection())
  s.note('into debt', 'CreateTopics', 7, { ...into, ...told(into) })
  for (const version of [5, 6, 7]) {
    const answer = await s.get('CreateTopics', version, topicsOf(`throttled-v${version}`, 1), s.connection())
    s.note('in debt', 'CreateTopics', version, { ...answer, ...told(answer) })
  }
  for (const version of [2, 3]) {
    const request = {
      topics: [{ name: 'throttled-a', count: 3 + version, assignments: null }],
      timeoutMs: 5000,
      validateOnly: false,
    }
    const answer = await s.get('CreatePartitions', version, request, s.connection())
    s.note('in debt', 'CreatePartitions', version, { ...answer, ...told(answer) })
  }
  for (const version of [5, 4]) {
    const answer = await s.get(
      'DeleteTopics',
      version,
      { topicNames: ['throttled-a'], timeoutMs: 5000 },
      s.connection(),
    )
    s.note('in debt', 'DeleteTopics', version, { ...answer, ...told(answer) })
  }
  await set('controller_mutation_rate', null)
}

export const quotaScenarios: Readonly<Record<string, Scenario>> = { quotas, throttled }
