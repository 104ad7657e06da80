// Transactions against a whole broker: the traps that break clients, by name, what consumers see, and what a restart
// leaves. What each request is answered in each state is compared with Apache Kafka in test/conformance.

import t from 'tap'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../protocol/wire.ts'
import { batchOf } from './harness.ts'
import {
  add,
  commitOffset,
  committed,
  complete,
  coordinatorOf,
  end,
  fetchOffset,
  GROUP,
  init,
  produce,
  produceBody,
  producersOf,
  ready,
  stateOf,
  TOPIC,
  texts,
  until,
  writeMarker,
} from './transactional-client.ts'

t.test('trap 24: a timeout of 0, or beyond transaction.max.timeout.ms, is refused', async (t) => {
  const { client } = await ready(t)
  for (const transactionTimeoutMs of [-1, 0, 900_001]) {
    const answer = await client.request('InitProducerId', 4, { transactionalId: 'now', transactionTimeoutMs })
    t.match(answer, { errorCode: ErrorCode.INVALID_TRANSACTION_TIMEOUT, producerId: -1n, producerEpoch: -1 })
  }
})

t.test('a zombie producer is fenced, whatever it asks for, by the rules of old clients and of new ones', async (t) => {
  const { world, client } = await ready(t)
  const zombie = await init(world, client, 'now')
  await produce(client, 12, zombie, 0, 'aborted letter')
  const next = await init(world, client, 'now')
  t.equal(await produce(client, 12, next, 0, 'a letter'), ErrorCode.NONE)
  for (const version of [9, 11, 12]) {
    t.equal(await produce(client, version, zombie, 1, 'late'), ErrorCode.INVALID_PRODUCER_EPOCH)
    t.equal(await produce(client, version, zombie, 0, 'late', 1), ErrorCode.INVALID_PRODUCER_EPOCH)
  }
  t.equal(await add(client, 3, zombie, 1), ErrorCode.PRODUCER_FENCED)
  t.equal(await add(client, 1, zombie, 1), ErrorCode.INVALID_PRODUCER_EPOCH)
  for (const version of [3, 4, 5]) {
    t.equal(await commitOffset(client, version, zombie, 9n), ErrorCode.INVALID_PRODUCER_EPOCH)
  }
  for (const version of [4, 5]) t.equal((await end(client, version, zombie, true)).errorCode, ErrorCode.PRODUCER_FENCED)
  t.equal((await end(client, 1, zombie, true)).errorCode, ErrorCode.INVALID_PRODUCER_EPOCH)
  const asked = { transactionTimeoutMs: 60_000, ...zombie }
  t.equal((await client.request('InitProducerId', 4, asked)).errorCode, ErrorCode.PRODUCER_FENCED)
  t.equal((await client.request('InitProducerId', 3, asked)).errorCode, ErrorCode.INVALID_PRODUCER_EPOCH)
  t.equal((await end(client, 5, next, true)).errorCode, ErrorCode.NONE)
  await complete(world, client, 'now')
  t.same(texts(await committed(client)), ['a letter'])
})

t.test('trap 25: an EndTxn again is answered like the first, another one is refused', async (t) => {
  const { world, client } = await ready(t)
  const old = await init(world, client, 'old')
  t.equal(await add(client, 0, old, 0), ErrorCode.NONE)
  t.equal(await produce(client, 7, old, 0, 'a letter'), ErrorCode.NONE)
  t.equal((await end(client, 1, old, true)).errorCode, ErrorCode.NONE)
  await complete(world, client, 'old')
  t.equal((await end(client, 1, old, true)).errorCode, ErrorCode.NONE)
  t.equal((await end(client, 1, old, false)).errorCode, ErrorCode.INVALID_TXN_STATE)
  const now = await init(world, client, 'now')
  t.equal(await produce(client, 12, now, 0, 'a letter'), ErrorCode.NONE)
  const next = await end(client, 5, now, true)
  t.match(next, { errorCode: 0, producerId: now.producerId, producerEpoch: now.producerEpoch + 1 })
  await complete(world, client, 'now')
  t.match(await end(client, 5, now, true), { errorCode: 0, producerEpoch: next.producerEpoch })
  t.equal((await end(client, 5, now, false)).errorCode, ErrorCode.INVALID_TXN_STATE)
})

