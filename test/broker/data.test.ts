// Produce, Fetch and ListOffsets against a whole broker: the traps that break clients, by name.

import t from 'tap'
import { fetch } from '../../broker/handlers/data/fetch.ts'
import { produce } from '../../broker/handlers/data/produce.ts'
import type { HandlerRow } from '../../broker/handlers/handler.ts'
import { RequestMetrics } from '../../broker/metrics/request-metrics.ts'
import { Deadlines } from '../../broker/replication/deadlines.ts'
import { FetchSessions } from '../../broker/replication/fetch-sessions.ts'
import { simulate } from '../../host/simulated/simulation.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { RECORD_COUNT } from '../../protocol/records/layout.ts'
import { ZERO_UUID } from '../../protocol/wire.ts'
import { batchOf, type Client, World } from './harness.ts'

const TOPIC = 'letters'
/** Of an offset: what an administrator may write into the topic of the groups. */
const TOMBSTONE = { key: new Uint8Array([0, 1, 0, 1, 103, 0, 1, 116, 0, 0, 0, 0]), value: null, headers: [] }

async function ready(t: Parameters<typeof World.start>[0], configs: Record<string, string> = {}) {
  const world = await World.start(t)
  const client = await world.connect()
  const topicId = await client.createTopic(TOPIC, 2, configs)
  return { world, client, topicId }
}

function values(read: readonly { value: Uint8Array | null }[]): string[] {
  return read.map(({ value }) => Buffer.from(value ?? []).toString())
}

t.test('what every version of Produce writes, every version of Fetch reads', async (t) => {
  const { world, client, topicId } = await ready(t)
  const expected: string[] = []
  for (let version = 3; version <= 13; version++) {
    const value = `produced by v${version}`
    const answer = await client.request('Produce', version, {
      acks: version % 2 === 0 ? -1 : 1,
      timeoutMs: 10_000,
      topicData: [{ name: TOPIC, topicId, partitionData: [{ index: 0, records: batchOf([value]) }] }],
    })
    const partition = answer.responses[0]!.partitionResponses[0]!
    t.equal(partition.errorCode, ErrorCode.NONE, `v${version}`)
    t.equal(partition.baseOffset, BigInt(expected.length))
    t.equal(partition.logAppendTimeMs, -1n)
    expected.push(value)
  }
  for (let version = 4; version <= 18; version++) {
    const answer = await client.request('Fetch', version, {
      maxWaitMs: 100,
      minBytes: 1,
      isolationLevel: 0,
      topics: [{ topic: TOPIC, topicId, partitions: [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1 << 20 }] }],
      forgottenTopicsData: [],
      rackId: '',
    })
    const partition = answer.responses[0]!.partitions[0]!
    t.equal(partition.highWatermark, 11n, `v${version}`)
    t.ok(partition.records instanceof Uint8Array && partition.records.length > 0)
    t.equal(answer.responses[0]!.topic, version <= 12 ? TOPIC : '')
    t.equal(answer.responses[0]!.topicId, version <= 12 ? ZERO_UUID : topicId)
  }
  t.same(values((await client.fetch(TOPIC, 0)).read), expected)
  await world.stop()
})

t.test('trap 7: acks outside -1, 0 and 1 are refused', async (t) => {
  const { world, client } = await ready(t)
  t.equal((await client.produce(TOPIC, batchOf(['x']), { acks: 2 })).errorCode, ErrorCode.INVALID_REQUIRED_ACKS)
  await world.stop()
})

t.test('trap 7: acks=0 is not answered, and an error closes the connection', async (t) => {
  const { world, client } = await ready(t)
  const produce = (topic: string) =>
    client.frame('Produce', 9, {
      acks: 0,
      timeoutMs: 1000,
      topicData: [{ name: topic, partitionData: [{ index: 0, records: batchOf(['unanswered']) }] }],
    })
  client.write(produce(TOPIC))
  t.same(values((await client.fetch(TOPIC, 0)).read), ['unanswered'], 'the next answer is that of the fetch')
  client.write(produce('there is no such topic'))
  await world.simulation.run(100)
  t.equal(client.isClosed, true)
  await world.stop()
})

