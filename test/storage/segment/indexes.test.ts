// The indexes of a segment by themselves, and the memory that all of them share.

import t from 'tap'
import { simulate } from '../../../host/simulated/simulation.ts'
import { OffsetIndex } from '../../../storage/segment/offset-index.ts'
import { TimeIndex } from '../../../storage/segment/time-index.ts'
import { TransactionIndex } from '../../../storage/segment/transaction-index.ts'
import { IndexMemory } from '../../../storage/shared/index-memory.ts'

t.test('an offset index finds the entry at or below, loaded or not', async (t) => {
  const { disk } = simulate(1).node('a').host
  const memory = new IndexMemory(1 << 20)
  const index = new OffsetIndex(disk, memory, '/data/0.index', 1000)
  for (let entry = 1; entry <= 100; entry++) index.append(1000 + entry * 10, entry * 4096)
  for (const when of ['in memory', 'unloaded', 'read again']) {
    const used = when === 'read again' ? new OffsetIndex(disk, memory, '/data/0.index', 1000) : index
    t.equal(used.lookup(999), 0, when)
    t.equal(used.lookup(1009), 0)
    t.equal(used.lookup(1010), 4096)
    t.equal(used.lookup(1019), 4096)
    t.equal(used.lookup(5000), 100 * 4096)
    t.match(used, { count: 100, lastOffset: 2000, lastPosition: 100 * 4096 })
    index.flush(false)
    index.unload()
    t.equal(index.memorySize, 0)
  }
  index.append(2010, 101 * 4096)
  t.equal(index.lookup(2011), 101 * 4096, 'entries in memory follow those on disk')
  index.truncateTo(1500)
  t.match(index, { count: 49, lastOffset: 1490, isFlushed: false })
  index.append(1501, 50 * 4096)
  index.flush(true)
  t.equal(new OffsetIndex(disk, memory, '/data/0.index', 1000).count, 50, 'cut on disk, too')
})

t.test('the zeros of a preallocated index are no entries', async (t) => {
  const node = simulate(1).node('a')
  const { disk } = node.host
  const index = new OffsetIndex(disk, new IndexMemory(1 << 20), '/data/0.index', 0)
  for (let entry = 1; entry <= 3; entry++) index.append(entry, entry * 100)
  index.flush(false)
  for (const size of [24, 1000, 10_485_760]) {
    const file = disk.open('/data/0.index', 'write')
    file.truncate(size)
    file.close()
    t.match(new OffsetIndex(disk, new IndexMemory(0), '/data/0.index', 0), { count: 3, lastPosition: 300 })
  }
  const empty = disk.open('/data/1.index', 'write')
  empty.truncate(4096)
  empty.close()
  t.equal(new OffsetIndex(disk, new IndexMemory(0), '/data/1.index', 0).count, 0)
})

t.test('a time index grows with time alone', async (t) => {
  const { disk } = simulate(1).node('a').host
  const index = new TimeIndex(disk, new IndexMemory(1 << 20), '/data/0.timeindex', 100)
  for (const [timestamp, offset] of [
    [1000, 105],
    [1000, 107],
    [900, 109],
    [2000, 120],
  ] as const) {
    index.maybeAppend(timestamp, offset)
  }
  t.match(index, { count: 2, lastTimestamp: 2000, lastOffset: 120 })
  t.same(
    [999, 1000, 1999, 2000].map((timestamp) => index.lookup(timestamp)),
    [100, 105, 105, 120],
  )
  index.truncateTo(120)
  t.match(index, { count: 1, lastTimestamp: 1000 })
})

t.test('index memory is bounded, and what is unloaded comes back', async (t) => {
  const { disk } = simulate(1).node('a').host
  const memory = new IndexMemory(1000)
  const indexes = Array.from({ length: 10 }, (_, name) => new OffsetIndex(disk, memory, `/data/${name}.index`, 0))
  for (let entry = 1; entry <= 50; entry++) for (const index of indexes) index.append(entry, entry * 10)
  t.ok(memory.size <= 1000)
  for (const index of indexes) t.equal(index.lookup(33), 330)
  t.ok(memory.size <= 1000)
})

t.test('aborted transactions are collected until later ones cannot matter', async (t) => {
  const { disk } = simulate(1).node('a').host
  const index = new TransactionIndex(disk, '/data/0.txnindex')
  t.equal(disk.exists('/data/0.txnindex'), false)
  const entry = (producerId: bigint, firstOffset: number, lastOffset: number, lastStableOffset: number) => ({
    producerId,
    firstOffset,
    lastOffset,
    lastStableOffset,
  })
  const all = [entry(1n, 0, 10, 5), entry(2n, 5, 20, 21), entry(3n, 30, 40, 41)]
  for (const one of all) index.append(one)
  index.flush(true)
  for (const used of [index, new TransactionIndex(disk, '/data/0.txnindex')]) {
    const found: typeof all = []
    t.equal(used.collect(11, 21, found), true)
    t.same(found, [all[1]])
    t.equal(used.collect(0, 100, []), false)
  }
  index.truncateTo(20)
  index.flush(true)
  t.same(new TransactionIndex(disk, '/data/0.txnindex').entries, [all[0]])
})
