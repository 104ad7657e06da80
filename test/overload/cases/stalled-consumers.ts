// Consumers that ask for 50 MiB and stop reading in the middle of the answer. What they hold is bounded; others read
// and write on; in the end they are cut off (connections.max.idle.ms, as in Apache Kafka) or go, and what they held is
// free.

import { strict as assert } from 'node:assert'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeRequest } from '../../frames.ts'
import { MIB, withBroker } from '../broker-process.ts'
import { type Case, judge, PROPERTIES } from '../limits.ts'
import { LoadClient } from '../load-client.ts'
import { createTopic, fillTopic } from '../topic.ts'
import { fetchOf, readLog } from '../verify.ts'

const CONSUMERS = 200
const ANSWER_SIZE = 50 * MIB
const PARTITIONS = 4
const PARTITION_SIZE = 64 * MIB
/** The largest that a topic takes by default, nearly. */
const BATCH_SIZE = 1_000_000
const MAX_IDLE_MS = 15_000
/** maxIdle after the last byte, noticed by a sweep within half a minute. */
const CUT_WITHIN_MS = MAX_IDLE_MS + 45_000
const REQUESTS_AHEAD = 20
/** Of an answer, before the consumer stops. */
const READ_SIZE = 64 * 1024

export const stalledConsumers: Case = async ({ print }) => {
  const properties = { ...PROPERTIES, 'connections.max.idle.ms': `${MAX_IDLE_MS}` }
  await withBroker({ properties }, async (broker) => {
    await createTopic(broker.port, 'cold', PARTITIONS)
    const producers = await fillTopic(broker.port, 'cold', PARTITIONS, PARTITION_SIZE, BATCH_SIZE)
    const socketsBefore = broker.socketCount()
    const consumers = await stall(broker.port, 'cold', PARTITIONS, CONSUMERS)
    await sleep(2_000)
    print(`${CONSUMERS} consumers stalled: ${broker.memory('VmRSS')} MiB`)

    const startedAt = performance.now()
    const reader = await LoadClient.connect(broker.port)
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const records = producers[partition]!.acknowledgedCount * 16
      assert.equal(await readLog(reader, 'cold', partition), records, 'another consumer reads everything')
    }
    print(
      `another consumer has read ${PARTITIONS * 64} MiB in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`,
    )
    await fillTopic(broker.port, 'cold', 1, 8 * MIB, BATCH_SIZE)

    // Half of them go by themselves.
    for (const consumer of consumers.splice(0, CONSUMERS / 2)) consumer.destroy()
    const cutBy = performance.now() + CUT_WITHIN_MS
    while (broker.socketCount() > socketsBefore + 1 && performance.now() < cutBy) await sleep(500)
    const left = broker.socketCount() - socketsBefore - 1
    print(`stalled connections left after ${((performance.now() - startedAt) / 1000).toFixed(0)} s: ${left}`)
    assert.ok(left <= 0, `${left} stalled consumers are not cut off`)
    assert.ok((await wholeAnswer(broker.port)) > 0.9 * ANSWER_SIZE, 'the memory of answers is free again')
    for (const consumer of consumers) consumer.destroy()
    await judge(broker, { answers: true, connections: CONSUMERS }, print)
  })
}

/** Each asks for ANSWER_SIZE and stops early; every fourth has sent REQUESTS_AHEAD requests by then. */
export async function stall(port: number, topic: string, partitions: number, count: number): Promise<LoadClient[]> {
  const consumers: LoadClient[] = []
  for (let number = 0; number < count; number++) {
    const client = await LoadClient.connect(port, `stalled-${number}`)
    let readSize = 0
    client.socket.on('data', (bytes) => {
      readSize += bytes.length
      if (readSize >= READ_SIZE) client.socket.pause()
    })
    const request = encodeRequest('Fetch', 11, fetchOf(topic, number % partitions, 0, ANSWER_SIZE), 'overload')
    const requests = number % 4 === 3 ? REQUESTS_AHEAD : 1
    for (let count = 0; count < requests; count++) client.send(request, () => {})
    consumers.push(client)
  }
  return consumers
}

/** Bytes in the answer to who asks for ANSWER_SIZE. */
async function wholeAnswer(port: number): Promise<number> {
  const client = await LoadClient.connect(port)
  const answer = await client.request('Fetch', 11, fetchOf('cold', 0, 0, ANSWER_SIZE))
  client.destroy()
  return answer?.responses[0]?.partitions[0]?.records?.length ?? 0
}
