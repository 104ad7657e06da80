// Produce at its edges: requests that are refused as a whole, sequences that wrap, and what is stored of a batch whose
// header says more than a client may say.

import { computeCrc, viewOf } from '../../../protocol/records/batch.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { ATTRIBUTES, CODECS, CRC, MAX_TIMESTAMP, RECORDS } from '../../../protocol/records/layout.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'
import type { Scenario, Session } from '../session.ts'
import { batch, fetchBody, patched, TIME, Topic } from './data.ts'

const PRODUCER = 700_000n
const transactional = () => batch(1, { transactional: true, producerId: PRODUCER, producerEpoch: 0, baseSequence: 0 })

/** The batch with its checksum made right again. */
function sealed(bytes: Uint8Array): Uint8Array {
  const view = viewOf(bytes)
  view.setUint32(CRC, computeCrc(bytes, view, 0))
  return bytes
}

async function wholeRequests(s: Session): Promise<void> {
  const topic = await Topic.create(s, 'whole', 2)
  for (const version of [3, 8, 12, 13]) {
    const send = (
      label: string,
      rows: readonly (Uint8Array | null)[],
      acks = -1,
      transactionalId: string | null = null,
    ) =>
      s.ask(label, 'Produce', version, {
        ...{ acks, timeoutMs: 5000, transactionalId },
        topicData: [
          { name: topic.name, topicId: topic.id, partitionData: rows.map((records, index) => ({ index, records })) },
        ],
      })
    await send('magic 3 after a good batch', [batch(1), patched(batch(1), 16, 3)])
    await send('magic 3 before a good batch', [patched(batch(1), 16, 3), batch(1)])
    await send('a size of 3 after a good batch', [batch(1), patched(batch(1), 8, 0, 0, 0, 3)])
    await send('a transactional batch after a good one', [batch(1), transactional()])
    await send('a transactional batch before magic 3', [transactional(), patched(batch(1), 16, 3)])
    await send('a wrong checksum and a good batch', [patched(batch(1), 17, 1, 2, 3, 4), batch(1)])
    await send('no batch, and acks of -2', [new Uint8Array(0)], -2)
    await send('no batch, in an unknown partition', [batch(1), batch(1), new Uint8Array(0)])
    await send('a batch and 17 bytes that are none', [Buffer.concat([batch(1), Buffer.alloc(17, 9)])])
    await send('a batch and a zero', [Buffer.concat([batch(1), Buffer.alloc(1)])])
    await send('a batch of a small size', [sealed(patched(batch(1), 8, 0, 0, 0, 20).subarray(0, 32))])
    await send('a base offset and a wrong checksum', [patched(batch(1, { baseOffset: 5 }), 17, 1, 2, 3, 4)])
    await send('a wrong checksum and too large', [patched(batch(1, { value: 'x'.repeat(1_100_000) }), 17, 1, 2)])
    await send('a control batch without a producer', [batch(1, { control: true })])
    await send('an unknown codec', [sealed(patched(batch(1), ATTRIBUTES + 1, 5))])
  }
}

async function refusedTopics(s: Session): Promise<void> {
  await s.coordinator('a-group')
  const few = await Topic.create(s, 'few-replicas', 1, { 'min.insync.replicas': '2' })
  const ahead = await Topic.create(s, 'ahead', 1, { 'message.timestamp.after.max.ms': '1000' })
  const small = await Topic.create(s, 'small-segments', 1, {
    'segment.bytes': '1048576',
    'max.message.bytes': '3000000',
  })
  for (const version of [3, 7, 8, 12]) {
    const internal = new Topic(s, '__consumer_offsets', ZERO_UUID)
    await internal.produce('to an internal topic', version, batch(1))
    await few.produce('acks=all with too few replicas', version, batch(1))
    await few.produce('acks=1 with too few replicas', version, batch(1), { acks: 1 })
    await ahead.produce('a time ahead of the topic', version, batch(1, { timestamp: Date.now() + 1_000_000 }))
    await small.produce('larger than a segment', version, batch(1, { value: 'x'.repeat(1_500_000) }))
  }
}

