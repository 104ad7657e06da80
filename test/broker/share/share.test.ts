import t from 'tap'
import { ACCEPT, REJECT, RELEASE, RENEW } from '../../../broker/share/record-state.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { crc32c } from '../../../protocol/records/crc32c.ts'
import { batchOf, type Client, World } from '../harness.ts'
import { get, HTTP_PORT } from '../http/scraper.ts'
import { batch, joined, prepareGroup, type ShareMember } from './harness.ts'

const PROPERTIES = { 'share.coordinator.state.topic.num.partitions': '2' }

async function start(configs: Record<string, string> = {}, properties: Record<string, string> = {}) {
  const world = await World.start(t, { ...PROPERTIES, ...properties })
  const client = await world.connect()
  const topicId = await client.createTopic('q')
  await prepareGroup(world, client, 'g', configs)
  return { world, client, topicId }
}

const values = (from: number, count: number) => Array.from({ length: count }, (_, index) => `v${from + index}`)

function fetch(world: World, member: ShareMember, options: Parameters<ShareMember['fetch']>[0] = {}) {
  return world.simulation.complete(member.fetch(options))
}

function acknowledge(world: World, member: ShareMember, topicId: string, ...batches: ReturnType<typeof batch>[]) {
  return world.simulation.complete(member.acknowledge(topicId, 0, batches))
}

const shown = (acquired: readonly { first: number; last: number; deliveryCount: number }[]) =>
  acquired.map(({ first, last, deliveryCount }) => `${first}-${last}x${deliveryCount}`)

t.test('a member learns its partitions with its first heartbeat, and is given their records', async (t) => {
  const { world, client, topicId } = await start()
  for (let index = 0; index < 300; index++) await client.produce('q', batchOf(values(index * 10, 10)))
  const member = await joined(world, client, 'g', 'a', ['q'])
  t.same(member.assigned, [{ topicId, partitions: [0] }])
  let seen = 0
  let acknowledgementBatches: ReturnType<typeof batch>[] = []
  for (let round = 0; round < 6; round++) {
    const acknowledge =
      acknowledgementBatches.length === 0
        ? []
        : [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches }] }]
    const { answer, acquired, records } = await fetch(world, member, { acknowledge })
    t.equal(answer.acquisitionLockTimeoutMs, 30_000)
    t.same(
      records.map(({ value }) => value),
      values(seen, records.length),
    )
    t.equal(records.length, 500)
    seen += records.length
    acknowledgementBatches = acquired.map(({ first, last }) => batch(first, last, ACCEPT))
  }
  await world.stop()
})

t.test('two members never have the same record, and what one releases the other gets', async (t) => {
  const { world, client, topicId } = await start()
  await client.produce('q', batchOf(values(0, 10)))
  await client.produce('q', batchOf(values(10, 10)))
  const a = await joined(world, client, 'g', 'a', ['q'])
  const b = await joined(world, await world.connect(), 'g', 'b', ['q'])
  t.same(shown((await fetch(world, a, { maxRecords: 5 })).acquired), ['0-9x1'])
  t.same(shown((await fetch(world, b, { maxRecords: 5 })).acquired), ['10-19x1'])
  const waiting = fetch(world, b)
  t.equal(await acknowledge(world, a, topicId, batch(0, 3, ACCEPT), batch(4, 9, RELEASE)), ErrorCode.NONE)
  t.same(shown((await waiting).acquired), ['4-9x2'], 'the one that waits is woken')
  await world.stop()
})

t.test('a fetch by batches gets whole ones, one by records no more than it asks for', async (t) => {
  const { world, client } = await start()
  for (const from of [0, 10, 20]) await client.produce('q', batchOf(values(from, 10)))
  const a = await joined(world, client, 'g', 'a', ['q'])
  const b = await joined(world, await world.connect(), 'g', 'b', ['q'])
  t.same(shown((await fetch(world, a, { maxRecords: 3, shareAcquireMode: 0 })).acquired), ['0-9x1'])
  const limited = await fetch(world, b, { maxRecords: 3, shareAcquireMode: 1 })
  t.same(shown(limited.acquired), ['10-12x1'])
  t.same(
    limited.records.map(({ value }) => value),
    values(10, 3),
  )
  t.same(shown((await fetch(world, b, { maxRecords: 12, shareAcquireMode: 1 })).acquired), ['13-24x1'])
  t.same(shown((await fetch(world, a, { maxRecords: 3, version: 1 })).acquired), ['25-29x1'], 'v1 knows batches only')
  await world.stop()
})