t.test('trap 8: a batch that is wrong is refused whole, with the code of its fault', async (t) => {
  const { world, client } = await ready(t)
  const corrupt = batchOf(['a', 'b'])
  corrupt[corrupt.length - 1]! ^= 1
  const count = batchOf(['a', 'b'])
  new DataView(count.buffer, count.byteOffset).setInt32(RECORD_COUNT, 3)
  const cases: [name: string, records: Uint8Array | null, errorCode: number][] = [
    ['null records', null, ErrorCode.INVALID_RECORD],
    ['no records', new Uint8Array(), ErrorCode.INVALID_RECORD],
    ['two batches', new Uint8Array(Buffer.concat([batchOf(['a']), batchOf(['b'])])), ErrorCode.INVALID_RECORD],
    ['a wrong checksum', corrupt, ErrorCode.CORRUPT_MESSAGE],
    ['a record count that its checksum does not cover', count, ErrorCode.CORRUPT_MESSAGE],
    ['a control batch', batchOf(['a'], { control: true }), ErrorCode.INVALID_RECORD],
    [
      'a transactional batch',
      batchOf(['a'], { producerId: 1n, producerEpoch: 0, baseSequence: 0, transactional: true }),
      ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    ],
    ['a cut batch', batchOf(['a']).subarray(0, 65), ErrorCode.INVALID_RECORD],
    ['magic 3', new Uint8Array(batchOf(['a']).with(16, 3)), ErrorCode.CORRUPT_MESSAGE],
    ['a base offset', batchOf(['a'], { baseOffset: 4 }), ErrorCode.INVALID_RECORD],
    ['a producer epoch of -2', batchOf(['a'], { producerId: 1n, producerEpoch: -2, baseSequence: 0 }), 47],
    ['too large a batch', batchOf(['x'.repeat(1_100_000)]), ErrorCode.MESSAGE_TOO_LARGE],
  ]
  for (const [name, records, errorCode] of cases) {
    const answer = await client.produce(TOPIC, records)
    t.equal(answer.errorCode, errorCode, name)
    t.equal(answer.baseOffset, -1n)
  }
  t.equal((await client.fetch(TOPIC, 0)).highWatermark, 0n)
  const cut = new Uint8Array(Buffer.concat([batchOf(['fine']), batchOf(['cut']).subarray(0, 40)]))
  t.equal((await client.produce(TOPIC, cut)).baseOffset, 0n, 'a piece after the batch is dropped')
  t.same(values((await client.fetch(TOPIC, 0)).read), ['fine'])
  const fewer = await ready(t, { 'min.insync.replicas': '2' })
  t.equal((await fewer.client.produce(TOPIC, batchOf(['x']))).errorCode, ErrorCode.NONE, 'as many as there are')
  await fewer.world.stop()
  await world.stop()
})

t.test('trap 8: zstd is refused below Produce v7', async (t) => {
  const { world, client } = await ready(t)
  const zstd = (): Uint8Array => batchOf(['a'], { compression: 'zstd' })
  t.equal((await client.produce(TOPIC, zstd(), { version: 6 })).errorCode, ErrorCode.UNSUPPORTED_COMPRESSION_TYPE)
  t.equal((await client.produce(TOPIC, zstd(), { version: 7 })).errorCode, ErrorCode.NONE)
  await world.stop()
})

t.test('trap 8: a record without key on a compacted topic is refused with its index', async (t) => {
  const { world, client } = await ready(t, { 'cleanup.policy': 'compact' })
  const answer = await client.produce(TOPIC, batchOf(['keyless']))
  t.equal(answer.errorCode, ErrorCode.INVALID_RECORD)
  t.same(
    answer.recordErrors.map(({ batchIndex }) => batchIndex),
    [0],
  )
  await world.stop()
})

t.test('trap 10: LogAppendTime stamps the batch and tells the client', async (t) => {
  const { world, client } = await ready(t, { 'message.timestamp.type': 'LogAppendTime' })
  const answer = await client.produce(TOPIC, batchOf(['stamped']))
  t.ok(answer.logAppendTimeMs > 0n)
  const { read } = await client.fetch(TOPIC, 0)
  t.equal(read[0]?.timestamp, Number(answer.logAppendTimeMs))
  await world.stop()
})

