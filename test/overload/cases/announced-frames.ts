// A thousand connections that announce a frame of 100 MiB and send nothing, 1 KiB or 1 MiB of it. They cost what they
// sent, within the memory of requests; they are cut off; whoever sends whole frames goes on.

import { strict as assert } from 'node:assert'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { MIB, withBroker } from '../broker-process.ts'
import { type Case, judge, PROPERTIES } from '../limits.ts'
import { LoadProducer } from '../producer.ts'
import { createTopic } from '../topic.ts'
import { verifyProduced } from '../verify.ts'

const CONNECTIONS = 1_000
const ANNOUNCED = 100 * MIB
const SENT = [0, 1024, MIB]
/** Of these APIs: records are kept elsewhere than other requests. */
const API_KEYS = [0, 1]
/** STALLED_FRAME_MS, noticed by a sweep half a minute later at most; then those whose bytes had to wait meanwhile. */
const CUT_WITHIN_MS = 150_000
/** What an honest producer may have to wait at most, while the memory of requests is full of stalled frames. */
const MAX_SILENCE_MS = 70_000

export const announcedFrames: Case = async ({ print }) => {
  await withBroker({ properties: PROPERTIES }, async (broker) => {
    await createTopic(broker.port, 'good', 2)
    const honest = { port: broker.port, topic: 'good', batchSize: 64 * 1024, rate: 2 * MIB }
    const producers = [
      await LoadProducer.start({ ...honest, number: 0, partition: 0, isIdempotent: true }),
      await LoadProducer.start({ ...honest, number: 1, partition: 1, isIdempotent: false }),
    ]
    const socketsBefore = broker.socketCount()
    const startedAt = performance.now()
    const stalled = await announce(broker.port, CONNECTIONS)
    await sleep(2_000)
    print(`${CONNECTIONS} frames announced: ${broker.memory('VmRSS')} MiB`)
    while (broker.socketCount() > socketsBefore && performance.now() < startedAt + CUT_WITHIN_MS) await sleep(500)
    const seconds = (performance.now() - startedAt) / 1000
    const left = broker.socketCount() - socketsBefore
    for (const socket of stalled) socket.destroy()
    await sleep(2_000)
    for (const producer of producers) await producer.finish(30_000)
    const silence = Math.max(...producers.map(({ longestGapMs }) => longestGapMs))
    const acknowledged = producers.reduce((sum, producer) => sum + producer.acknowledgedCount, 0)
    print(
      `${left} left after ${seconds.toFixed(0)} s; meanwhile ${acknowledged} batches, silence ${silence.toFixed(0)} ms`,
    )
    await judge(broker, { connections: CONNECTIONS }, print)
    await verifyProduced(broker.port, producers)
    assert.equal(left, 0, 'stalled frames are cut off')
    assert.ok(silence <= MAX_SILENCE_MS, `an honest producer waited for ${silence.toFixed(0)} ms`)
  })
}

/** `count` connections, each with the begin of a frame. */
export async function announce(port: number, count: number): Promise<Socket[]> {
  const bytes = Buffer.alloc(4 + Math.max(...SENT), 1)
  bytes.writeInt32BE(ANNOUNCED)
  const opened: Promise<Socket>[] = []
  for (let number = 0; number < count; number++) {
    const sent = SENT[number % SENT.length]!
    const begin = Buffer.from(bytes.subarray(0, 4 + sent))
    if (sent >= 4) begin.writeUInt32BE((API_KEYS[number % API_KEYS.length]! << 16) | 8, 4)
    opened.push(
      new Promise((resolve) => {
        const socket = connect({ host: '127.0.0.1', port }, () => resolve(socket))
        socket.on('error', () => resolve(socket))
        socket.write(begin)
      }),
    )
  }
  return Promise.all(opened)
}