t.test('a fetch of no records or bytes acquires none, and is told of its acknowledgements', async (t) => {
  const { world, client, topicId } = await start()
  await client.produce('q', batchOf(values(0, 10)))
  const a = await joined(world, client, 'g', 'a', ['q'])
  t.same(shown((await fetch(world, a, { maxRecords: 3, shareAcquireMode: 1 })).acquired), ['0-2x1'])
  for (const [offset, limit] of [{ maxRecords: 0 }, { maxBytes: 0 }].entries()) {
    const acknowledge = [
      { topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: [batch(offset, offset, ACCEPT)] }] },
    ]
    const { answer, acquired } = await fetch(world, a, { ...limit, acknowledge })
    t.same(acquired, [])
    t.match(answer.responses[0]?.partitions, [{ partitionIndex: 0, acknowledgeErrorCode: ErrorCode.NONE }])
  }
  t.same(shown((await fetch(world, a)).acquired), ['3-9x1'])
  await world.stop()
})

t.test('a lock that ends gives the records to others; its member is told when it acknowledges', async (t) => {
  const { world, client, topicId } = await start({ 'share.record.lock.duration.ms': '15000' })
  await client.produce('q', batchOf(values(0, 10)))
  const a = await joined(world, client, 'g', 'a', ['q'])
  const b = await joined(world, await world.connect(), 'g', 'b', ['q'])
  await fetch(world, a)
  await world.simulation.run(10_000)
  t.equal(
    await world.simulation.complete(a.acknowledge(topicId, 0, [batch(0, 4, RENEW)], { isRenewAck: true })),
    ErrorCode.NONE,
  )
  await world.simulation.run(6_000)
  t.same(shown((await fetch(world, b)).acquired), ['5-9x2'])
  t.equal(await acknowledge(world, a, topicId, batch(5, 9, ACCEPT)), ErrorCode.INVALID_RECORD_STATE)
  t.equal(await acknowledge(world, a, topicId, batch(0, 4, ACCEPT)), ErrorCode.NONE)
  t.equal(await acknowledge(world, a, topicId, batch(0, 4, RENEW)), ErrorCode.INVALID_REQUEST, 'a renewal says so')
  await world.stop()
})

t.test('a connection that is lost, and a session that ends, release what the member has', async (t) => {
  const { world, client } = await start()
  await client.produce('q', batchOf(values(0, 10)))
  const [first, second, third] = [await world.connect(), await world.connect(), await world.connect()]
  const a = await joined(world, first, 'g', 'a', ['q'])
  const b = await joined(world, second, 'g', 'b', ['q'])
  const c = await joined(world, third, 'g', 'c', ['q'])
  t.same(shown((await fetch(world, a)).acquired), ['0-9x1'])
  const waiting = fetch(world, b, { maxWaitMs: 5_000 })
  first.close()
  t.same(shown((await waiting).acquired), ['0-9x2'])
  const last = fetch(world, c, { maxWaitMs: 5_000 })
  b.epoch = -1
  t.equal((await fetch(world, b, { maxWaitMs: 0 })).answer.errorCode, ErrorCode.NONE)
  t.same(shown((await last).acquired), ['0-9x3'])
  await world.stop()
})