t.test('trap 9: an idempotent producer is held to its sequence', async (t) => {
  const { world, client } = await ready(t)
  const { producerId, errorCode } = await client.request('InitProducerId', 4, {
    transactionalId: null,
    transactionTimeoutMs: 1000,
  })
  t.equal(errorCode, ErrorCode.NONE)
  const batch = (baseSequence: number, producerEpoch = 0): Uint8Array =>
    batchOf([`sequence ${baseSequence}`], { producerId, producerEpoch, baseSequence })
  const send = async (baseSequence: number, producerEpoch = 0) => {
    const answer = await client.produce(TOPIC, batch(baseSequence, producerEpoch))
    return [answer.errorCode, Number(answer.baseOffset)]
  }
  for (let sequence = 0; sequence < 6; sequence++) t.same(await send(sequence), [ErrorCode.NONE, sequence])
  t.same(await send(5), [ErrorCode.NONE, 5], 'a duplicate gets the offset of the first copy')
  t.same(await send(1), [ErrorCode.NONE, 1], 'so does one of the last five')
  t.same(await send(0), [ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, -1], 'older ones are forgotten')
  t.same(await send(8), [ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, -1])
  t.same(await send(3, 1), [ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, -1], 'a new epoch begins with 0')
  t.same(await send(0, 1), [ErrorCode.NONE, 6])
  t.same(await send(6, 0), [ErrorCode.INVALID_PRODUCER_EPOCH, -1])
  world.node.kill()
  await world.restart()
  const again = await world.connect()
  const answer = await again.produce(TOPIC, batch(0, 1))
  t.equal(answer.baseOffset, 6n, 'the state outlives a kill')
  await world.stop()
})

t.test('trap 11: internal topics are written by brokers only, and by __admin_client', async (t) => {
  const { world, client } = await ready(t)
  const { coordinators } = await client.request('FindCoordinator', 4, { keyType: 0, coordinatorKeys: ['g'] })
  t.equal(coordinators.length, 1)
  await world.simulation.run(1000)
  t.equal((await client.produce('__consumer_offsets', batchOf(['x']))).errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION)
  const admin = await world.connect('__admin_client')
  const repaired = await admin.produce('__consumer_offsets', buildBatch({ timestamp: 1, records: [TOMBSTONE] }))
  t.equal(repaired.errorCode, ErrorCode.NONE)
  await world.stop()
})

