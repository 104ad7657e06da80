// Faults of brokers that others have found and published (Jepsen's reports, their makers' issues), as far as one node
// can show them: none of them here. Clients are simulated, the disk loses what was not synced.

import t from 'tap'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../protocol/wire.ts'
import { batchOf, type Client, type World } from './harness.ts'
import {
  commitOffset,
  committed,
  complete,
  end,
  fetchOffset,
  GROUP,
  type Identity,
  init,
  produce,
  ready,
  stateOf,
  TOPIC,
  texts,
  until,
} from './transactional-client.ts'

async function crash(world: World): Promise<Client> {
  world.node.crash()
  await world.restart()
  return world.connect()
}

async function idempotent(client: Client): Promise<bigint> {
  const request = { transactionalId: null, transactionTimeoutMs: 1000 }
  return (await client.request('InitProducerId', 4, request)).producerId
}

const texted = (read: readonly { value: Uint8Array | null }[]) =>
  read.map(({ value }) => Buffer.from(value!).toString())

t.test(
  'Jepsen, NATS 2.12: what was acknowledged a moment before the power fails is there, ten times over',
  async (t) => {
    const { world, client } = await ready(t)
    let current = client
    for (let round = 0; round < 10; round++) {
      t.equal((await current.produce(TOPIC, batchOf([`round ${round}`]))).errorCode, ErrorCode.NONE)
      current = await crash(world)
    }
    t.same(
      texted((await current.fetch(TOPIC, 0)).read),
      Array.from({ length: 10 }, (_, round) => `round ${round}`),
    )
  },
)

t.test('redpanda#3335: partitions come and go while they are written and read, and nothing falls over', async (t) => {
  const { world, client } = await ready(t)
  const [writer, reader] = [await world.connect(), await world.connect()]
  for (let round = 0; round < 10; round++) {
    await client.createTopic('passing', 3)
    const name = 'passing'
    const asked = [0, 1, 2].map((index) => {
      const topicData = [{ name, partitionData: [{ index, records: batchOf(['x']) }] }]
      return writer.send('Produce', 9, { acks: -1, timeoutMs: 1000, topicData })
    })
    const partitions = [0, 1, 2].map((partition) => ({
      partition,
      fetchOffset: 5n * BigInt(round % 2),
      partitionMaxBytes: 1000,
    }))
    const waiting = reader.send('Fetch', 11, {
      ...{ maxWaitMs: 5000, minBytes: 1000, maxBytes: 1000, isolationLevel: 0, rackId: '' },
      ...{ sessionId: 0, sessionEpoch: -1, topics: [{ topic: name, partitions }], forgottenTopicsData: [] },
    })
    await client.request('DeleteTopics', 6, { topics: [{ name, topicId: ZERO_UUID }], timeoutMs: 10_000 })
    for (const answer of await world.simulation.complete(Promise.all(asked))) t.ok(answer)
    t.ok(await world.simulation.complete(waiting))
  }
  t.equal((await client.produce(TOPIC, batchOf(['still there']))).errorCode, ErrorCode.NONE)
})

t.test('redpanda#3003: an offset that was read, or answered, names the same record for ever', async (t) => {
  const { world, client } = await ready(t)
  const known = new Map<number, string>()
  let current = client
  for (let round = 0; round < 8; round++) {
    const sent = [0, 1, 2, 3].map((part) => `round ${round}, ${part}`)
    const under = sent.map((value) => ({ value, answer: current.send('Produce', 9, body(value)) }))
    if (round % 2 === 0) await world.simulation.run(round / 2)
    for (const { offset, value } of (await current.fetch(TOPIC, 0)).read) {
      const text = Buffer.from(value!).toString()
      t.equal(known.get(Number(offset)) ?? text, text)
      known.set(Number(offset), text)
    }
    current = await crash(world)
    for (const { value, answer } of under) {
      const partition = (await world.simulation.complete(answer))?.responses[0]?.partitionResponses[0]
      if (partition?.errorCode === ErrorCode.NONE) known.set(Number(partition.baseOffset), value)
    }
  }
  const read = texted((await current.fetch(TOPIC, 0)).read)
  t.ok(known.size > 0)
  for (const [offset, value] of known) t.equal(read[offset], value)
})