t.test(
  'trap 36: share sessions: epochs in order, acknowledged partitions are echoed, the first delivery count is 1',
  async (t) => {
    const { world, client, topicId } = await start()
    await client.produce('q', batchOf(values(0, 2)))
    const member = await joined(world, client, 'g', 'a', ['q'])
    const acknowledgement = (first: number, last: number, type = ACCEPT) => [
      { topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: [batch(first, last, type)] }] },
    ]
    const early = await fetch(world, member, { acknowledge: acknowledgement(0, 0) })
    t.equal(early.answer.errorCode, ErrorCode.INVALID_REQUEST, 'nothing can have been acquired yet')
    member.epoch = 5
    t.equal((await fetch(world, member)).answer.errorCode, ErrorCode.SHARE_SESSION_NOT_FOUND)
    member.epoch = 0
    t.same(shown((await fetch(world, member)).acquired), ['0-1x1'])
    member.epoch = 7
    t.equal((await fetch(world, member)).answer.errorCode, ErrorCode.INVALID_SHARE_SESSION_EPOCH)
    t.equal(await acknowledge(world, member, topicId, batch(0, 0, ACCEPT)), ErrorCode.INVALID_SHARE_SESSION_EPOCH)
    member.epoch = 1
    const forgottenTopicsData = [{ topicId, partitions: [0] }]
    const echoed = await fetch(world, member, {
      acknowledge: acknowledgement(0, 0),
      forgottenTopicsData,
      maxWaitMs: 10,
    })
    t.equal(echoed.answer.responses[0]?.partitions[0]?.acknowledgeErrorCode, ErrorCode.NONE)
    t.equal(echoed.answer.responses[0]?.partitions.length, 1)
    const twice = await fetch(world, member, { acknowledge: acknowledgement(0, 0), maxWaitMs: 10 })
    t.equal(twice.answer.responses[0]?.partitions[0]?.acknowledgeErrorCode, ErrorCode.NONE, 'it is done with')
    const past = await fetch(world, member, { acknowledge: acknowledgement(1, 2), maxWaitMs: 10 })
    t.equal(past.answer.responses[0]?.partitions[0]?.acknowledgeErrorCode, ErrorCode.INVALID_REQUEST)
    t.equal(await acknowledge(world, member, topicId, batch(1, 0, ACCEPT)), ErrorCode.INVALID_REQUEST)
    t.equal(await acknowledge(world, member, topicId, batch(1, 1, 9)), ErrorCode.INVALID_REQUEST)
    t.equal(await acknowledge(world, member, topicId, batch(1, 1, ACCEPT, ACCEPT)), ErrorCode.INVALID_REQUEST)
    t.equal(await world.simulation.complete(member.acknowledge(topicId, 0, [], { epoch: -1 })), ErrorCode.NONE)
    member.epoch = 0
    t.same(shown((await fetch(world, member)).acquired), ['1-1x2'], 'the last request released it')
    await world.stop()
  },
)

t.test('trap 21: of a share partition the coordinator is asked for as group:topic id:partition', async (t) => {
  const { world, client, topicId } = await start()
  const find = async (...coordinatorKeys: string[]) => {
    const answer = await client.request('FindCoordinator', 6, { keyType: 2, coordinatorKeys })
    return answer.coordinators.map(({ errorCode, nodeId }) => [errorCode, nodeId])
  }
  t.same(await find(`g:${topicId}:0`), [[ErrorCode.COORDINATOR_NOT_AVAILABLE, -1]], 'its topic is being made')
  await world.simulation.run(1000)
  t.same(await find(`g:${topicId}:0`, `with:colons:${topicId}:1`), [
    [ErrorCode.NONE, 1],
    [ErrorCode.NONE, 1],
  ])
  const none = [ErrorCode.INVALID_REQUEST, -1]
  t.same(await find('g', `g:${topicId}`, 'g:no-id:0', `g:${topicId}:x`), [none, none, none, none])
  await world.stop()
})

t.test('a group that has no offsets begins with what comes later', async (t) => {
  const { world, client } = await start({ 'share.auto.offset.reset': 'latest' })
  await client.produce('q', batchOf(values(0, 10)))
  const member = await joined(world, client, 'g', 'a', ['q'])
  t.same((await fetch(world, member, { maxWaitMs: 10 })).acquired, [])
  const waiting = fetch(world, member, { maxWaitMs: 5_000 })
  const other = await world.connect()
  await other.produce('q', batchOf(values(10, 5)))
  t.same(shown((await waiting).acquired), ['10-14x1'])
  await world.stop()
})

t.test('acknowledgements and delivery counts survive a loss of power', async (t) => {
  const { world, client, topicId } = await start()
  await client.produce('q', batchOf(values(0, 20)))
  const member = await joined(world, client, 'g', 'a', ['q'])
  await fetch(world, member)
  const batches = [batch(0, 4, ACCEPT), batch(5, 9, RELEASE), batch(12, 12, REJECT)]
  t.equal(await acknowledge(world, member, topicId, ...batches), ErrorCode.NONE)
  world.node.crash()
  await world.restart()
  const again = await joined(world, await connectAgain(world), 'g', 'b', ['q'])
  t.same(shown((await fetch(world, again)).acquired), ['5-9x2', '10-11x1', '13-19x1'])
  t.equal(await acknowledge(world, again, topicId, batch(5, 11, ACCEPT), batch(13, 19, ACCEPT)), ErrorCode.NONE)
  const offsets = await (await connectAgain(world)).request('DescribeShareGroupOffsets', 1, {
    groups: [{ groupId: 'g', topics: null }],
  })
  t.equal(offsets.groups[0]?.topics[0]?.partitions[0]?.lag, 0n)
  await world.stop()
})

