import t from 'tap'
import { Tail, TailCache } from '../../../storage/shared/tail-cache.ts'

t.test('the tail keeps no more alive than it counts', async (t) => {
  const tail = new Tail(new TailCache(1 << 20))
  const frame = new Uint8Array(100_000)
  tail.append(frame.subarray(10, 110), 0, 1)
  tail.append(frame.subarray(0, 60_000), 1, 2)
  const pooled = new Uint8Array(8192).subarray(0, 100)
  tail.append(pooled, 2, 3)
  t.equal(tail.chunkAt(0)?.buffer.byteLength, 100, 'a small slice is copied')
  t.equal(tail.chunkAt(1)?.buffer, frame.buffer, 'a large one is not')
  t.equal(tail.chunkAt(2)?.buffer, pooled.buffer, 'nor one of a small buffer that others share')
})

t.test('tails that are emptied leave nothing behind in the cache', async (t) => {
  const cache = new TailCache(1 << 20)
  const other = new Tail(cache)
  for (let index = 0; index < 50; index++) other.append(new Uint8Array(100), index, index + 1)
  for (let round = 0; round < 100; round++) {
    const tail = new Tail(cache)
    for (let index = 0; index < 5; index++) tail.append(new Uint8Array(100), index, index + 1)
    tail.clear()
    tail.clear()
    t.ok(cache.queueLength <= 500, `round ${round}: ${cache.queueLength}`)
  }
  t.equal(cache.size, 50 * 300)
  const again = new Tail(cache)
  for (let index = 0; index < 10; index++) again.append(new Uint8Array(100), index, index + 1)
  again.clear()
  for (let index = 0; index < 4000; index++) again.append(new Uint8Array(100), index, index + 1)
  t.equal(other.count, 0, 'dropped before what came later')
  t.ok(cache.size <= 1 << 20)
  t.equal(again.count, Math.floor((1 << 20) / 300))
})

t.test('the tail finds chunks by offset and drops the oldest of all logs first', async (t) => {
  const cache = new TailCache(5000)
  const tails = [new Tail(cache), new Tail(cache)]
  for (let offset = 0; offset < 300; offset++) {
    for (const tail of tails) tail.append(new Uint8Array(100), offset * 10, offset * 10 + 10)
    t.ok(cache.size <= 5000)
  }
  for (const tail of tails) {
    t.ok(tail.count >= 7 && tail.count <= 9)
    const start = tail.startOffset
    t.equal(tail.find(start + 15), tail.find(start + 10))
    t.equal(tail.find(100_000), tail.find(2990))
    t.equal(tail.chunkAt(tail.find(2990) + 1), undefined)
  }
  const { size } = cache
  tails[0]!.clear()
  t.ok(cache.size < size)
  t.equal(tails[0]!.startOffset, Number.POSITIVE_INFINITY)
  for (let offset = 300; offset < 400; offset++) tails[1]!.append(new Uint8Array(1000), offset * 10, offset * 10 + 10)
  tails[1]!.clear()
  t.equal(cache.size, 0)
})

t.test('a tail has no gaps: what is appended beyond its end begins it anew', async (t) => {
  const cache = new TailCache(1 << 20)
  const tail = new Tail(cache)
  tail.append(new Uint8Array(100), 5, 8)
  tail.append(new Uint8Array(100), 8, 10)
  t.same([tail.endOffsetAt(0), tail.endOffsetAt(1)], [8, 10])
  tail.append(new Uint8Array(100), 20, 25)
  t.same([tail.count, tail.startOffset, tail.endOffsetAt(0)], [1, 20, 25])
  t.equal(cache.size, 300)
  tail.clearBelow(24)
  t.equal(tail.count, 1)
  tail.clearBelow(25)
  t.equal(tail.count, 0)
  tail.append(new Uint8Array(100), 25, 26)
  t.same([tail.count, tail.startOffset, tail.endOffsetAt(tail.find(25))], [1, 25, 26])
})