const body = (value: string) => ({
  ...{ transactionalId: null, acks: -1, timeoutMs: 10_000 },
  topicData: [{ name: TOPIC, partitionData: [{ index: 0, records: batchOf([value]) }] }],
})

t.test(
  'redpanda#3036, trap 15: the last stable offset is that of the first record that is open, not one more',
  async (t) => {
    const { world, client } = await ready(t)
    const [one, two] = [await init(world, client, 'one'), await init(world, client, 'two')]
    const read = async (offset = 0) => {
      const answer = await client.fetch(TOPIC, offset, { isolationLevel: 1 })
      const aborted = answer.abortedTransactions?.map(({ producerId, firstOffset }) => [producerId, firstOffset])
      const { errorCode, highWatermark, lastStableOffset } = answer
      return { errorCode, highWatermark, lastStableOffset, aborted, values: texts(texted(answer.read)) }
    }
    await client.produce(TOPIC, batchOf(['plain']))
    t.match(await read(), { lastStableOffset: 1n, highWatermark: 1n, values: ['plain'] })
    await produce(client, 12, one, 0, 'of one')
    await produce(client, 12, two, 0, 'aborted of two')
    await client.produce(TOPIC, batchOf(['plain again']))
    t.match(await read(), { lastStableOffset: 1n, highWatermark: 4n, values: ['plain'] })
    t.same((await read(1)).values, [], 'at the last stable offset there is nothing yet')
    await end(client, 5, one, true)
    await complete(world, client, 'one')
    t.match(await read(), { lastStableOffset: 2n, values: ['plain', 'of one'] })
    t.same((await read(2)).values, [])
    const again = await end(client, 5, two, false)
    await complete(world, client, 'two')
    await produce(client, 12, again, 0, 'aborted once more')
    await end(client, 5, again, false)
    await complete(world, client, 'two')
    const whole = await read()
    t.same(
      whole.aborted,
      [
        [two.producerId, 2n],
        [two.producerId, 6n],
      ],
      'in the order of their first offsets',
    )
    t.equal(whole.lastStableOffset, whole.highWatermark)
    t.same((await read(6)).aborted, [[two.producerId, 6n]], 'those of what is read')
    t.match(await read(99), { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE, highWatermark: -1n, lastStableOffset: -1n })
  },
)

t.test(
  'redpanda#3039: a batch that is sent again is there once: at once, after kill -9, after a loss of power',
  async (t) => {
    const { world, client } = await ready(t)
    const producerId = await idempotent(client)
    const batch = (baseSequence: number) =>
      batchOf([`letter ${baseSequence}`], { producerId, producerEpoch: 0, baseSequence })
    const first = client.send('Produce', 9, {
      ...body(''),
      topicData: [{ name: TOPIC, partitionData: [{ index: 0, records: batch(0) }] }],
    })
    t.match(
      await client.produce(TOPIC, batch(0)),
      { errorCode: 0, baseOffset: 0n },
      'while the first one waits for the disk',
    )
    t.match((await world.simulation.complete(first))?.responses[0]?.partitionResponses[0], {
      errorCode: 0,
      baseOffset: 0n,
    })
    let current = client
    for (const end of ['kill', 'crash', 'kill', 'crash'] as const) {
      const sequence = Number((await current.fetch(TOPIC, 0)).highWatermark)
      const lost = current.send('Produce', 9, {
        ...body(''),
        topicData: [{ name: TOPIC, partitionData: [{ index: 0, records: batch(sequence) }] }],
      })
      await world.simulation.run(sequence % 3)
      world.node[end]()
      await world.restart()
      await world.simulation.complete(lost)
      current = await world.connect()
      t.match(await current.produce(TOPIC, batch(sequence)), { errorCode: 0, baseOffset: BigInt(sequence) })
    }
    t.same(
      texted((await current.fetch(TOPIC, 0)).read),
      [0, 1, 2, 3, 4].map((sequence) => `letter ${sequence}`),
    )
  },
)

