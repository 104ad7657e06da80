// Input as nobody should send it, against a whole broker: it is refused, the connection lives, and the next request is
// served. What is wrong with single fields of batches is in data.test.ts, with frames in network/.

import t from 'tap'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { crc32c } from '../../protocol/records/crc32c.ts'
import { ATTRIBUTES, CRC, LAST_OFFSET_DELTA, RECORD_COUNT, RECORDS } from '../../protocol/records/layout.ts'
import { batchOf, World } from './harness.ts'

const TOPIC = 'q'
const NOTHING_STORED = { highWatermark: 0n, errorCode: 0 }

async function ready(t: Parameters<typeof World.start>[0], configs: Record<string, string> = {}) {
  const world = await World.start(t)
  const client = await world.connect()
  await client.createTopic(TOPIC, 1, configs)
  return { world, client }
}

t.test('batches that are cut at any length, and of sizes that they do not have', async (t) => {
  const { client } = await ready(t)
  const whole = batchOf(['a', 'b', 'c'])
  for (let size = 0; size < whole.length; size++) {
    const { errorCode, baseOffset } = await client.produce(TOPIC, whole.slice(0, size))
    t.not(errorCode, ErrorCode.NONE, `${size} bytes`)
    t.equal(baseOffset, -1n)
  }
  for (const size of [-(2 ** 31), -1, 0, 1, RECORDS - 13, whole.length - 11, 2 ** 31 - 1]) {
    const lying = whole.slice()
    new DataView(lying.buffer).setInt32(8, size)
    t.not((await client.produce(TOPIC, lying)).errorCode, ErrorCode.NONE, `a size of ${size}`)
  }
  t.match(await client.fetch(TOPIC, 0), NOTHING_STORED)
  t.equal((await client.produce(TOPIC, whole)).baseOffset, 0n)
})

t.test('record counts that are wrong, under a checksum that is right', async (t) => {
  const keyed = () =>
    batchOf([], { records: ['a', 'b', 'c'].map((key) => ({ key: Buffer.from(key), value: null, headers: [] })) })
  for (const policy of ['delete', 'compact']) {
    const { world, client } = await ready(t, { 'cleanup.policy': policy })
    for (const count of [-1, 0, 1, 2, 4, 2 ** 31 - 1]) {
      const lying = counted(keyed(), count, 2)
      t.not((await client.produce(TOPIC, lying)).errorCode, ErrorCode.NONE, `${count} for 3`)
      // Where records are not looked into, a count and an offset that agree are believed (docs/DIFFERENCES.md).
      if (policy === 'delete') continue
      t.not((await client.produce(TOPIC, counted(keyed(), count, count - 1))).errorCode, ErrorCode.NONE, `${count}`)
    }
    t.match(await client.fetch(TOPIC, 0), NOTHING_STORED)
    t.equal((await client.produce(TOPIC, keyed())).baseOffset, 0n)
    await world.stop()
  }
})

function counted(batch: Uint8Array, count: number, lastOffsetDelta: number): Uint8Array {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
  view.setInt32(RECORD_COUNT, count)
  view.setInt32(LAST_OFFSET_DELTA, lastOffsetDelta)
  view.setUint32(CRC, crc32c(batch, ATTRIBUTES, batch.length))
  return batch
}

t.test('a batch that is larger than the topic takes, compressed or not', async (t) => {
  const { client } = await ready(t, { 'max.message.bytes': '1000' })
  t.equal((await client.produce(TOPIC, batchOf(['x'.repeat(1000)]))).errorCode, ErrorCode.MESSAGE_TOO_LARGE)
  const small = batchOf(['x'.repeat(1000)], { compression: 'gzip' })
  t.equal((await client.produce(TOPIC, small)).errorCode, ErrorCode.NONE, 'what counts is its size as it is sent')
})

t.test('compression bombs: where records are looked into, what comes of them is bounded', async (t) => {
  const { client } = await ready(t, { 'cleanup.policy': 'compact' })
  const value = Buffer.alloc(140 << 20)
  const bomb = batchOf([], { compression: 'zstd', records: [{ key: Buffer.from('k'), value, headers: [] }] })
  t.ok(bomb.length < 100_000)
  const before = process.memoryUsage().rss
  for (let round = 0; round < 2; round++) {
    const { errorCode } = await client.produce(TOPIC, bomb)
    t.ok(
      [ErrorCode.CORRUPT_MESSAGE, ErrorCode.INVALID_RECORD].some((one) => one === errorCode),
      `error ${errorCode}`,
    )
  }
  t.ok(process.memoryUsage().rss - before < 400 << 20)
  t.match(await client.fetch(TOPIC, 0), NOTHING_STORED)
})
