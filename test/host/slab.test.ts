import t from 'tap'
import { hold, letGo, SlabPool } from '../../host/slab.ts'

t.test('memory is used again once everybody has let go of it', async (t) => {
  const pool = new SlabPool()
  const first = pool.take(100_000)
  hold(first)
  letGo(first)
  t.not(pool.take(100_000).buffer, first.buffer)
  letGo(first)
  t.equal(pool.take(100_000).buffer, first.buffer)
  t.equal(pool.freeSize, 0)
})

t.test('pieces of one slab do not overlap and free it together', async (t) => {
  const pool = new SlabPool({ poisons: true })
  const pieces = Array.from({ length: 20 }, (_, index) => pool.cut(100_000 + index).fill(index))
  const memories = new Set(pieces.map((piece) => piece.buffer))
  t.ok(memories.size < 4)
  for (const [index, piece] of pieces.entries()) t.ok(piece.every((byte) => byte === index))
  for (const piece of pieces) letGo(piece)
  // The last slab is still being cut from.
  t.equal(pool.freeSize, (memories.size - 1) * 1024 * 1024)
})

t.test('a piece that would leave much of a slab unused has memory of its own', async (t) => {
  const pool = new SlabPool()
  const [small, large] = [pool.cut(10), pool.cut(300_000)]
  t.not(small.buffer, large.buffer)
})

t.test('no more free memory is kept than was asked for', async (t) => {
  const pool = new SlabPool({ keepSize: 300_000 })
  const pieces = Array.from({ length: 5 }, () => pool.take(131_072))
  for (const piece of pieces) letGo(piece)
  t.equal(pool.freeSize, 262_144)
})

t.test('what is read after the last letting go is poison, where that is asked for', async (t) => {
  const piece = new SlabPool({ poisons: true }).take(10).fill(1)
  letGo(piece)
  t.ok(piece.every((byte) => byte === 0xdb))
})

t.test('letting go twice is a bug that shows', async (t) => {
  const pool = new SlabPool()
  const piece = pool.take(10)
  letGo(piece)
  t.throws(() => letGo(piece), /let go of twice/)
})

t.test('other memory may be held and let go of like that of a pool', async (t) => {
  const bytes = new Uint8Array(10)
  hold(bytes)
  letGo(bytes)
  letGo(bytes)
  t.equal(bytes.length, 10)
})

t.test('memory that was not needed between two trims is given back', async (t) => {
  const pool = new SlabPool()
  const [first, second, third] = [pool.take(100_000), pool.take(100_000), pool.take(100_000)]
  for (const bytes of [first, second, third]) letGo(bytes)
  pool.trim()
  t.equal(pool.freeSize, 3 * 128 * 1024, 'it was in use until now')
  letGo(pool.take(100_000))
  pool.trim()
  t.equal(pool.freeSize, 128 * 1024)
  t.equal(pool.take(100_000).buffer, third.buffer)
  t.equal(pool.freeSize, 0)
  pool.trim()
  t.equal(pool.freeSize, 0)
})
