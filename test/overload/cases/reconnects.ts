// Ten thousand clients that connect at once, ask for ApiVersions and Metadata, close, and connect again. Each is
// answered; nothing stays behind.

import { strict as assert } from 'node:assert'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeRequest } from '../../frames.ts'
import { withBroker } from '../broker-process.ts'
import { type Case, judge, PROPERTIES } from '../limits.ts'
import { createTopic } from '../topic.ts'

const CLIENTS = 10_000
/** A port that is closed in order may not be used again for a minute: more addresses, more ports. */
const ADDRESSES = 100
const MAX_SECONDS = 60
const SETTLE_MS = 30_000
/** A visitor without an answer gives up. */
const VISIT_MS = 60_000
const FLOODS = 3
/** What a flood may leave on the heap, all garbage collected: code that ran for the first time, a few visits. MiB. */
const LEFT = 2

export const reconnects: Case = async ({ minutes, print }) => {
  await withBroker({ properties: PROPERTIES }, async (broker) => {
    await createTopic(broker.port, 'some', 3)
    const socketsBefore = broker.socketCount()
    const seconds = Math.min(MAX_SECONDS, minutes * 60) / FLOODS
    let heapSize = Number.POSITIVE_INFINITY
    for (let round = 1; round <= FLOODS; round++) {
      const { answered, failures } = await flood(broker.port, CLIENTS, seconds)
      const endAt = performance.now() + SETTLE_MS
      while (broker.socketCount() > socketsBefore && performance.now() < endAt) await sleep(200)
      const before = heapSize
      heapSize = await broker.heapSize()
      const left = `${heapSize.toFixed(1)} MiB are left on the heap`
      print(
        `round ${round}: ${answered} visits, ${failures.length} failed; ${left}; peak ${broker.memory('VmHWM')} MiB`,
      )
      assert.deepEqual(failures, [], 'every client is answered')
      assert.equal(broker.socketCount(), socketsBefore, 'no socket is left open')
      assert.ok(heapSize <= before + LEFT, `after the flood before it were ${before.toFixed(1)}, now ${left}`)
    }
    await judge(broker, { connections: CLIENTS }, print)
  })
}

export interface Visits {
  readonly answered: number
  /** Refused, or cut off before both answers, each with a reason. */
  readonly failures: readonly string[]
}

/** `clients` visitors at a time, for that long. */
export async function flood(port: number, clients: number, seconds: number): Promise<Visits> {
  const greeting = Buffer.concat([
    encodeRequest('ApiVersions', 0, {}, 'overload'),
    encodeRequest('Metadata', 9, { topics: null, allowAutoTopicCreation: false }, 'overload'),
  ])
  const endAt = performance.now() + seconds * 1000
  let answered = 0
  const failures: string[] = []
  const visitAgain = async (number: number): Promise<void> => {
    for (let visit = 0; performance.now() < endAt; visit++) {
      // Every other one goes without a word (RST), the others in order.
      const failure = await visitOnce(port, `127.0.0.${2 + (number % ADDRESSES)}`, greeting, visit % 2 === 0)
      if (failure === null) answered++
      else failures.push(failure)
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, number) => visitAgain(number)))
  return { answered, failures }
}

/** null: both answers came. */
function visitOnce(port: number, from: string, greeting: Uint8Array, endsInOrder: boolean): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: from })
    let received = Buffer.alloc(0)
    let isAnswered = false
    let reason = 'closed by the broker'
    // 'close' follows.
    socket.on('error', (error) => {
      reason = `${error.message} after ${received.length} bytes`
    })
    socket.setTimeout(VISIT_MS, () => socket.destroy(new Error('no answer')))
    socket.on('close', () => resolve(isAnswered ? null : reason))
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes])
      isAnswered = frameCount(received) === 2
      if (isAnswered && endsInOrder) socket.end()
      else if (isAnswered) socket.resetAndDestroy()
    })
    socket.write(greeting)
  })
}

function frameCount(bytes: Buffer): number {
  let count = 0
  let position = 0
  while (position + 4 <= bytes.length && position + 4 + bytes.readInt32BE(position) <= bytes.length) {
    position += 4 + bytes.readInt32BE(position)
    count++
  }
  return count
}
