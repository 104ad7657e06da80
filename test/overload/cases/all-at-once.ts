// A slow disk, stalled consumers, announced frames and a flood of connections at the same time, each smaller.

import { strict as assert } from 'node:assert'
import { setTimeout as sleep } from 'node:timers/promises'
import { MIB, withBroker } from '../broker-process.ts'
import { type Case, judge, PROPERTIES } from '../limits.ts'
import { goOn } from '../producer.ts'
import { createTopic } from '../topic.ts'
import { verifyProduced } from '../verify.ts'
import { announce } from './announced-frames.ts'
import { flood } from './reconnects.ts'
import { startProducers, tellProduced } from './slow-disk.ts'
import { stall } from './stalled-consumers.ts'

const DISK_RATE = 20 * MIB
const PARTITIONS = 4
const PRODUCERS = 8
const CONSUMERS = 50
const FRAMES = 200
const VISITORS = 2_000
/** Before consumers come, so that there is something to hold. */
const HEAD_START_SECONDS = 10
const MAX_SECONDS = 60

export const allAtOnce: Case = async ({ minutes, print }) => {
  const seconds = Math.min(MAX_SECONDS, minutes * 60)
  const properties = { ...PROPERTIES, 'connections.max.idle.ms': '20000' }
  await withBroker({ properties, diskRate: DISK_RATE }, async (broker) => {
    await createTopic(broker.port, 'load', PARTITIONS)
    const rate = (3 * DISK_RATE) / PRODUCERS
    const producers = await startProducers(broker.port, 'load', PARTITIONS, PRODUCERS, rate)
    await goOn(producers, HEAD_START_SECONDS)
    const consumers = await stall(broker.port, 'load', PARTITIONS, CONSUMERS)
    const frames = await announce(broker.port, FRAMES)
    const [visits] = await Promise.all([flood(broker.port, VISITORS, seconds), goOn(producers, seconds)])
    print(`${visits.answered} visits, ${visits.failures.length} failed`)
    await Promise.all(producers.map((producer) => producer.finish(120_000)))
    for (const client of [...consumers, ...frames]) client.destroy()
    tellProduced(producers, seconds + HEAD_START_SECONDS, print)
    await sleep(1_000)
    await judge(broker, { answers: true, connections: VISITORS + FRAMES + CONSUMERS }, print)
    await broker.kill()
    await broker.start()
    print(`${await verifyProduced(broker.port, producers)} batches are there`)
    assert.deepEqual(visits.failures, [], 'every visitor is answered')
  })
}