t.test('trap 25: a transaction of nothing can be aborted, and its epoch rises', async (t) => {
  const { world, client } = await ready(t)
  const now = await init(world, client, 'now')
  t.match(await end(client, 5, now, false), { errorCode: 0, producerEpoch: now.producerEpoch + 1 })
})

t.test('trap 25: from Produce v12 and TxnOffsetCommit v5 on partitions need not be added', async (t) => {
  const { world, client } = await ready(t)
  const now = await init(world, client, 'now')
  t.equal(await produce(client, 12, now, 0, 'a letter'), ErrorCode.NONE)
  t.equal(await produce(client, 12, now, 0, 'a letter', 1), ErrorCode.NONE)
  t.equal(await commitOffset(client, 5, now, 3n), ErrorCode.NONE)
  const { transactionStates } = await client.request('DescribeTransactions', 0, { transactionalIds: ['now'] })
  t.same(
    transactionStates[0]!.topics.map(({ topic, partitions }) => [topic, partitions]),
    [
      [TOPIC, [0, 1]],
      ['__consumer_offsets', transactionStates[0]!.topics[1]!.partitions],
    ],
  )
})

t.test('trap 25: below, they must have been added', async (t) => {
  const { world, client } = await ready(t)
  const old = await init(world, client, 'old')
  t.equal(await produce(client, 9, old, 0, 'a letter'), ErrorCode.INVALID_TXN_STATE)
  t.equal(await produce(client, 11, old, 0, 'a letter'), ErrorCode.TRANSACTION_ABORTABLE)
  t.equal(await commitOffset(client, 3, old, 3n), ErrorCode.INVALID_TXN_STATE)
  t.equal(await commitOffset(client, 4, old, 3n), ErrorCode.TRANSACTION_ABORTABLE)
  t.same(await committed(client), [])
})

for (const how of ['commits', 'aborts'] as const) {
  t.test(`trap 26: KAFKA-17754: a delayed EndTxn never ${how} the next transaction`, async (t) => {
    const { world, client } = await ready(t)
    const first = await init(world, client, 'now')
    await produce(client, 12, first, 0, 'one')
    const second = await end(client, 5, first, true)
    t.equal(await produce(client, 12, second, 0, 'two'), ErrorCode.NONE)
    // It was sent in the first transaction, and repeated on another connection, where it took its time.
    const late = await end(client, 5, first, how === 'commits')
    t.equal(late.errorCode, ErrorCode.PRODUCER_FENCED)
    t.equal((await end(client, 4, first, how === 'commits')).errorCode, ErrorCode.PRODUCER_FENCED)
    t.equal(await stateOf(client, 'now'), 'Ongoing')
    t.same(texts(await committed(client)), ['one'])
  })
}

t.test('trap 26: nor does a delayed batch, or a delayed partition, become part of it', async (t) => {
  const { world, client } = await ready(t)
  const first = await init(world, client, 'now')
  await produce(client, 12, first, 0, 'one')
  const second = await end(client, 5, first, true)
  t.equal(await produce(client, 12, second, 0, 'two'), ErrorCode.NONE)
  t.equal(await produce(client, 12, first, 1, 'late'), ErrorCode.INVALID_PRODUCER_EPOCH)
  t.equal(await produce(client, 12, first, 1, 'late', 1), ErrorCode.INVALID_PRODUCER_EPOCH)
  t.equal(await add(client, 3, first, 1), ErrorCode.PRODUCER_FENCED)
  t.equal(await commitOffset(client, 5, first, 9n), ErrorCode.INVALID_PRODUCER_EPOCH)
})