async function connectAgain(world: World) {
  const client = await world.connect()
  await prepareGroup(world, client, 'g')
  return client
}

/** A transaction of five records. */
async function transaction(world: World, client: Client, from: number, end: 'commit' | 'abort' | null) {
  const transactionalId = `t${from}`
  let found = -1
  while (found !== ErrorCode.NONE) {
    const body = { key: '', keyType: 1, coordinatorKeys: [transactionalId] }
    found = (await client.request('FindCoordinator', 6, body)).coordinators[0]?.errorCode ?? -1
    await world.simulation.run(100)
  }
  const { producerId, producerEpoch } = await client.request('InitProducerId', 5, {
    transactionalId,
    transactionTimeoutMs: 60_000,
    producerId: -1n,
    producerEpoch: -1,
  })
  const records = batchOf(values(from, 5), { producerId, producerEpoch, baseSequence: 0, transactional: true })
  const { responses } = await client.request('Produce', 12, {
    transactionalId,
    acks: -1,
    timeoutMs: 10_000,
    topicData: [{ name: 'q', partitionData: [{ index: 0, records }] }],
  })
  if (responses[0]?.partitionResponses[0]?.errorCode !== ErrorCode.NONE) throw new Error('not produced')
  const finish = async (committed: boolean) => {
    const ended = await client.request('EndTxn', 5, { transactionalId, producerId, producerEpoch, committed })
    if (ended.errorCode !== ErrorCode.NONE) throw new Error(`not ended: ${ended.errorCode}`)
    await world.simulation.run(1_000)
  }
  if (end !== null) await finish(end === 'commit')
  return finish
}

t.test('with read_committed, aborted records are not given, and undecided ones not yet', async (t) => {
  const { world, client, topicId } = await start({ 'share.isolation.level': 'read_committed' })
  await client.produce('q', batchOf(values(0, 5)))
  await transaction(world, client, 100, 'abort')
  await transaction(world, client, 200, 'commit')
  const finish = await transaction(world, client, 300, null)
  const member = await joined(world, client, 'g', 'a', ['q'])
  const given = async () => {
    const { records, acquired } = await fetch(world, member, { maxWaitMs: 10 })
    if (acquired.length > 0) {
      const batches = acquired.map(({ first, last }) => batch(first, last, ACCEPT))
      t.equal(await acknowledge(world, member, topicId, ...batches), ErrorCode.NONE)
    }
    return records.flatMap(({ value }) => (value.startsWith('v') ? [value] : []))
  }
  t.same(await given(), [...values(0, 5), ...values(200, 5)])
  t.same(await given(), [])
  await finish(true)
  t.same(await given(), values(300, 5))
  await world.stop()
})

t.test('where the disk does not tell what is committed, members get KAFKA_STORAGE_ERROR until it does', async (t) => {
  for (const minBytes of [1, 100]) {
    const { world, client, topicId } = await start({ 'share.isolation.level': 'read_committed' })
    await client.produce('q', batchOf(values(0, 5)))
    const member = await joined(world, client, 'g', 'a', ['q'])
    await fetch(world, member)
    await acknowledge(world, member, topicId, batch(0, 1, ACCEPT))
    await world.stop()
    await world.restart()
    const again = await connectAgain(world)
    const latest = { 'share.isolation.level': 'read_committed', 'share.auto.offset.reset': 'latest' }
    await prepareGroup(world, again, 'without offsets', latest)
    world.node.disk.fault = (_operation, path) => (/q-0.*snapshot$/.test(path) ? 'failed' : null)
    for (const group of ['g', 'without offsets']) {
      const other = await joined(world, again, group, 'b', ['q'])
      const asked = async () => {
        const { answer, records } = await fetch(world, other, { maxWaitMs: 50, minBytes })
        return { errorCode: answer.responses[0]?.partitions[0]?.errorCode, count: records.length }
      }
      t.same(await asked(), { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, count: 0 }, group)
    }
    world.node.disk.fault = null
    const third = await joined(world, again, 'g', 'c', ['q'])
    const { records } = await fetch(world, third)
    t.same(
      records.map(({ value }) => value),
      values(2, 3),
    )
    await world.stop()
  }
})