async function sequences(s: Session): Promise<void> {
  const topic = await Topic.create(s, 'sequences')
  const last = 0x7fffffff
  let producerId = PRODUCER
  const send = (label: string, baseSequence: number, producerEpoch = 0, count = 2) =>
    topic.produce(label, 9, batch(count, { producerId, producerEpoch, baseSequence }))
  await send('two before the largest', last - 3)
  await send('over the border', last - 1, 0, 4)
  await send('over the border again', last - 1, 0, 4)
  await send('after the border', 2)
  await send('the first again', last - 3)
  await send('a larger batch at the border', last - 1, 0, 5)
  producerId += 1n
  await send('the largest', last, 0, 1)
  await send('zero after the largest', 0)
  await send('zero again', 0)
  await send('the largest again', last, 0, 1)
  producerId += 1n
  await send('epoch -2 of an unknown producer', 0, -2)
  await send('epoch -1 of an unknown producer', 0, -1)
  await send('epoch -1 goes on', 2, -1)
  await send('epoch 0 after -1', 0, 0, 3)
  await send('epoch -1 after 0', 3, -1)
  producerId += 1n
  await send('the largest epoch', 0, 32_767)
  await send('an epoch before it', 0, 32_766)
  await s.ask('what is stored', 'Fetch', 12, fetchBody(topic))
  await s.ask('all of them', 'DescribeProducers', 0, { topics: [{ name: topic.name, partitionIndexes: [0] }] })
  const stamped = await Topic.create(s, 'sequences-time', 1, { 'message.timestamp.type': 'LogAppendTime' })
  for (const label of ['first', 'again'])
    await stamped.produce(
      `${label}, with the broker's time`,
      9,
      batch(2, { producerId, producerEpoch: 0, baseSequence: 0 }),
    )
}

async function stored(s: Session): Promise<void> {
  for (const type of ['CreateTime', 'LogAppendTime']) {
    const topic = await Topic.create(s, `stored-${type}`, 1, { 'message.timestamp.type': type })
    const put = (label: string, records: Uint8Array) => topic.produce(`${label} under ${type}`, 9, records)
    await put('plain', batch(2))
    await put('the type LogAppendTime', batch(2, { logAppendTime: TIME + 7 }))
    await put('the type LogAppendTime, compressed', batch(2, { logAppendTime: TIME + 7, compression: 'gzip' }))
    await put('compressed', batch(3, { compression: 'lz4' }))
    await put('a leader epoch', batch(2, { leaderEpoch: 9 }))
    await put('a piece after it', Buffer.concat([batch(2), Buffer.alloc(10, 1)]))
    await put('a delete horizon', sealed(patched(batch(2), ATTRIBUTES + 1, 0x40)))
    await put('unknown attributes', sealed(patched(batch(2), ATTRIBUTES, 0x7f)))
    await put('no time', buildBatch({ records: [{ key: null, value: Buffer.from('x') }] }))
    await s.ask(`what is stored under ${type}`, 'Fetch', 12, fetchBody(topic))
  }
  const claims = {
    'records that are none': batch(2).fill(0xff, RECORDS),
    'a largest time that no record has': batch(2),
  }
  viewOf(claims['a largest time that no record has']).setBigInt64(MAX_TIMESTAMP, BigInt(TIME + 9))
  let count = 0
  for (const [label, records] of Object.entries(claims)) {
    const topic = await Topic.create(s, `stored-claim-${++count}`)
    await topic.produce(label, 9, sealed(records))
    await s.ask(`stored: ${label}`, 'Fetch', 12, fetchBody(topic))
  }
}

async function keyless(s: Session): Promise<void> {
  const topic = await Topic.create(s, 'keyless', 1, { 'cleanup.policy': 'compact,delete' })
  for (const compression of CODECS) {
    const records = [null, 'a', null, 'b', ''].map((key) => ({
      key: key === null ? null : Buffer.from(key),
      value: Buffer.from('value'),
    }))
    await topic.produce(`two without a key: ${compression}`, 9, buildBatch({ timestamp: TIME, compression, records }))
    const keyed = records.filter(({ key }) => key !== null)
    await topic.produce(`keys: ${compression}`, 9, buildBatch({ timestamp: TIME, compression, records: keyed }))
  }
  const strict = await Topic.create(s, 'strict-time', 1, {
    'message.timestamp.before.max.ms': '1000',
    'message.timestamp.after.max.ms': '1000',
  })
  const now = Date.now()
  const times = [now, TIME, now + 3_600_000, -1]
  for (const compression of CODECS) {
    const records = times.map((timestamp) => ({ key: null, value: Buffer.from('v'), timestamp }))
    await strict.produce(`some out of time: ${compression}`, 9, buildBatch({ timestamp: now, compression, records }))
  }
}

export const producingScenarios: Readonly<Record<string, Scenario>> = {
  wholeRequests,
  refusedTopics,
  sequences,
  stored,
  keyless,
}