t.test(
  'KAFKA-13574: a write of which nobody knows is no definite failure, and is there once when it is repeated',
  async (t) => {
    const { world, client } = await ready(t)
    const producerId = await idempotent(client)
    const batch = () => batchOf(['perhaps'], { producerId, producerEpoch: 0, baseSequence: 0 })
    world.node.disk.fault = (operation, path) => (operation === 'sync' && path.includes(`${TOPIC}-0`) ? 'failed' : null)
    const unknown = await client.produce(TOPIC, batch())
    t.ok(RETRIABLE.has(unknown.errorCode), `error ${unknown.errorCode}`)
    world.node.disk.fault = null
    const again = await crash(world)
    t.match(await again.produce(TOPIC, batch()), { errorCode: ErrorCode.NONE, baseOffset: 0n })
    t.same(texted((await again.fetch(TOPIC, 0)).read), ['perhaps'])
  },
)

/** What makes a Java producer send again. */
const RETRIABLE: ReadonlySet<number> = new Set([
  ErrorCode.REQUEST_TIMED_OUT,
  ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
  ErrorCode.KAFKA_STORAGE_ERROR,
])

t.test('redpanda#6018: no record of a transaction whose end was answered is lost', async (t) => {
  const { world, client } = await ready(t)
  let now: Identity = await init(world, client, 'now')
  let current = client
  const sent: string[] = []
  for (let round = 0; round < 6; round++) {
    sent.push(`letter ${round}`)
    t.equal(await produce(current, 12, now, 0, `letter ${round}`), ErrorCode.NONE)
    const ended = await end(current, 5, now, true)
    t.equal(ended.errorCode, ErrorCode.NONE)
    now = ended
    current = await crash(world)
    await complete(world, current, 'now')
  }
  t.same(texts(await committed(current)), sent)
})

t.test('redpanda#10669: output and offsets of a transaction are there together, or not at all', async (t) => {
  for (const when of ['before the end', 'at the end', 'after the end']) {
    const { world, client } = await ready(t)
    const now = await init(world, client, 'now', 1000)
    await produce(client, 12, now, 0, 'aborted or not')
    await produce(client, 12, now, 0, 'aborted or not', 1)
    await commitOffset(client, 5, now, 7n)
    if (when === 'at the end') void client.send('EndTxn', 5, { ...now, committed: true })
    if (when === 'at the end') await world.simulation.run(1)
    if (when === 'after the end') await end(client, 5, now, true)
    const again = await crash(world)
    await until(world, async () => (await stateOf(again, 'now')).startsWith('Complete'))
    await until(world, async () => (await fetchOffset(again, true)).errorCode === ErrorCode.NONE)
    const isCommitted = (await fetchOffset(again, true)).committedOffset === 7n
    for (const index of [0, 1]) t.equal(texts(await committed(again, index)).length, isCommitted ? 1 : 0, when)
    if (when !== 'at the end') t.equal(isCommitted, when === 'after the end')
  }
})

t.test('Jepsen, Bufstream: no consumer is stuck behind a producer that is gone', async (t) => {
  const { world, client } = await ready(t)
  const gone = await init(world, client, 'gone', 1000)
  await produce(client, 12, gone, 0, 'aborted')
  await client.produce(TOPIC, batchOf(['behind']))
  const again = await crash(world)
  await until(world, async () => texts(await committed(again)).length > 0)
  t.same(texts(await committed(again)), ['behind'])
})

t.test('Jepsen, Bufstream: no producer is stuck behind one that is gone, nor behind its own retries', async (t) => {
  const { world, client } = await ready(t)
  const gone = await init(world, client, 'now')
  await produce(client, 12, gone, 0, 'aborted')
  const next = await init(world, client, 'now')
  t.equal(next.producerId, gone.producerId)
  t.equal(await produce(client, 12, gone, 1, 'aborted'), ErrorCode.INVALID_PRODUCER_EPOCH)
  t.equal(await produce(client, 12, next, 0, 'goes on'), ErrorCode.NONE)
  t.equal((await end(client, 5, next, true)).errorCode, ErrorCode.NONE)
  await complete(world, client, 'now')
  t.same(texts(await committed(client)), ['goes on'])
})

