// Ten thousand clients that connect at once, ask for ApiVersions and Metadata, close, and connect again. Each is
// answered; nothing stays behind.

import { strict as assert } from 'node:assert'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { withBroker } from '../broker-process.ts'
import { type Case, judge, PROPERTIES } from '../limits.ts'
import { encodeRequest } from '../load-client.ts'
import { createTopic } from '../topic.ts'

const CLIENTS = 10_000
/** A port that is closed in order may not be used again for a minute: more addresses, more ports. */
const ADDRESSES = 100
const MAX_SECONDS = 60
const SETTLE_MS = 30_000
/** A visitor without an answer gives up. */
const VISIT_MS = 60_000
/** A second flood as long as the first one may need this much more. MiB. */
const GROWTH = 48

export const reconnects: Case = async ({ minutes, print }) => {
  await withBroker({ properties: PROPERTIES }, async (broker) => {
    await createTopic(broker.port, 'some', 3)
    const socketsBefore = broker.socketCount()
    const seconds = Math.min(MAX_SECONDS, minutes * 60) / 2
    const peaks: number[] = []
    for (const round of [1, 2]) {
      const { answered, failed } = await flood(broker.port, CLIENTS, seconds)
      const endAt = performance.now() + SETTLE_MS
      while (broker.socketCount() > socketsBefore && performance.now() < endAt) await sleep(200)
      peaks.push(broker.memory('VmHWM'))
      print(`round ${round}: ${answered} visits, ${failed} failed; ${broker.memory('VmRSS')} MiB when they had gone`)
      assert.equal(broker.socketCount(), socketsBefore, 'no socket is left open')
      assert.equal(failed, 0, 'every client is answered')
    }
    assert.ok(peaks[1]! <= peaks[0]! + GROWTH, `the second flood took ${peaks[1]} MiB, the first ${peaks[0]}`)
    await judge(broker, { connections: CLIENTS }, print)
  })
}

export interface Visits {
  readonly answered: number
  /** Refused, or cut off before both answers. */
  readonly failed: number
}

/** `clients` visitors at a time, for that long. */
export async function flood(port: number, clients: number, seconds: number): Promise<Visits> {
  const greeting = Buffer.concat([
    encodeRequest('ApiVersions', 0, {}),
    encodeRequest('Metadata', 9, { topics: null, allowAutoTopicCreation: false }),
  ])
  const endAt = performance.now() + seconds * 1000
  let answered = 0
  let failed = 0
  const visitAgain = async (number: number): Promise<void> => {
    for (let visit = 0; performance.now() < endAt; visit++) {
      // Every other one goes without a word (RST), the others in order.
      if (await visitOnce(port, `127.0.0.${2 + (number % ADDRESSES)}`, greeting, visit % 2 === 0)) answered++
      else failed++
    }
  }
  await Promise.all(Array.from({ length: clients }, (_, number) => visitAgain(number)))
  return { answered, failed }
}

/** Whether both answers came. */
function visitOnce(port: number, from: string, greeting: Uint8Array, endsInOrder: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: from })
    let received = Buffer.alloc(0)
    let isAnswered = false
    socket.on('error', () => {}) // 'close' follows
    socket.setTimeout(VISIT_MS, () => socket.destroy())
    socket.on('close', () => resolve(isAnswered))
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
