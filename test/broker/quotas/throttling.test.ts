// Quotas on the wire: who goes beyond is answered at once, told how long to keep still, and kept still for so long.

import t from 'tap'
import { Broker } from '../../../broker/broker.ts'
import { realHost } from '../../../host/real/host.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { readRecords } from '../../../protocol/records/record.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'
import { WireClient } from '../../wire-client.ts'
import { batchOf, type Client, World } from '../harness.ts'

type Entity = Record<string, string | null>

async function setQuota(client: Client, parts: Entity, key: string, value: number | null): Promise<void> {
  const entity = Object.entries(parts).map(([entityType, entityName]) => ({ entityType, entityName }))
  const ops = [{ key, value: value ?? 0, remove: value === null }]
  const { entries } = await client.request('AlterClientQuotas', 1, { entries: [{ entity, ops }], validateOnly: false })
  if (entries[0]?.errorCode !== 0) throw new Error(`quota ${key}: ${entries[0]?.errorMessage}`)
}

const produceRequest = (records: Uint8Array, acks = -1) => ({
  acks,
  timeoutMs: 10_000,
  topicData: [{ name: 'a', partitionData: [{ index: 0, records }] }],
})

const fetchRequest = (fetchOffset: bigint, sessionId = 0, sessionEpoch = -1) => ({
  maxWaitMs: 100,
  minBytes: 1,
  maxBytes: 1 << 24,
  isolationLevel: 0,
  topics: [{ topic: 'a', partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1 << 24 }] }],
  forgottenTopicsData: [],
  rackId: '',
  sessionId,
  sessionEpoch,
})

t.test('trap 34: a producer beyond its quota is answered at once and its connection then muted', async (t) => {
  const world = await World.start(t)
  const admin = await world.connect('admin')
  await admin.createTopic('a')
  await setQuota(admin, { 'client-id': 'p' }, 'producer_byte_rate', 1000)
  const producer = await world.connect('p')
  const { simulation } = world
  const records = batchOf(['x'.repeat(10_900)])
  const startedAt = world.node.host.clock.monotonic()
  const answer = await producer.request('Produce', 9, produceRequest(records))
  t.ok(world.node.host.clock.monotonic() - startedAt < 500, 'before the time is over')
  const { throttleTimeMs } = answer
  t.ok(throttleTimeMs > 900 && throttleTimeMs < 1200, `${throttleTimeMs}`)
  let isAnswered = false
  const next = producer.send('Produce', 9, produceRequest(batchOf(['y']))).then((one) => {
    isAnswered = true
    return one
  })
  await simulation.run(throttleTimeMs - 200)
  t.notOk(isAnswered, 'what comes meanwhile waits')
  await simulation.run(400)
  t.ok(isAnswered)
  t.equal((await next)?.responses[0]?.partitionResponses[0]?.baseOffset, 1n)
  const other = await world.connect('other')
  t.equal((await other.request('Produce', 9, produceRequest(records))).throttleTimeMs, 0, 'others are not')
  await setQuota(admin, { 'client-id': 'p' }, 'producer_byte_rate', null)
  t.equal((await producer.request('Produce', 9, produceRequest(records))).throttleTimeMs, 0, 'nor is it, without')
  await world.stop()
})

t.test('who has not said who it is has the quotas of the user ANONYMOUS, and of no other', async (t) => {
  const world = await World.start(t)
  const admin = await world.connect('admin')
  await admin.createTopic('a')
  const key = 'producer_byte_rate'
  const records = batchOf(['x'.repeat(20_000)])
  const throttled = async (clientId: string) => {
    const client = await world.connect(clientId)
    return (await client.request('Produce', 9, produceRequest(records))).throttleTimeMs > 0
  }
  await setQuota(admin, { user: 'alice' }, key, 1)
  t.notOk(await throttled('p'))
  await setQuota(admin, { user: 'ANONYMOUS' }, key, 1000)
  t.ok(await throttled('p'))
  await setQuota(admin, { user: 'ANONYMOUS', 'client-id': 'p' }, key, 1e9)
  t.notOk(await throttled('p'), 'what is more specific holds')
  t.ok(await throttled('q'))
  await world.stop()
})