t.test('Jepsen, Bufstream: where there is no offset none is told, least of all 0', async (t) => {
  const { world, client } = await ready(t)
  t.equal((await client.produce('missing', batchOf(['x']))).baseOffset, -1n)
  t.equal((await client.produce(TOPIC, new Uint8Array(70))).baseOffset, -1n)
  const fetched = await client.fetch(TOPIC, 77)
  t.match(fetched, { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE, highWatermark: -1n, logStartOffset: -1n })
  t.match(await fetchOffset(client, false), { errorCode: 0, committedOffset: -1n })
  const partitions = [0, 9].map((partitionIndex) => ({ partitionIndex, currentLeaderEpoch: 7, timestamp: -1n }))
  const listed = await client.request('ListOffsets', 6, {
    ...{ replicaId: -1, isolationLevel: 0, topics: [{ name: TOPIC, partitions }] },
  })
  for (const { errorCode, offset } of listed.topics[0]!.partitions) {
    t.not(errorCode, ErrorCode.NONE)
    t.equal(offset, -1n)
  }
  const deleted = await client.request('DeleteRecords', 2, {
    topics: [{ name: TOPIC, partitions: [{ partitionIndex: 0, offset: 5n }] }],
    timeoutMs: 1000,
  })
  t.match(deleted.topics[0]!.partitions[0], { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE, lowWatermark: -1n })
  world.node.kill()
  const restarted = world.restart()
  await world.simulation.complete(restarted)
  const early = await world.connect()
  const offset = await early.request('OffsetFetch', 7, {
    ...{ groupId: GROUP, topics: [{ name: TOPIC, partitionIndexes: [0] }], requireStable: false },
  })
  const isAnswered = offset.errorCode === ErrorCode.NONE
  t.equal(isAnswered ? offset.topics[0]!.partitions[0]!.committedOffset : -1n, -1n)
})

t.test(
  'Jepsen: a clock that is set back an hour, and then ahead by two, shuts nobody out and loses nothing',
  async (t) => {
    const { world, client } = await ready(t)
    const producerId = await idempotent(client)
    const send = (sequence: number) =>
      client.produce(TOPIC, batchOf([`letter ${sequence}`], { producerId, producerEpoch: 0, baseSequence: sequence }))
    const member = { groupId: GROUP, memberId: 'a', instanceId: null, rackId: null, serverAssignor: null }
    const names = { subscribedTopicNames: [TOPIC], subscribedTopicRegex: null, topicPartitions: [] }
    const beat = (memberEpoch: number, rest: object) =>
      client.request('ConsumerGroupHeartbeat', 1, {
        ...{ ...member, ...names, rebalanceTimeoutMs: -1, ...rest },
        memberEpoch,
      })
    const silent = { subscribedTopicNames: null, topicPartitions: null }
    let { memberEpoch } = await beat(0, { rebalanceTimeoutMs: 60_000 })
    let now: Identity = await init(world, client, 'now')
    let sequence = 0
    const sent: string[] = []
    for (const stepMs of [0, -3_600_000, 7_200_000, -3_600_000]) {
      t.equal(await produce(client, 12, now, 0, `of ${stepMs}`, 1), ErrorCode.NONE)
      world.node.clockSkewMs += stepMs
      t.match(await send(sequence), { errorCode: 0, baseOffset: BigInt(sequence) })
      t.match(await send(sequence), { errorCode: 0, baseOffset: BigInt(sequence) }, 'and again')
      sequence++
      const ended = await end(client, 5, now, true)
      t.equal(ended.errorCode, ErrorCode.NONE)
      now = ended
      sent.push(`of ${stepMs}`)
      await world.simulation.run(6_000)
      const heard = await beat(memberEpoch, silent)
      t.equal(heard.errorCode, ErrorCode.NONE, 'its session has not ended')
      memberEpoch = heard.memberEpoch
      const image = await client.request('Metadata', 12, { topics: null })
      t.equal(image.brokers.length, 1, 'nor that of the broker')
    }
    const again = await crash(world)
    t.same(
      texted((await again.fetch(TOPIC, 0)).read),
      [0, 1, 2, 3].map((one) => `letter ${one}`),
    )
    t.same(texts(await committed(again, 1)), sent)
  },
)