t.test('trap 26: of old clients a batch that is too late is told apart', async (t) => {
  const { world, client } = await ready(t)
  const old = await init(world, client, 'old')
  await add(client, 0, old, 0)
  await produce(client, 9, old, 0, 'one')
  await end(client, 1, old, false)
  await complete(world, client, 'old')
  t.equal(await produce(client, 9, old, 1, 'late'), ErrorCode.INVALID_TXN_STATE)
  const { producers } = await producersOf(client)
  t.equal(producers[0]?.currentTxnStartOffset, -1n, 'nothing hangs')
})

t.test('trap 27: WriteTxnMarkers is answered when its markers are visible, and may come twice', async (t) => {
  const { world, client } = await ready(t)
  const old = await init(world, client, 'old')
  await add(client, 0, old, 0)
  await produce(client, 9, old, 0, 'aborted letter')
  t.equal(await writeMarker(client, old), ErrorCode.NONE)
  const { highWatermark, lastStableOffset } = await client.fetch(TOPIC, 0, { isolationLevel: 1 })
  t.same([highWatermark, lastStableOffset], [2n, 2n])
  t.equal(await writeMarker(client, old), ErrorCode.NONE)
  t.same(texts(await committed(client)), [])
})

t.test('trap 27: markers survive a loss of power between the decision and them', async (t) => {
  for (const isCommitted of [true, false]) {
    const { world, client } = await ready(t)
    const now = await init(world, client, 'now')
    await produce(client, 12, now, 0, isCommitted ? 'a letter' : 'aborted letter')
    await commitOffset(client, 5, now, 3n)
    t.equal((await end(client, 5, now, isCommitted)).errorCode, ErrorCode.NONE)
    world.node.crash()
    await world.restart()
    const again = await world.connect()
    await until(world, async () => (await stateOf(again, 'now')).startsWith('Complete'))
    t.same(texts(await committed(again)), isCommitted ? ['a letter'] : [])
    await until(world, async () => (await fetchOffset(again, true)).errorCode === ErrorCode.NONE)
    t.equal((await fetchOffset(again, true)).committedOffset, isCommitted ? 3n : -1n)
  }
})

t.test("KAFKA-19999: under version 2 a marker of the records' own epoch is late, and ends nothing", async (t) => {
  const { world, client } = await ready(t)
  const now = await init(world, client, 'now')
  await produce(client, 12, now, 0, 'a letter')
  const write = async (producerEpoch: number) => {
    const topics = [{ name: TOPIC, partitionIndexes: [0] }]
    const marker = {
      ...now,
      producerEpoch,
      transactionResult: false,
      topics,
      coordinatorEpoch: 0,
      transactionVersion: 2,
    }
    const answer = await client.request('WriteTxnMarkers', 2, { markers: [marker] })
    return answer.markers[0]!.topics[0]!.partitions[0]!.errorCode
  }
  t.equal(await write(now.producerEpoch), ErrorCode.INVALID_PRODUCER_EPOCH)
  t.equal((await end(client, 5, now, true)).errorCode, ErrorCode.NONE)
  await complete(world, client, 'now')
  t.equal(await write(now.producerEpoch + 1), ErrorCode.NONE, 'repeated, when nothing is open')
  t.same(texts(await committed(client)), ['a letter'])
})

t.test('trap 28: the oldest versions of all requests make a whole transaction', async (t) => {
  const { world, client } = await ready(t)
  for (const [index, isCommitted] of [true, false, true].entries()) {
    const old = await init(world, client, 'old')
    t.equal(await add(client, 0, old, 0), ErrorCode.NONE)
    const value = isCommitted ? `letter ${index}` : `aborted letter ${index}`
    t.equal(await produce(client, 3, old, 0, value), ErrorCode.NONE)
    const added = await client.request('AddOffsetsToTxn', 0, { ...old, groupId: GROUP })
    t.equal(added.errorCode, ErrorCode.NONE)
    t.equal(await commitOffset(client, 0, old, BigInt(index)), ErrorCode.NONE)
    t.equal((await end(client, 0, old, isCommitted)).errorCode, ErrorCode.NONE)
    await complete(world, client, 'old')
  }
  t.same(texts(await committed(client)), ['letter 0', 'letter 2'])
  await until(world, async () => (await fetchOffset(client, true)).committedOffset === 2n)
})

