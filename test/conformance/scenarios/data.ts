// The data plane: produce, fetch, offsets, deletion of records. Every record's time is fixed and long past, so that
// batches can be compared byte by byte.

import { apis, type RequestInputOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { type BatchOptions, buildBatch } from '../../../protocol/records/builder.ts'
import { CODECS } from '../../../protocol/records/layout.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'
import { type Scenario, type Session, versionsOf } from '../session.ts'

export const TIME = 1_600_000_000_000
const UNKNOWN_ID = 'unknown-unknown-unknow'
const encoder = new TextEncoder()

export function batch(count: number, options: BatchOptions & { key?: null; value?: string } = {}): Uint8Array {
  const { key, value = 'value', ...rest } = options
  const records = Array.from({ length: count }, (_, i) => ({
    key: key === null ? null : encoder.encode(`key-${i}`),
    value: encoder.encode(`${value} ${i}`),
    timestamp: (options.timestamp ?? TIME) + i,
  }))
  return buildBatch({ timestamp: TIME, ...rest, records })
}

/** A copy with other bytes at a position. */
export function patched(bytes: Uint8Array, position: number, ...values: number[]): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy.set(values, position)
  return copy
}

type ProduceExtra = Partial<Omit<RequestInputOf<'Produce'>, 'topicData'>>

export class Topic {
  readonly name: string
  readonly id: string
  readonly #session: Session

  constructor(session: Session, name: string, id: string) {
    this.#session = session
    this.name = name
    this.id = id
  }

  static async create(
    session: Session,
    name: string,
    partitions = 1,
    configs: Readonly<Record<string, string>> = {},
  ): Promise<Topic> {
    return new Topic(session, name, await session.topic(name, partitions, configs))
  }

  produceBody(records: Uint8Array | null, extra: ProduceExtra = {}, index = 0): RequestInputOf<'Produce'> {
    const topicData = [{ name: this.name, topicId: this.id, partitionData: [{ index, records }] }]
    return { acks: -1, timeoutMs: 10_000, ...extra, topicData }
  }

  produce(label: string, version: number, records: Uint8Array | null, extra: ProduceExtra = {}, index = 0) {
    return this.#session.ask(label, 'Produce', version, this.produceBody(records, extra, index))
  }

  async fill(...batches: Uint8Array[]): Promise<void> {
    for (const records of batches) await this.#session.get('Produce', 9, this.produceBody(records))
  }
}

async function produce(s: Session): Promise<void> {
  for (const version of versionsOf('Produce')) {
    const topic = await Topic.create(s, `produce-v${version}`, 2)
    await topic.produce('one record', version, batch(1))
    await topic.produce('three records', version, batch(3))
    await topic.produce('acks 1', version, batch(2), { acks: 1 })
    await topic.produce('acks 2', version, batch(2), { acks: 2 })
    await topic.produce('acks -2', version, batch(2), { acks: -2 })
    await topic.produce('to an unknown partition', version, batch(1), {}, 5)
    await topic.produce('to a negative partition', version, batch(1), {}, -1)
    await new Topic(s, 'produce-absent', UNKNOWN_ID).produce('to an unknown topic', version, batch(1))
    await new Topic(s, 'not a name', ZERO_UUID).produce('to a wrong name', version, batch(1))
    for (const codec of CODECS)
      await topic.produce(`compressed: ${codec}`, version, batch(10, { compression: codec, value: 'a'.repeat(50) }))
    const nothing = { acks: -1, timeoutMs: 1000, topicData: [] }
    await s.ask('no topics', 'Produce', version, nothing)
    const two = topic
      .produceBody(batch(1))
      .topicData.flatMap((row) => [{ ...row, partitionData: [0, 1, 9].map((index) => ({ index, records: batch(2) })) }])
    await s.ask('three partitions, one unknown', 'Produce', version, { acks: -1, timeoutMs: 1000, topicData: two })
  }
}