t.test('what a fetch has read counts until its acknowledgements are durable and it is sent', async (t) => {
  const { world, client, topicId } = await start({}, { 'milena.http.listeners': `http://broker:${HTTP_PORT}` })
  const held = async () =>
    Number(/milena_memory_used_bytes\{kind="answers"\} (\d+)/.exec(await get(world, '/metrics'))?.[1])
  const batches = [0, 10, 20].map((from) => batchOf(values(from, 10)))
  for (const bytes of batches) await client.produce('q', bytes)
  const member = await joined(world, client, 'g', 'a', ['q'])
  await fetch(world, member, { maxRecords: 1 })
  t.equal(await held(), 0)
  world.node.disk.options.syncLatencyMs = [500, 500]
  const accept = (first: number, last: number) => [
    { topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: [batch(first, last, ACCEPT)] }] },
  ]
  const waiting = fetch(world, member, { maxRecords: 1, acknowledge: accept(0, 9) })
  await world.simulation.run(100)
  t.equal(await held(), batches[1]!.length, 'read, and not to be sent yet')
  t.same(shown((await waiting).acquired), ['10-19x1'])
  t.equal(await held(), 0)
  const gone = t.rejects(fetch(world, member, { maxRecords: 1, acknowledge: accept(10, 19) }), /closed/)
  await world.simulation.run(100)
  t.equal(await held(), batches[2]!.length)
  client.close()
  await gone
  await world.simulation.run(1000)
  t.equal(await held(), 0, 'nobody is there to take it')
  await world.stop()
})

t.test('reads from the disk that bring nothing to acquire do not hold a fetch up', async (t) => {
  const { world, client } = await start({ 'share.isolation.level': 'read_committed' })
  await client.createTopic('other')
  // One batch a read, and more of them than one fetch reads in vain.
  for (let index = 1; index <= 10; index++) await transaction(world, client, 100 * index, 'abort')
  await client.produce('q', batchOf(values(0, 5)))
  await client.produce('other', batchOf(values(50, 3)))
  world.node.crash()
  await world.restart()
  const member = await joined(world, await connectAgain(world), 'g', 'a', ['q', 'other'])
  const given: string[] = []
  for (let round = 0; round < 40 && given.length < 8; round++) {
    const { records } = await fetch(world, member, { maxBytes: 1, maxWaitMs: 10 })
    given.push(...records.flatMap(({ value }) => (value.startsWith('v') ? [value] : [])))
  }
  t.same(given.sort(), [...values(0, 5), ...values(50, 3)].sort())
  await world.stop()
})

t.test('records that are rejected or fail too often are dead letters, with where they come from', async (t) => {
  const { world, client, topicId } = await start(
    {
      'errors.deadletterqueue.topic.name': 'dlq.q',
      'errors.deadletterqueue.copy.record.enable': 'true',
      'share.delivery.count.limit': '2',
    },
    { 'errors.deadletterqueue.auto.create.topics.enable': 'true' },
  )
  await client.produce('q', batchOf(values(0, 3)))
  const member = await joined(world, client, 'g', 'a', ['q'])
  await fetch(world, member)
  t.equal(
    await acknowledge(world, member, topicId, batch(0, 0, REJECT), batch(1, 1, RELEASE), batch(2, 2, ACCEPT)),
    ErrorCode.NONE,
  )
  t.same(shown((await fetch(world, member)).acquired), ['1-1x2'])
  t.equal(await acknowledge(world, member, topicId, batch(1, 1, RELEASE)), ErrorCode.NONE)
  await world.simulation.run(5_000)
  const { read } = await client.fetch('dlq.q', 0)
  const letters = read.map(({ value, headers }) => [
    String(value && Buffer.from(value)),
    ...headers.map((header) => `${header.key.slice('__dlq.errors.'.length)}=${Buffer.from(header.value!)}`),
  ])
  const from = (offset: number) => ['topic=q', 'partition=0', `offset=${offset}`, 'group=g']
  t.same(letters.sort(), [
    ['v0', ...from(0), 'delivery.count=1', 'message=Offset rejected by client.'],
    ['v1', ...from(1), 'delivery.count=2', 'message=Offset delivery count exceeded the threshold.'],
  ])
  const offsets = await client.request('DescribeShareGroupOffsets', 1, { groups: [{ groupId: 'g', topics: null }] })
  t.equal(offsets.groups[0]?.topics[0]?.partitions[0]?.lag, 0n)
  await world.stop()
})