t.test('a group becomes part of a transaction before anybody has looked for its coordinator', async (t) => {
  const { world, client } = await ready(t, {}, [1])
  const old = await init(world, client, 'old')
  const added = await client.request('AddOffsetsToTxn', 3, { ...old, groupId: GROUP })
  t.equal(added.errorCode, ErrorCode.NONE)
  t.not(await commitOffset(client, 3, old, 7n), ErrorCode.NONE, 'its topic is not there')
  await coordinatorOf(world, client, 0, GROUP)
  await until(world, async () => (await commitOffset(client, 3, old, 7n)) === ErrorCode.NONE)
  t.equal((await end(client, 3, old, true)).errorCode, ErrorCode.NONE)
  await complete(world, client, 'old')
  await until(world, async () => (await fetchOffset(client, true)).committedOffset === 7n)
})

t.test('a consumer of committed records waits for what is open, and for nothing else', async (t) => {
  const { world, client } = await ready(t)
  const [one, two] = [await init(world, client, 'one'), await init(world, client, 'two')]
  await produce(client, 12, one, 0, 'of one')
  await produce(client, 12, two, 0, 'of two')
  await client.produce(TOPIC, batchOf(['of nobody']))
  t.same(await committed(client), [])
  await end(client, 5, two, true)
  await complete(world, client, 'two')
  t.same(await committed(client), [], 'the first is still open')
  await end(client, 5, one, false)
  await complete(world, client, 'one')
  const { abortedTransactions, lastStableOffset, highWatermark } = await client.fetch(TOPIC, 0, { isolationLevel: 1 })
  t.same(abortedTransactions, [{ producerId: one.producerId, firstOffset: 0n }])
  t.equal(lastStableOffset, highWatermark)
})

t.test('trap 32: the latest offset for readers of committed records is the last stable one', async (t) => {
  const { world, client } = await ready(t)
  const latest = async (isolationLevel: number) => {
    const partitions = [{ partitionIndex: 0, timestamp: -1n }]
    const topics = [{ name: TOPIC, partitions }]
    const answer = await client.request('ListOffsets', 8, { replicaId: -1, isolationLevel, topics })
    return answer.topics[0]?.partitions[0]?.offset
  }
  const one = await init(world, client, 'one')
  await client.produce(TOPIC, batchOf(['of nobody']))
  await produce(client, 12, one, 0, 'of one')
  t.same([await latest(0), await latest(1)], [2n, 1n])
  await end(client, 5, one, true)
  await complete(world, client, 'one')
  t.same([await latest(0), await latest(1)], [3n, 3n])
})

t.test('trap 16: a fetch that waits is woken by the marker', async (t) => {
  const { world, client } = await ready(t)
  const reader = await world.connect()
  const one = await init(world, client, 'one')
  await produce(client, 12, one, 0, 'of one')
  const waiting = reader.send('Fetch', 11, {
    ...{ maxWaitMs: 60_000, minBytes: 1, isolationLevel: 1, forgottenTopicsData: [], rackId: '' },
    topics: [{ topic: TOPIC, partitions: [{ partition: 0, fetchOffset: 0n, partitionMaxBytes: 1 << 20 }] }],
  })
  const startedAt = world.node.host.clock.monotonic()
  await end(client, 5, one, true)
  const answer = await world.simulation.complete(waiting)
  t.ok((answer?.responses[0]?.partitions[0]?.records?.length ?? 0) > 0)
  t.ok(world.node.host.clock.monotonic() - startedAt < 1000)
})

