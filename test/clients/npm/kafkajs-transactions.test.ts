// kafkajs in transactions: a client of the old rules (AddPartitionsToTxn v1, EndTxn v1), which nobody changes any more.

import t from 'tap'
import { connect } from './kafkajs.ts'
import { startTarget, unique, until } from './target.ts'

const target = await startTarget()
const kafka = connect(target.bootstrap)
const admin = kafka.admin()
await admin.connect()
t.teardown(async () => {
  await admin.disconnect()
  await target.stop()
})

async function topicOf(prefix: string): Promise<string> {
  const topic = unique(prefix)
  await admin.createTopics({ topics: [{ topic, numPartitions: 2, replicationFactor: 1 }] })
  return topic
}

/** What a consumer of committed records has read by the time that `last` comes. */
async function readUntil(topic: string, last: string): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: unique('reader'), maxWaitTimeInMs: 100 })
  const values: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) })
  await until(`${last} of ${topic}`, () => values.includes(last)).finally(() => consumer.disconnect())
  return values.sort()
}

function producerOf(transactionalId: string) {
  return kafka.producer({ transactionalId, maxInFlightRequests: 1, idempotent: true })
}

t.test('what is aborted is never read, what is committed is', async (t) => {
  const topic = await topicOf('committed')
  const producer = producerOf(unique('tx'))
  await producer.connect()
  for (const round of [0, 1, 2, 3]) {
    const transaction = await producer.transaction()
    const messages = [0, 1, 2].map((index) => ({ value: `${round}-${index}`, partition: index % 2 }))
    await transaction.send({ topic, messages })
    await transaction.send({ topic, messages: [{ value: `${round}-more`, partition: 0 }] })
    if (round % 2 === 0) await transaction.commit()
    else await transaction.abort()
  }
  const last = await producer.transaction()
  await last.send({ topic, messages: [{ value: 'the last', partition: 0 }] })
  await last.commit()
  await producer.disconnect()
  const values = await readUntil(topic, 'the last')
  t.same(
    values.filter((value) => /^[13]/.test(value)),
    [],
    'nothing that is aborted',
  )
  // Of partition 0, whose last it is; the other may come later.
  for (const value of ['0-0', '0-2', '0-more', '2-0', '2-2', '2-more']) t.ok(values.includes(value), value)
})

t.test('offsets are committed with the records, or not at all', async (t) => {
  const topic = await topicOf('offsets')
  const groupId = unique('group')
  const producer = producerOf(unique('tx'))
  await producer.connect()
  const commit = async (offset: string, isCommitted: boolean) => {
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: [{ value: offset }] })
    const topics = [{ topic, partitions: [{ partition: 0, offset }] }]
    await transaction.sendOffsets({ consumerGroupId: groupId, topics })
    if (isCommitted) await transaction.commit()
    else await transaction.abort()
  }
  const offset = async () => {
    const [fetched] = await admin.fetchOffsets({ groupId, topics: [topic] })
    return fetched?.partitions.find(({ partition }) => partition === 0)?.offset
  }
  await commit('5', true)
  let seen: string | undefined
  await until('the offset of the first transaction', () => {
    void offset().then((value) => {
      seen = value
    })
    return seen === '5'
  })
  await commit('9', false)
  t.equal(await offset(), '5')
  await producer.disconnect()
})

t.test('a producer of the same id shuts out the one before it', async (t) => {
  const topic = await topicOf('fenced')
  const transactionalId = unique('tx')
  const [old, next] = [producerOf(transactionalId), producerOf(transactionalId)]
  await old.connect()
  const zombie = await old.transaction()
  await zombie.send({ topic, messages: [{ value: 'of the zombie' }] })
  await next.connect()
  const transaction = await next.transaction()
  await transaction.send({ topic, messages: [{ value: 'the last' }] })
  await t.rejects(zombie.commit())
  await transaction.commit()
  t.same(await readUntil(topic, 'the last'), ['the last'])
  await Promise.all([old.disconnect(), next.disconnect()])
})