t.test('a producer that asks for no answers is muted too', async (t) => {
  const world = await World.start(t)
  const admin = await world.connect('admin')
  await admin.createTopic('a')
  await setQuota(admin, { 'client-id': null }, 'producer_byte_rate', 1000)
  const producer = await world.connect('p')
  producer.write(producer.frame('Produce', 9, produceRequest(batchOf(['x'.repeat(20_000)]), 0), 1))
  await world.simulation.run(50)
  let isAnswered = false
  const versions = producer.send('Metadata', 9, { topics: null }).then(() => {
    isAnswered = true
  })
  await world.simulation.run(9000)
  t.notOk(isAnswered)
  await world.simulation.complete(versions)
  await world.stop()
})

t.test('a consumer beyond its quota gets an empty answer, and all records once it has kept still', async (t) => {
  const world = await World.start(t)
  const admin = await world.connect('admin')
  await admin.createTopic('a')
  for (let index = 0; index < 30; index++) await admin.produce('a', batchOf(['x'.repeat(1000)]))
  await setQuota(admin, { user: null }, 'consumer_byte_rate', 1000)
  const consumer = await world.connect('c')
  let offset = 0n
  let empty = 0
  for (let round = 0; round < 40 && offset < 30n; round++) {
    const answer = await consumer.request('Fetch', 11, fetchRequest(offset))
    t.equal(answer.errorCode, ErrorCode.NONE)
    if (answer.throttleTimeMs > 0) {
      t.equal(answer.responses.length, 0)
      empty++
    }
    const records = answer.responses[0]?.partitions[0]?.records ?? null
    if (records === null || records.length === 0) continue
    t.ok(records.length <= 10_000, 'no more than fits into ten windows at once')
    offset = nextOffset(records)
  }
  t.equal(offset, 30n)
  t.ok(empty > 0)
  await world.stop()
})

function nextOffset(records: Uint8Array): bigint {
  return BigInt((readRecords(records).at(-1)?.offset ?? -1) + 1)
}

t.test('a throttled fetch opens no session, and one in a session goes on with it', async (t) => {
  const world = await World.start(t)
  const admin = await world.connect('admin')
  await admin.createTopic('a')
  for (let index = 0; index < 12; index++) await admin.produce('a', batchOf(['x'.repeat(1000)]))
  const consumer = await world.connect('c')
  const opened = await consumer.request('Fetch', 11, { ...fetchRequest(0n, 0, 0), maxBytes: 1 })
  t.not(opened.sessionId, 0)
  await setQuota(admin, { user: null }, 'consumer_byte_rate', 100)
  const throttled = await consumer.request('Fetch', 11, fetchRequest(0n, opened.sessionId, 1))
  t.ok(throttled.throttleTimeMs > 0)
  t.match(throttled, { errorCode: 0, sessionId: opened.sessionId, responses: { length: 0 } })
  await setQuota(admin, { user: null }, 'consumer_byte_rate', null)
  const again = await consumer.request('Fetch', 11, { ...fetchRequest(0n, opened.sessionId, 2), topics: [] })
  t.ok((again.responses[0]?.partitions[0]?.records?.length ?? 0) > 0, 'nothing was counted as told')
  await setQuota(admin, { user: null }, 'consumer_byte_rate', 100)
  const other = await world.connect('d')
  t.match(await other.request('Fetch', 11, fetchRequest(0n, 0, 0)), { sessionId: 0, responses: { length: 0 } })
  await world.stop()
})

