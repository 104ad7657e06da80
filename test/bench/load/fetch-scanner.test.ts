// Answers as the broker encodes them, cut at random: the scanner must see every batch, wherever a read ends.

import t from 'tap'
import { FetchScanner } from '../../../bench/load/fetch-scanner.ts'
import { fetchVersion, readyBatch } from '../../../bench/load/frames.ts'
import { apis } from '../../../protocol/apis.ts'
import { setBaseOffset, viewOf } from '../../../protocol/records/batch.ts'

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))

function answer(cutSize = 0): Buffer {
  const records = (baseOffset: number) => {
    const batch = readyBatch({ recordSize: 100, count: 3, codec: 'none' })
    setBaseOffset(viewOf(batch), 0, baseOffset)
    return batch
  }
  const partition = (partitionIndex: number, bytes: Uint8Array | null) => ({
    partitionIndex,
    errorCode: 0,
    highWatermark: 10n,
    abortedTransactions: partitionIndex === 1 ? [{ producerId: 1n, firstOffset: 2n }] : null,
    records: bytes,
  })
  const two = Buffer.concat([records(0), records(3)])
  const partitions = [
    partition(0, two.subarray(0, two.length - cutSize)),
    partition(1, records(7)),
    partition(2, new Uint8Array()),
    partition(3, null),
  ]
  const body = apis.Fetch.response.encodeBytes(
    { throttleTimeMs: 0, errorCode: 0, sessionId: 0, responses: [{ topic: 'topic', partitions }] },
    fetchVersion,
  )
  const head = Buffer.alloc(8)
  head.writeInt32BE(body.length + 4)
  return Buffer.concat([head, body])
}

function scanned(bytes: Buffer, cut: () => number): string[] {
  const seen: string[] = []
  const scanner = new FetchScanner({
    onBatch: ({ partition, lastOffset, recordCount }) => seen.push(`${partition}: ${recordCount} to ${lastOffset}`),
    onAnswer: () => seen.push('answer'),
  })
  for (let position = 0; position < bytes.length; ) {
    const end = position + cut()
    scanner.push(Buffer.from(bytes.subarray(position, end)))
    position = end
  }
  return seen
}

const whole = ['0: 3 to 2', '0: 3 to 5', '1: 3 to 9', 'answer']

t.test(`every batch is seen, however the answer is cut (SEED=${seed})`, async (t) => {
  let state = seed
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return 1 + ((state >>> 8) % below)
  }
  const bytes = Buffer.concat([answer(), answer()])
  t.same(
    scanned(bytes, () => bytes.length),
    [...whole, ...whole],
  )
  t.same(
    scanned(bytes, () => 1),
    [...whole, ...whole],
  )
  for (let round = 0; round < 200; round++)
    t.same(
      scanned(bytes, () => random(150)),
      [...whole, ...whole],
    )
})

t.test('a batch that the broker has cut is stepped over', async (t) => {
  for (const size of [1, 50, 300])
    t.same(
      scanned(answer(size), () => 7),
      [whole[0], whole[2], whole[3]],
    )
})

t.test('an error is not overlooked', async (t) => {
  const body = apis.Fetch.response.encodeBytes(
    { throttleTimeMs: 0, errorCode: 6, sessionId: 0, responses: [] },
    fetchVersion,
  )
  const head = Buffer.alloc(8)
  head.writeInt32BE(body.length + 4)
  t.throws(() => scanned(Buffer.concat([head, body]), () => 100), /error 6/)
})