t.test(
  'trap 20: offsets of an open transaction are unstable: UNSTABLE_OFFSET_COMMIT, or those of before',
  async (t) => {
    const { world, client } = await ready(t)
    const now = await init(world, client, 'now')
    t.equal(await commitOffset(client, 5, now, 3n), ErrorCode.NONE)
    t.match(await fetchOffset(client, true), { errorCode: ErrorCode.UNSTABLE_OFFSET_COMMIT, committedOffset: -1n })
    t.match(await fetchOffset(client, false), { errorCode: 0, committedOffset: -1n })
    const next = await end(client, 5, now, true)
    await until(world, async () => (await fetchOffset(client, true)).committedOffset === 3n)
    t.equal(await commitOffset(client, 5, next, 4n), ErrorCode.NONE)
    await end(client, 5, next, false)
    await until(world, async () => (await fetchOffset(client, true)).errorCode === ErrorCode.NONE)
    t.equal((await fetchOffset(client, true)).committedOffset, 3n)
  },
)

t.test('batches that are sent one behind the other stay in order, also while the coordinator is asked', async (t) => {
  const { world, client } = await ready(t)
  let now = await init(world, client, 'now')
  for (let round = 0; round < 3; round++) {
    const identity = now
    const sent = [0, 1, 2, 3, 4].map((sequence) =>
      client.send('Produce', 12, produceBody(identity, sequence, `letter ${round}${sequence}`)),
    )
    const answers = await world.simulation.complete(Promise.all(sent))
    t.same(
      answers.map((answer) => answer?.responses[0]?.partitionResponses[0]?.errorCode),
      [0, 0, 0, 0, 0],
    )
    now = await end(client, 5, identity, true)
  }
  await complete(world, client, 'now')
  const expected = [0, 1, 2].flatMap((round) => [0, 1, 2, 3, 4].map((sequence) => `letter ${round}${sequence}`))
  t.same(texts(await committed(client)), expected)
})

t.test(
  'a transaction that takes longer than its producer has said is aborted, and the producer shut out',
  async (t) => {
    const { world, client } = await ready(t)
    const now = await init(world, client, 'now', 3000)
    await produce(client, 12, now, 0, 'aborted letter')
    await world.simulation.run(10_000)
    t.equal(await stateOf(client, 'now'), 'CompleteAbort')
    t.equal(await produce(client, 12, now, 1, 'aborted letter'), ErrorCode.INVALID_PRODUCER_EPOCH)
    t.equal((await end(client, 5, now, true)).errorCode, ErrorCode.INVALID_TXN_STATE)
    const { lastStableOffset } = await client.fetch(TOPIC, 0, { isolationLevel: 1 })
    t.equal(lastStableOffset, 2n)
  },
)

t.test('what hangs, written without verification, is found and ended by tools', async (t) => {
  const { world, client } = await ready(t, { 'transaction.partition.verification.enable': 'false' })
  const old = await init(world, client, 'old')
  t.equal(await produce(client, 9, old, 0, 'aborted letter'), ErrorCode.NONE)
  const hanging = (await producersOf(client)).producers[0]!
  t.match(hanging, { producerId: old.producerId, producerEpoch: old.producerEpoch, currentTxnStartOffset: 0n })
  t.equal(await writeMarker(client, old), ErrorCode.NONE)
  t.equal((await producersOf(client)).producers[0]!.currentTxnStartOffset, -1n)
})

t.test('a topic that is deleted does not hold up the end of its transactions', async (t) => {
  const { world, client } = await ready(t)
  const now = await init(world, client, 'now')
  await produce(client, 12, now, 0, 'a letter')
  await client.request('DeleteTopics', 6, { topics: [{ name: TOPIC, topicId: ZERO_UUID }], timeoutMs: 10_000 })
  await end(client, 5, now, true)
  await complete(world, client, 'now')
  t.equal(await stateOf(client, 'now'), 'CompleteCommit')
})

t.test('an acks=0 batch of a stranger to the transaction closes its connection', async (t) => {
  const { world, client } = await ready(t)
  const old = await init(world, client, 'old')
  const stranger = await world.connect()
  void stranger.send('Produce', 9, { ...produceBody(old, 0, 'a letter'), acks: 0 })
  await until(world, async () => stranger.isClosed)
  t.ok(stranger.isClosed)
})