async function badBatches(s: Session): Promise<void> {
  for (const version of [3, 7, 8, 9, 12, 13]) {
    const topic = await Topic.create(s, `bad-v${version}`)
    const bad = (label: string, records: Uint8Array | null) => topic.produce(label, version, records)
    const good = batch(2)
    await bad('no batch', new Uint8Array(0))
    await bad('two batches', Buffer.concat([good, good]))
    await bad('a batch and a piece', Buffer.concat([good, good.subarray(0, 30)]))
    await bad('a cut batch', good.subarray(0, good.length - 3))
    await bad('a piece of a header', good.subarray(0, 40))
    await bad('a wrong checksum', patched(good, 17, 1, 2, 3, 4))
    await bad('magic 1', patched(good, 16, 1))
    await bad('magic 0', patched(good, 16, 0))
    await bad('magic 3', patched(good, 16, 3))
    await bad('a base offset', batch(2, { baseOffset: 100 }))
    await bad('a leader epoch', batch(2, { leaderEpoch: 7 }))
    await bad('a control batch', batch(1, { control: true, producerId: 1n, producerEpoch: 0 }))
    await bad('a batch of LogAppendTime', batch(1, { logAppendTime: TIME }))
    await bad('a time far ahead', batch(1, { timestamp: 9_000_000_000_000 }))
    await bad('no time', buildBatch({ records: [{ key: null, value: encoder.encode('x') }] }))
    await bad('an empty batch', buildBatch({ timestamp: TIME, records: [] }))
    await bad('a last offset that skips', batch(2, { lastOffset: 9 }))
    await bad('a record of more than a megabyte', batch(1, { value: 'x'.repeat(1_100_000) }))
    await bad(
      'a transactional batch without its id',
      batch(1, { transactional: true, producerId: 1n, producerEpoch: 0, baseSequence: 0 }),
    )
  }
}

/** Nothing comes back; what is wrong shows in the connection being closed before the next request is answered. */
async function acksZero(s: Session): Promise<void> {
  for (const version of versionsOf('Produce')) {
    const topic = await Topic.create(s, `acks-zero-v${version}`)
    const absent = new Topic(s, 'acks-zero-absent', UNKNOWN_ID)
    const cases = {
      'a good batch': topic.produceBody(batch(1)),
      'an unknown topic': absent.produceBody(batch(1)),
      'a wrong checksum': topic.produceBody(patched(batch(1), 17, 1, 2, 3, 4)),
    }
    for (const [label, body] of Object.entries(cases)) {
      const peer = s.connection()
      await peer.send(
        peer.encode(apis.Produce, version, apis.Produce.request.encodeBytes({ ...body, acks: 0 }, version)),
      )
      await s.ask(
        `after ${label} to v${version}`,
        'DescribeCluster',
        0,
        { includeClusterAuthorizedOperations: false },
        peer,
      )
    }
  }
}

async function policies(s: Session): Promise<void> {
  const compacted = await Topic.create(s, 'policy-compact', 1, { 'cleanup.policy': 'compact' })
  const appendTime = await Topic.create(s, 'policy-time', 1, { 'message.timestamp.type': 'LogAppendTime' })
  const small = await Topic.create(s, 'policy-small', 1, { 'max.message.bytes': '200' })
  const early = await Topic.create(s, 'policy-before', 1, { 'message.timestamp.before.max.ms': '1000' })
  const gzip = await Topic.create(s, 'policy-gzip', 1, { 'compression.type': 'gzip' })
  for (const version of versionsOf('Produce', 7)) {
    await compacted.produce('no key on a compacted topic', version, batch(2, { key: null }))
    await compacted.produce('keys on a compacted topic', version, batch(2))
    await appendTime.produce("the broker's time", version, batch(2))
    await small.produce('too large for the topic', version, batch(10))
    await early.produce('too old for the topic', version, batch(2))
    await gzip.produce("another codec than the topic's", version, batch(2))
  }
}