t.test('CreateTopics beyond the quota: refused from v6 on, allowed and paid for before', async (t) => {
  const world = await World.start(t)
  const admin = await world.connect('admin')
  await setQuota(admin, { 'client-id': 'm' }, 'controller_mutation_rate', 1)
  const client = await world.connect('m')
  const create = (version: number, name: string, numPartitions: number) =>
    client.request('CreateTopics', version, {
      topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
      timeoutMs: 1000,
      validateOnly: false,
    })
  t.match(await create(6, 'a', 20), { throttleTimeMs: 0, topics: [{ errorCode: 0 }] }, 'into debt')
  const refused = await create(6, 'b', 1)
  t.match(refused.topics, [{ errorCode: ErrorCode.THROTTLING_QUOTA_EXCEEDED }])
  t.ok(refused.throttleTimeMs > 8000 && refused.throttleTimeMs <= 9000, `${refused.throttleTimeMs}`)
  const other = await world.connect('m')
  const allowed = await other.request('CreateTopics', 5, {
    topics: [{ name: 'c', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 1000,
    validateOnly: false,
  })
  t.match(allowed.topics, [{ errorCode: 0 }])
  t.ok(allowed.throttleTimeMs > 8000)
  const third = await world.connect('m')
  t.match(
    await third.request('CreatePartitions', 3, {
      topics: [{ name: 'c', count: 2, assignments: null }],
      timeoutMs: 1000,
      validateOnly: false,
    }),
    { results: [{ errorCode: ErrorCode.THROTTLING_QUOTA_EXCEEDED }] },
  )
  const fourth = await world.connect('m')
  t.match(await fourth.request('DeleteTopics', 5, { topicNames: ['c'], timeoutMs: 1000 }), {
    responses: [{ errorCode: ErrorCode.THROTTLING_QUOTA_EXCEEDED }],
  })
  t.match(await admin.request('DeleteTopics', 5, { topicNames: ['c'], timeoutMs: 1000 }), {
    responses: [{ errorCode: 0 }],
  })
  await world.stop()
})

t.test('topics that are made because they are named count against who names them', async (t) => {
  const world = await World.start(t, { 'num.partitions': '20' })
  const admin = await world.connect('admin')
  await setQuota(admin, { 'client-id': 'm' }, 'controller_mutation_rate', 0.1)
  const client = await world.connect('m')
  const ask = (name: string) =>
    client.request('Metadata', 9, { topics: [{ name, topicId: ZERO_UUID }], allowAutoTopicCreation: true })
  for (const name of ['a', 'b']) {
    await ask(name)
    await world.simulation.run(1000)
  }
  t.equal((await ask('a')).topics[0]?.errorCode, ErrorCode.NONE, 'into debt')
  t.equal((await ask('b')).topics[0]?.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  await world.stop()
})

t.test('an address beyond its rate of connections is let wait and then cut off', async (t) => {
  const world = await World.start(t)
  const admin = await world.connect('admin')
  await setQuota(admin, { ip: null }, 'connection_creation_rate', 1)
  const clients: Client[] = []
  for (let index = 0; index < 12; index++) clients.push(await world.connect(`c${index}`))
  await world.simulation.run(1500)
  const lost = clients.filter((client) => client.isClosed).length
  t.ok(lost >= 1, `${lost} of 12`)
  t.notOk(clients[0]?.isClosed)
  await world.stop()
})

t.test('beyond max.connection.creation.rate connections wait, and all are served', async (t) => {
  const world = await World.start(t, { 'max.connection.creation.rate': '1' })
  const clients: Client[] = []
  for (let index = 0; index < 13; index++) clients.push(await world.connect(`c${index}`))
  const startedAt = world.node.host.clock.monotonic()
  for (const client of clients) await client.request('Metadata', 9, { topics: null })
  t.ok(world.node.host.clock.monotonic() - startedAt > 1000)
  await world.stop()
})

t.test('who takes more of the thread than its share is told so by every answer that can, and muted', async (t) => {
  // On a real clock: simulated time stands still while a request is handled.
  const broker = await Broker.start()
  t.teardown(() => broker.stop())
  const connect = async (clientId: string) =>
    new WireClient(await realHost().network.connect(broker.advertised), clientId)
  const admin = await connect('admin')
  const entity = [{ entityType: 'client-id', entityName: 'busy' }]
  const ops = [{ key: 'request_percentage', value: 1e-9, remove: false }]
  await admin.send('AlterClientQuotas', 1, { entries: [{ entity, ops }], validateOnly: false })
  const busy = await connect('busy')
  const answer = await busy.send('Metadata', 9, { topics: null })
  t.equal(answer?.throttleTimeMs, 1000, 'no longer than a window, as in Kafka')
  const other = await connect('other')
  t.equal((await other.send('Metadata', 9, { topics: null }))?.throttleTimeMs, 0)
  for (const client of [admin, busy, other]) client.close()
})
