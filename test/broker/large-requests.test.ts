// Requests of administrators as large as socket.request.max.bytes lets them be. Those that change nothing are answered.
// What does not fit into one batch of the metadata log (8 MiB, as in Kafka) is refused whole and in words: a client
// whose connection is closed tries again for ever.

import t from 'tap'
import type { ApiName, RequestInputOf, ResponseOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../protocol/wire.ts'
import { World } from './harness.ts'

const CLIENT_METRICS = 16
const SET = 0
/** Together more than 8 MiB. */
const COUNT = 400
const LARGE = 'x'.repeat(25_000)
/** The same, of names alone. */
const NAMES = Array.from({ length: 40_000 }, (_, index) => `${index}`.padStart(248, 'n'))

async function ready(t: Parameters<typeof World.start>[0]) {
  const world = await World.start(t)
  const client = await world.connect()
  const codesOf = async <N extends ApiName>(
    name: N,
    version: number,
    request: RequestInputOf<N>,
    rows: (answer: ResponseOf<N>) => readonly { readonly errorCode: number; readonly errorMessage: string | null }[],
  ) => {
    const answered = rows(await client.request(name, version, request))
    const [first] = answered
    t.ok(
      answered.every(({ errorCode }) => errorCode === first?.errorCode),
      name,
    )
    return [answered.length, first?.errorCode, first?.errorMessage] as const
  }
  return { world, client, codesOf }
}

const metrics = (name: string, value: string) => {
  const configs = [{ name: 'metrics', configOperation: SET, value }]
  return { resourceType: CLIENT_METRICS, resourceName: name, configs }
}

t.test('Jepsen, TigerBeetle: what can never be done is refused for good: more than a batch of metadata', async (t) => {
  const { client, codesOf } = await ready(t)
  const numbers = Array.from({ length: COUNT }, (_, index) => index)
  const refused = (answer: readonly unknown[], count = COUNT) => {
    t.match(answer, [count, ErrorCode.UNKNOWN_SERVER_ERROR, /of the metadata log, where a batch may have 8388608/])
  }
  const resources = numbers.map((index) => metrics(`m${index}`, LARGE))
  const alter = { resources, validateOnly: false }
  refused(await codesOf('IncrementalAlterConfigs', 1, alter, ({ responses }) => responses))
  refused(await codesOf('AlterConfigs', 2, alter, ({ responses }) => responses))
  const replicas = '0:1,'.repeat(6000).slice(0, -1)
  const configs = [{ name: 'leader.replication.throttled.replicas', value: replicas }]
  const topics = numbers.map((index) => {
    return { name: `t${index}`, numPartitions: 1, replicationFactor: 1, assignments: [], configs }
  })
  refused(await codesOf('CreateTopics', 7, { topics, timeoutMs: 1000, validateOnly: false }, (one) => one.topics))
  const entries = numbers.map((index) => ({
    entity: [{ entityType: 'user', entityName: `${index}${LARGE}` }],
    ops: [{ key: 'producer_byte_rate', value: 1, remove: false }],
  }))
  refused(await codesOf('AlterClientQuotas', 1, { entries, validateOnly: false }, (one) => one.entries))
  const upsertions = numbers.map((index) => {
    const secret = { salt: Buffer.from('salt'), saltedPassword: Buffer.alloc(32) }
    return { name: `${index}${LARGE}`, mechanism: 1, iterations: 4096, ...secret }
  })
  refused(await codesOf('AlterUserScramCredentials', 0, { deletions: [], upsertions }, ({ results }) => results))
  const { configResources } = await client.request('ListConfigResources', 1, { resourceTypes: [CLIENT_METRICS] })
  t.same(configResources, [], 'nothing of it is there')
  t.equal((await client.request('Metadata', 12, { topics: null })).topics.length, 0)
  const half = { resources: resources.slice(0, COUNT / 2), validateOnly: false }
  t.match(await codesOf('IncrementalAlterConfigs', 1, half, ({ responses }) => responses), [COUNT / 2, ErrorCode.NONE])
  await client.createTopic('orders')
})

t.test('10 MiB of names are looked up, once each', async (t) => {
  const { codesOf } = await ready(t)
  const count = NAMES.length
  const named = NAMES.map((name) => ({ name, topicId: ZERO_UUID }))
  t.match(
    await codesOf('DeleteTopics', 6, { topics: [...named, named[0]!], timeoutMs: 1000 }, ({ responses }) =>
      responses.filter(({ errorCode }) => errorCode !== ErrorCode.INVALID_REQUEST),
    ),
    [count - 1, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    'what is asked for twice is refused',
  )
  const counts = NAMES.map((name) => ({ name, count: 2, assignments: null }))
  t.match(
    await codesOf(
      'CreatePartitions',
      3,
      { topics: counts, timeoutMs: 1000, validateOnly: false },
      (one) => one.results,
    ),
    [count, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
  )
  const topics = NAMES.map((name) => {
    return { name: `${name}._`, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
  })
  t.match(await codesOf('CreateTopics', 7, { topics, timeoutMs: 1000, validateOnly: true }, (one) => one.topics), [
    count,
    ErrorCode.INVALID_TOPIC_EXCEPTION,
  ])
  const users = NAMES.map((name) => ({ name }))
  t.match(await codesOf('DescribeUserScramCredentials', 0, { users }, ({ results }) => results), [
    count,
    ErrorCode.RESOURCE_NOT_FOUND,
  ])
})

t.test(
  'names that V8 does not hash: each is compared with each, so there may be some hundreds in a request',
  async (t) => {
    const { world, client } = await ready(t)
    const users = Array.from({ length: 600 }, (_, index) => `${index}`.padStart(16_384, 'u'))
    const secret = { mechanism: 1, iterations: 4096, salt: Buffer.from('salt'), saltedPassword: Buffer.alloc(32) }
    for (const some of [users.slice(0, 300), users.slice(300)]) {
      const upsertions = some.map((name) => ({ name, ...secret }))
      const { results } = await client.request('AlterUserScramCredentials', 0, { deletions: [], upsertions })
      t.ok(results.length === 300 && results.every(({ errorCode }) => errorCode === ErrorCode.NONE))
      const entries = some.map((entityName) => ({
        entity: [{ entityType: 'user', entityName }],
        ops: [{ key: 'producer_byte_rate', value: 1000, remove: false }],
      }))
      const answer = await client.request('AlterClientQuotas', 1, { entries, validateOnly: false })
      t.ok(answer.entries.every(({ errorCode }) => errorCode === ErrorCode.NONE))
    }
    const asked = [users[0], users[599], users[0], 'nobody'].map((name) => ({ name: name! }))
    const { results } = await client.request('DescribeUserScramCredentials', 0, { users: asked })
    t.same(
      results.map(({ user, errorCode, credentialInfos }) => [user.length, errorCode, credentialInfos.length]),
      [
        [16_384, ErrorCode.DUPLICATE_RESOURCE, 0],
        [16_384, ErrorCode.NONE, 1],
        [6, ErrorCode.RESOURCE_NOT_FOUND, 0],
      ],
    )
    client.write(client.frame('DescribeUserScramCredentials', 0, { users: users.map((name) => ({ name })) }))
    await world.simulation.run(100)
    t.ok(client.isClosed)
    t.match(world.logLines(), /too many elements in one message/)
  },
)