/** Kafka's first answer may be to try again, while it fetches a block of ids. */
async function newProducer(s: Session): Promise<bigint> {
  for (let tries = 0; tries < 100; tries++) {
    const body = { transactionalId: null, transactionTimeoutMs: 60_000 }
    const { errorCode, producerId } = await s.get('InitProducerId', 4, body)
    if (errorCode === ErrorCode.NONE) return producerId
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('no producer id')
}

async function idempotence(s: Session): Promise<void> {
  const topic = await Topic.create(s, 'idempotence')
  const producerId = await newProducer(s)
  const send = (label: string, baseSequence: number, producerEpoch = 0, count = 2) =>
    topic.produce(label, 9, batch(count, { producerId, producerEpoch, baseSequence }))
  await send('sequence 0', 0)
  await send('sequence 2', 2)
  await send('sequence 2 again', 2)
  await send('sequence 0 again', 0)
  await send('a gap', 9)
  await send('another size at a known sequence', 2, 0, 3)
  for (const sequence of [4, 6, 8, 10, 12]) await send(`sequence ${sequence}`, sequence)
  await send('the fifth from the end again', 4)
  await send('the sixth from the end again', 2)
  await send('a new epoch at another sequence', 5, 1)
  await send('a new epoch', 0, 1)
  await send('the old epoch', 14, 0)
  await send('a negative sequence', -5, 1)
  await send('a negative epoch', 2, -2)
  await topic.produce(
    'an unknown producer in the middle',
    9,
    batch(1, { producerId: 800_000n, producerEpoch: 0, baseSequence: 7 }),
  )
  await topic.produce(
    'an unknown producer at a later epoch',
    9,
    batch(1, { producerId: 800_001n, producerEpoch: 3, baseSequence: 0 }),
  )
  const names = [{ name: topic.name, partitionIndexes: [0] }]
  await s.ask('after it', 'DescribeProducers', 0, { topics: names })
  const wrap = await newProducer(s)
  const last = 0x7fffffff
  for (const [label, baseSequence, count] of [
    ['start', 0, 1],
    ['a jump to the end', last - 1, 2],
  ] as const)
    await topic.produce(`wrap: ${label}`, 9, batch(count, { producerId: wrap, producerEpoch: 0, baseSequence }))
}

type FetchExtra = Partial<Omit<RequestInputOf<'Fetch'>, 'topics'>>
type FetchRow = Partial<RequestInputOf<'Fetch'>['topics'][number]['partitions'][number]>

export function fetchBody(topic: Topic, row: FetchRow = {}, extra: FetchExtra = {}): RequestInputOf<'Fetch'> {
  const partition = { partition: 0, fetchOffset: 0n, partitionMaxBytes: 1 << 20, ...row }
  return {
    ...{ maxWaitMs: 0, minBytes: 0, isolationLevel: 0, forgottenTopicsData: [], ...extra },
    topics: [{ topic: topic.name, topicId: topic.id, partitions: [partition] }],
  }
}

async function fetch(s: Session): Promise<void> {
  const topic = await Topic.create(s, 'fetch', 2)
  await topic.fill(batch(3), batch(2, { value: 'second' }), batch(5, { value: 'third', compression: 'gzip' }))
  const absent = new Topic(s, 'fetch-absent', UNKNOWN_ID)
  for (const version of versionsOf('Fetch')) {
    const ask = (label: string, row: FetchRow = {}, extra: FetchExtra = {}, of = topic) =>
      s.ask(label, 'Fetch', version, fetchBody(of, row, extra))
    await ask('from the start')
    await ask('from inside a batch', { fetchOffset: 4n })
    await ask('from the end', { fetchOffset: 10n })
    await ask('from beyond the end', { fetchOffset: 11n })
    await ask('from before the start', { fetchOffset: -1n })
    await ask('an empty partition', { partition: 1 })
    await ask('an unknown partition', { partition: 9 })
    await ask('an unknown topic', {}, {}, absent)
    await ask('one byte of the partition at most', { partitionMaxBytes: 1 })
    await ask('one byte at most', {}, { maxBytes: 1 })
    await ask('two batches at most', { partitionMaxBytes: 300 })
    await ask('no bytes at most', { partitionMaxBytes: 0 })
    await ask('committed only', {}, { isolationLevel: 1 })
    await ask('an unknown isolation level', {}, { isolationLevel: 7 })
    await s.ask('no topics', 'Fetch', version, { maxWaitMs: 0, minBytes: 0, isolationLevel: 0, topics: [] })
    await ask('a short wait for more than there is', { fetchOffset: 10n }, { maxWaitMs: 50, minBytes: 1 })
    if (version >= 9) {
      await ask("of the leader's epoch", { currentLeaderEpoch: 0 })
      await ask('of a later epoch', { currentLeaderEpoch: 5 })
    }
    if (version < 12) continue
    await ask("last fetched at the leader's epoch", { fetchOffset: 5n, lastFetchedEpoch: 0 })
    await ask('last fetched at a later epoch', { fetchOffset: 5n, lastFetchedEpoch: 4 })
    await ask('another cluster', {}, { clusterId: 'another' })
    if (version >= 13) await ask('the zero id', {}, {}, new Topic(s, topic.name, ZERO_UUID))
  }
}

async function fetchSessions(s: Session): Promise<void> {
  for (const version of versionsOf('Fetch', 7)) {
    const topic = await Topic.create(s, `session-v${version}`, 2)
    await topic.fill(batch(1))
    const row = (partition: number, fetchOffset: bigint) => ({ partition, fetchOffset, partitionMaxBytes: 1 << 20 })
    const ask = (
      label: string,
      sessionId: number,
      sessionEpoch: number,
      rows: ReturnType<typeof row>[],
      forgotten: number[] = [],
    ) =>
      s.ask(label, 'Fetch', version, {
        ...{ maxWaitMs: 0, minBytes: 0, isolationLevel: 0, sessionId, sessionEpoch },
        topics: rows.length === 0 ? [] : [{ topic: topic.name, topicId: topic.id, partitions: rows }],
        forgottenTopicsData:
          forgotten.length === 0 ? [] : [{ topic: topic.name, topicId: topic.id, partitions: forgotten }],
      })
    const opened = await ask('opened', 0, 0, [row(0, 0n), row(1, 0n)])
    const id = opened?.sessionId ?? 0
    await ask('nothing new but a position', id, 1, [row(0, 1n)])
    await ask('nothing at all', id, 2, [])
    await topic.fill(batch(2))
    await ask('two more records', id, 3, [])
    await ask('a partition forgotten', id, 4, [], [0])
    await ask('an epoch skipped', id, 9, [])
    await ask('an epoch before', id, 3, [])
    await ask('an unknown session', 12_345, 1, [])
    await ask('a partition that is not there', id, 5, [row(7, 0n)])
    await ask('closed', id, -1, [])
    await ask('closed, but asked', id, 6, [])
    await ask('a session of nothing', 0, 0, [])
  }
}

async function listOffsets(s: Session): Promise<void> {
  const topic = await Topic.create(s, 'offsets', 2)
  await topic.fill(
    batch(5),
    batch(5, { timestamp: TIME + 1000, compression: 'lz4' }),
    batch(1, { timestamp: TIME + 500 }),
  )
  const times: Readonly<Record<string, number>> = {
    latest: -1,
    earliest: -2,
    'of the largest timestamp': -3,
    'earliest local': -4,
    'latest tiered': -5,
    'earliest pending upload': -6,
    'of no known kind': -9,
    'of the first': TIME,
    'in the first batch': TIME + 2,
    'between two batches': TIME + 300,
    'in the second batch': TIME + 1003,
    'after the last': TIME + 9999,
    'at time zero': 0,
  }
  for (const version of versionsOf('ListOffsets')) {
    type Row = RequestInputOf<'ListOffsets'>['topics'][number]['partitions'][number]
    const ask = (label: string, rows: Row[], extra: Partial<RequestInputOf<'ListOffsets'>> = {}, name = topic.name) =>
      s.ask(label, 'ListOffsets', version, {
        replicaId: -1,
        isolationLevel: 0,
        ...extra,
        topics: [{ name, partitions: rows }],
      })
    for (const [label, time] of Object.entries(times))
      await ask(label, [{ partitionIndex: 0, timestamp: BigInt(time) }])
    for (const [label, time] of Object.entries(times))
      await ask(`${label}, where nothing is`, [{ partitionIndex: 1, timestamp: BigInt(time) }])
    const latest = { partitionIndex: 0, timestamp: -1n }
    await ask('an unknown partition', [{ partitionIndex: 9, timestamp: -1n }])
    await ask('an unknown topic', [latest], {}, 'offsets-absent')
    await ask('a partition twice', [latest, latest])
    await ask('committed only', [latest], { isolationLevel: 1 })
    await ask('of a debugging replica', [latest], { replicaId: -2 })
    await ask('of an unknown replica', [latest], { replicaId: 5 })
    if (version < 4) continue
    await ask("of the leader's epoch", [{ ...latest, currentLeaderEpoch: 0 }])
    await ask('of a later epoch', [{ ...latest, currentLeaderEpoch: 3 }])
  }
}

async function leaderEpochs(s: Session): Promise<void> {
  const topic = await Topic.create(s, 'epochs', 2)
  await topic.fill(batch(4))
  for (const version of versionsOf('OffsetForLeaderEpoch')) {
    const ask = (label: string, leaderEpoch: number, currentLeaderEpoch = -1, partition = 0, name = topic.name) =>
      s.ask(label, 'OffsetForLeaderEpoch', version, {
        replicaId: -1,
        topics: [{ topic: name, partitions: [{ partition, currentLeaderEpoch, leaderEpoch }] }],
      })
    await ask('the only one', 0)
    await ask('a later one', 5)
    await ask('a negative one', -1)
    await ask("with the leader's", 0, 0)
    await ask("with one later than the leader's", 0, 8)
    await ask('where nothing is', 0, -1, 1)
    await ask('an unknown partition', 0, -1, 9)
    await ask('an unknown topic', 0, -1, 0, 'epochs-absent')
  }
}

async function deleteRecords(s: Session): Promise<void> {
  const compacted = await Topic.create(s, 'trim-compact', 1, { 'cleanup.policy': 'compact' })
  for (const version of versionsOf('DeleteRecords')) {
    const topic = await Topic.create(s, `trim-v${version}`)
    await topic.fill(batch(4), batch(4))
    const trim = (label: string, offset: bigint, partitionIndex = 0, name = topic.name) =>
      s.ask(label, 'DeleteRecords', version, {
        topics: [{ name, partitions: [{ partitionIndex, offset }] }],
        timeoutMs: 5000,
      })
    await trim('to inside a batch', 2n)
    await trim('to less than before', 1n)
    await trim('beyond the end', 9n)
    await trim('to -2', -2n)
    await trim('an unknown partition', 1n, 4)
    await trim('an unknown topic', 1n, 0, 'trim-absent')
    await trim('a compacted topic', 0n, 0, compacted.name)
    await s.ask(`${topic.name} from its start`, 'Fetch', 12, fetchBody(topic, { fetchOffset: 2n }))
    await s.ask(`${topic.name} from before its start`, 'Fetch', 12, fetchBody(topic, { fetchOffset: 0n }))
    await trim('to the end', -1n)
    const earliest = [{ partitionIndex: 0, timestamp: -2n }]
    await s.ask(`${topic.name}: earliest`, 'ListOffsets', 7, {
      replicaId: -1,
      topics: [{ name: topic.name, partitions: earliest }],
    })
  }
}

export const dataScenarios: Readonly<Record<string, Scenario>> = {
  produce,
  badBatches,
  acksZero,
  policies,
  idempotence,
  fetch,
  fetchSessions,
  listOffsets,
  leaderEpochs,
  deleteRecords,
}