t.test('trap 14: topics that are not there: by name, by id, by partition', async (t) => {
  const { world, client, topicId } = await ready(t)
  t.equal((await client.produce('missing', batchOf(['x']))).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  t.equal((await client.produce(TOPIC, batchOf(['x']), { index: 7 })).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  t.equal((await client.fetch('missing', 0)).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  const byId = async (id: string, partition: number) => {
    const answer = await client.request('Fetch', 13, {
      maxWaitMs: 10,
      minBytes: 1,
      isolationLevel: 0,
      topics: [{ topicId: id, partitions: [{ partition, fetchOffset: 0n, partitionMaxBytes: 1000 }] }],
      forgottenTopicsData: [],
      rackId: '',
    })
    return answer.responses[0]!.partitions[0]!.errorCode
  }
  t.equal(await byId('XXXXXXXXXXXXXXXXXXXXXQ', 0), ErrorCode.UNKNOWN_TOPIC_ID)
  t.equal(await byId(ZERO_UUID, 0), ErrorCode.UNKNOWN_TOPIC_ID)
  const produced = await client.request('Produce', 13, {
    acks: 1,
    timeoutMs: 1000,
    topicData: [{ topicId: 'XXXXXXXXXXXXXXXXXXXXXQ', partitionData: [{ index: 0, records: batchOf(['x']) }] }],
  })
  t.equal(produced.responses[0]?.partitionResponses[0]?.errorCode, ErrorCode.UNKNOWN_TOPIC_ID)
  t.equal(await byId(topicId, 9), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  t.equal(await byId(topicId, 0), ErrorCode.NONE)
  await world.stop()
})

t.test('trap 12: a fetch from the middle of a batch gets the whole batch; records are never null', async (t) => {
  const { world, client } = await ready(t)
  await client.produce(TOPIC, batchOf(['a', 'b', 'c']))
  const middle = await client.fetch(TOPIC, 1)
  t.same(
    middle.read.map(({ offset }) => offset),
    [0, 1, 2],
  )
  const end = await client.fetch(TOPIC, 3)
  t.equal(end.records?.length, 0, 'empty, not null')
  const beyond = await client.fetch(TOPIC, 4)
  t.equal(beyond.errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
  t.equal(beyond.highWatermark, -1n)
  t.equal(beyond.records?.length, 0)
  await world.stop()
})

t.test('trap 12: the first batch may be larger than the limits, the next ones not', async (t) => {
  const { world, client } = await ready(t)
  for (const value of ['a', 'b', 'c']) await client.produce(TOPIC, batchOf([value.repeat(1000)]))
  t.equal((await client.fetch(TOPIC, 0, { maxBytes: 10 })).read.length, 1)
  t.equal((await client.fetch(TOPIC, 0, { maxBytes: 2200 })).read.length, 2, 'whole batches')
  await world.stop()
})

t.test('trap 12: a fetch that a limit stops does not go on in the next segment', async (t) => {
  const { world, client } = await ready(t, { 'segment.bytes': '1048576' })
  for (const size of [600, 300, 10, 700, 5]) await client.produce(TOPIC, batchOf(['x'.repeat(size * 1024)]))
  const offsets: number[] = []
  while (offsets.length < 5) {
    const { read } = await client.fetch(TOPIC, offsets.length, { maxBytes: 650 * 1024 })
    if (read.length === 0) break
    offsets.push(...read.map(({ offset }) => offset))
  }
  t.same(offsets, [0, 1, 2, 3, 4])
  await world.stop()
})

t.test('trap 16: a long poll wakes on an append', async (t) => {
  const { world, client } = await ready(t)
  const producer = await world.connect()
  const waiting = client.fetch(TOPIC, 0, { maxWaitMs: 60_000 })
  await world.simulation.run(100)
  const before = world.simulation.nowMs
  await producer.produce(TOPIC, batchOf(['wake up']))
  t.same(values((await waiting).read), ['wake up'])
  t.ok(world.simulation.nowMs - before < 1000)
  await world.stop()
})

t.test('trap 16: a long poll wakes when its topic is deleted', async (t) => {
  const { world, client } = await ready(t)
  const admin = await world.connect()
  const waiting = client.fetch(TOPIC, 0, { maxWaitMs: 60_000 })
  await world.simulation.run(100)
  await admin.request('DeleteTopics', 6, { topics: [{ name: TOPIC, topicId: ZERO_UUID }], timeoutMs: 1000 })
  const answer = await waiting
  t.equal(answer.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  t.equal(answer.highWatermark, -1n)
  await world.stop()
})

t.test('trap 13: an incremental fetch session tells only what is new', async (t) => {
  const { world, client } = await ready(t)
  const fetch = (sessionId: number, sessionEpoch: number, partitions: number[]) =>
    client.request('Fetch', 12, {
      maxWaitMs: 10,
      minBytes: 1,
      isolationLevel: 0,
      sessionId,
      sessionEpoch,
      topics: [
        {
          topic: TOPIC,
          partitions: partitions.map((partition) => ({ partition, fetchOffset: 0n, partitionMaxBytes: 1000 })),
        },
      ],
      forgottenTopicsData: [],
      rackId: '',
    })
  const full = await fetch(0, 0, [0, 1])
  t.ok(full.sessionId > 0)
  t.equal(full.responses[0]?.partitions.length, 2)
  t.same((await fetch(full.sessionId, 1, [])).responses, [])
  await client.produce(TOPIC, batchOf(['news']), { index: 1 })
  const news = await fetch(full.sessionId, 2, [])
  t.same(
    news.responses[0]?.partitions.map(({ partitionIndex }) => partitionIndex),
    [1],
  )
  t.equal((await fetch(full.sessionId, 2, [])).errorCode, ErrorCode.INVALID_FETCH_SESSION_EPOCH)
  t.equal((await fetch(12345, 1, [])).errorCode, ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
  await world.stop()
})

t.test('trap 18: who looks for a leader in vain is told who leads, and where that broker is', (t) => {
  const leader = { leader: 2, leaderEpoch: 8 }
  const endpoint = { nodeId: 2, host: 'other', port: 9093, rack: 'r' }
  const topic = { name: TOPIC, id: 'AAAAAAAAAAAAAAAAAAAAAQ', partitions: [leader] }
  const services = {
    config: { get: () => 1000 },
    fetchSessions: new FetchSessions(1, { now: () => 0, monotonic: () => 0 }, { below: () => 1, fill: (to) => to }),
    replicas: {
      ...{ partition: () => undefined, partitionById: () => undefined, isOffline: () => false },
      deadlines: new Deadlines(simulate(1).node('broker').host),
    },
    answerMemory: { grant: (wanted: number) => wanted, release: () => {} },
    quotas: { isActive: false, produce: null, fetch: null },
    requestMetrics: new RequestMetrics(),
    metadata: {
      image: {
        topics: { byName: () => topic, byId: () => topic },
        brokers: { endpoint: () => endpoint },
      },
    },
  }
  const ask = (row: HandlerRow, apiVersion: number, request: unknown) => {
    let answer: unknown
    const call = {
      ...{ apiVersion, listener: 'PLAINTEXT', onDisconnect: () => {} },
      answer: (response: unknown) => (answer = response),
    }
    row.handleDeferred?.(services as never, request as never, call as never)
    return answer as { responses: object[]; nodeEndpoints: object[] }
  }
  const topicData = [{ name: TOPIC, topicId: ZERO_UUID, partitionData: [{ index: 0, records: batchOf(['x']) }] }]
  const produced = ask(produce, 10, { acks: 1, timeoutMs: 1000, transactionalId: null, topicData })
  const expected = { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, currentLeader: { leaderId: 2, leaderEpoch: 8 } }
  t.match(produced.responses, [{ partitionResponses: [expected] }])
  t.same(produced.nodeEndpoints, [endpoint])
  const fetchRequest = {
    ...{ sessionId: 0, sessionEpoch: -1, minBytes: 1, maxBytes: 1000, maxWaitMs: 0, forgottenTopicsData: [] },
    topics: [
      { topic: TOPIC, topicId: ZERO_UUID, partitions: [{ partition: 0, fetchOffset: 0n, lastFetchedEpoch: -1 }] },
    ],
  }
  const fetched = ask(fetch, 16, fetchRequest)
  t.match(fetched.responses, [{ partitions: [expected] }])
  t.same(fetched.nodeEndpoints, produced.nodeEndpoints)
  t.same(ask(fetch, 15, fetchRequest).nodeEndpoints, [], 'from v16 on')
  t.end()
})

async function offsetAt(client: Client, timestamp: number, version = 11) {
  const { topics } = await client.request('ListOffsets', version, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: TOPIC, partitions: [{ partitionIndex: 0, timestamp: BigInt(timestamp) }] }],
    timeoutMs: 1000,
  })
  return topics[0]!.partitions[0]!
}

t.test('trap 32: offsets by time, and by the special timestamps', async (t) => {
  const { world, client } = await ready(t)
  const start = 1_767_225_600_000
  for (const [index, at] of [1000, 5000, 3000].entries()) {
    await client.produce(TOPIC, batchOf([`record ${index}`], { timestamp: start + at }))
  }
  t.equal((await offsetAt(client, start)).offset, 0n)
  t.equal((await offsetAt(client, start + 1001)).offset, 1n, 'the first with that time or later')
  const none = await offsetAt(client, start + 5001)
  t.same([none.errorCode, none.offset, none.timestamp], [ErrorCode.NONE, -1n, -1n], 'not found is no error')
  t.equal((await offsetAt(client, -1)).offset, 3n)
  t.equal((await offsetAt(client, -2)).offset, 0n)
  const newest = await offsetAt(client, -3)
  t.same([newest.offset, newest.timestamp], [1n, BigInt(start + 5000)])
  t.equal((await offsetAt(client, -4)).offset, 0n)
  t.equal((await offsetAt(client, -5)).offset, -1n)
  t.equal((await offsetAt(client, -6)).offset, -1n)
  t.equal((await offsetAt(client, -3, 6)).errorCode, ErrorCode.UNSUPPORTED_VERSION)
  t.equal((await offsetAt(client, -9)).errorCode, ErrorCode.UNSUPPORTED_VERSION)
  await world.stop()
})

t.test('trap 33: deleted records stay deleted after a kill', async (t) => {
  const { world, client } = await ready(t)
  for (let index = 0; index < 5; index++) await client.produce(TOPIC, batchOf([`record ${index}`]))
  const remove = async (offset: bigint) => {
    const { topics } = await client.request('DeleteRecords', 2, {
      topics: [{ name: TOPIC, partitions: [{ partitionIndex: 0, offset }] }],
      timeoutMs: 1000,
    })
    return topics[0]!.partitions[0]!
  }
  t.same(await remove(3n), { partitionIndex: 0, lowWatermark: 3n, errorCode: ErrorCode.NONE })
  t.equal((await remove(9n)).errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
  t.equal((await remove(-2n)).errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
  world.node.kill()
  await world.restart()
  const again = await world.connect()
  t.equal((await offsetAt(again, -2)).offset, 3n)
  t.equal((await again.fetch(TOPIC, 2)).errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
  await world.stop()
})

t.test('Jepsen, NATS 2.12: what acks=all acknowledged is there after the power fails', async (t) => {
  const { world, client } = await ready(t)
  for (let index = 0; index < 20; index++) await client.produce(TOPIC, batchOf([`record ${index}`]))
  world.node.crash()
  await world.restart()
  const again = await world.connect()
  const { read } = await again.fetch(TOPIC, 0)
  t.same(
    read.map(({ offset }) => offset),
    Array.from({ length: 20 }, (_, index) => index),
  )
  await world.stop()
})