t.test('what cannot be read is a dead letter too, without its content', async (t) => {
  const { world, client, topicId } = await start(
    {
      'errors.deadletterqueue.topic.name': 'dlq.q',
      'errors.deadletterqueue.copy.record.enable': 'true',
    },
    { 'errors.deadletterqueue.auto.create.topics.enable': 'true' },
  )
  const spoilt = buildBatch({ compression: 'gzip', records: [{ key: null, value: new Uint8Array(100) }] })
  spoilt.fill(0xff, spoilt.length - 8)
  new DataView(spoilt.buffer, spoilt.byteOffset).setUint32(17, crc32c(spoilt, 21))
  t.equal((await client.produce('q', spoilt)).errorCode, ErrorCode.NONE)
  const member = await joined(world, client, 'g', 'a', ['q'])
  await fetch(world, member).catch(() => {})
  t.equal(await acknowledge(world, member, topicId, batch(0, 0, REJECT)), ErrorCode.NONE)
  await world.simulation.run(5_000)
  const { read } = await client.fetch('dlq.q', 0)
  t.same(
    read.map(({ value, headers }) => [value, Buffer.from(headers[2]!.value!).toString()]),
    [[null, '0']],
  )
  await world.stop()
})

t.test('offsets of a group without members can be set and deleted, and the group too', async (t) => {
  const { world, client, topicId } = await start()
  await client.produce('q', batchOf(values(0, 10)))
  const connection = await world.connect()
  const member = await joined(world, connection, 'g', 'a', ['q'])
  await fetch(world, member)
  t.equal(await acknowledge(world, member, topicId, batch(0, 9, ACCEPT)), ErrorCode.NONE)
  const topics = [{ topicName: 'q', partitions: [{ partitionIndex: 0, startOffset: 4n }] }]
  const early = await client.request('AlterShareGroupOffsets', 0, { groupId: 'g', topics })
  t.equal(early.errorCode, ErrorCode.NON_EMPTY_GROUP)
  await world.simulation.complete(member.leave())
  connection.close()
  await world.simulation.run(100)
  const altered = await client.request('AlterShareGroupOffsets', 0, { groupId: 'g', topics })
  t.equal(altered.errorCode || altered.responses[0]?.partitions[0]?.errorCode, ErrorCode.NONE)
  const again = await joined(world, await world.connect(), 'g', 'b', ['q'])
  t.same(shown((await fetch(world, again)).acquired), ['4-9x1'])
  await world.simulation.complete(again.leave())
  const deleted = await client.request('DeleteShareGroupOffsets', 0, { groupId: 'g', topics: [{ topicName: 'q' }] })
  t.equal(deleted.errorCode || deleted.responses[0]?.errorCode, ErrorCode.NONE)
  const { results } = await client.request('DeleteGroups', 2, { groupsNames: ['g'] })
  t.equal(results[0]?.errorCode, ErrorCode.NONE)
  const { groups } = await client.request('ShareGroupDescribe', 1, {
    groupIds: ['g'],
    includeAuthorizedOperations: false,
  })
  t.equal(groups[0]?.errorCode, ErrorCode.GROUP_ID_NOT_FOUND)
  await world.stop()
})

t.test('a group whose members have all gone is kept, with what it has of its partitions', async (t) => {
  const world = await World.start(t, { ...PROPERTIES, 'offsets.retention.check.interval.ms': '1000' })
  const client = await world.connect()
  const topicId = await client.createTopic('q')
  await prepareGroup(world, client, 'g', { 'share.auto.offset.reset': 'latest' })
  const first = await joined(world, client, 'g', 'a', ['q'])
  t.same((await fetch(world, first)).acquired, [])
  const producer = await world.connect()
  await producer.produce('q', batchOf(values(0, 10)))
  t.same(shown((await fetch(world, first)).acquired), ['0-9x1'])
  await acknowledge(world, first, topicId, batch(0, 9, ACCEPT))
  await world.simulation.complete(first.leave())
  await producer.produce('q', batchOf(values(10, 5)))
  await world.simulation.run(10_000)
  const { groups } = await client.request('ListGroups', 5, { statesFilter: [], typesFilter: ['share'] })
  t.match(groups, [{ groupId: 'g', groupState: 'Empty' }])
  const second = await joined(world, await world.connect(), 'g', 'b', ['q'])
  t.same(shown((await fetch(world, second)).acquired), ['10-14x1'], 'what came meanwhile is not passed over')
  await world.stop()
})
