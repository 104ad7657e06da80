// The small parts of storage by themselves: indexes and their memory, leader epochs, checkpoints, names, unfinished
// compactions.

import t from 'tap'
import { randomUuid } from '../../host/random-uuid.ts'
import { simulate } from '../../host/simulated/simulation.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { checkpointText, readCheckpoint, replaceFile, writeFile } from '../../storage/checkpoint.ts'
import { readMetaProperties } from '../../storage/directory/meta-properties.ts'
import { createStorageEnvironment } from '../../storage/environment.ts'
import {
  offsetOfFileName,
  parsePartitionDirectory,
  segmentFileName,
  setAsideDirectoryName,
} from '../../storage/file-names.ts'
import { LeaderEpochCache } from '../../storage/log/leader-epoch-cache.ts'
import { completeSwaps } from '../../storage/log/swap-files.ts'
import { Tail, TailCache } from '../../storage/log/tail-cache.ts'
import { OffsetIndex } from '../../storage/segment/offset-index.ts'
import { IndexMemory } from '../../storage/segment/sparse-index.ts'
import { TimeIndex } from '../../storage/segment/time-index.ts'
import { TransactionIndex } from '../../storage/segment/transaction-index.ts'

function machine(seed = 1) {
  return simulate(seed).node('a')
}

t.test('an offset index finds the entry at or below, loaded or not', async (t) => {
  const { disk } = machine().host
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
  const node = machine()
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
  const { disk } = machine().host
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
  const { disk } = machine().host
  const memory = new IndexMemory(1000)
  const indexes = Array.from({ length: 10 }, (_, name) => new OffsetIndex(disk, memory, `/data/${name}.index`, 0))
  for (let entry = 1; entry <= 50; entry++) for (const index of indexes) index.append(entry, entry * 10)
  t.ok(memory.size <= 1000)
  for (const index of indexes) t.equal(index.lookup(33), 330)
  t.ok(memory.size <= 1000)
})

t.test('aborted transactions are collected until later ones cannot matter', async (t) => {
  const { disk } = machine().host
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

t.test('leader epochs answer where an epoch ended', async (t) => {
  const { host } = machine()
  const cache = new LeaderEpochCache(host, '/data')
  cache.assign(2, 10)
  cache.assign(2, 15)
  cache.assign(4, 20)
  cache.assign(7, 20)
  t.same(cache.entries, [
    { epoch: 2, startOffset: 10 },
    { epoch: 7, startOffset: 20 },
  ])
  t.same(cache.endOffsetFor(7, 50), { epoch: 7, endOffset: 50 })
  t.same(cache.endOffsetFor(5, 50), { epoch: 2, endOffset: 20 })
  t.same(cache.endOffsetFor(1, 50), { epoch: 1, endOffset: 10 })
  t.same(cache.endOffsetFor(8, 50), { epoch: -1, endOffset: -1 })
  t.same(
    [9, 10, 19, 20].map((offset) => cache.epochForOffset(offset)),
    [-1, 2, 2, 7],
  )
  cache.flush(50)
  t.same(readCheckpoint(host.disk, '/data/leader-epoch-checkpoint'), ['2 10', '7 20'])
  cache.truncateFromStart(15)
  t.same(cache.entries[0], { epoch: 2, startOffset: 15 })
  cache.truncateFromStart(30)
  t.same(cache.entries, [{ epoch: 7, startOffset: 30 }])
  cache.truncateFromEnd(30)
  t.same(cache.entries, [])
  t.equal(cache.prepare(30), '/data/leader-epoch-checkpoint.tmp')
  cache.commit()
  t.same(readCheckpoint(host.disk, '/data/leader-epoch-checkpoint'), [])
  t.equal(cache.prepare(30), null, 'nothing has changed')
  cache.assign(8, 30)
  t.equal(cache.prepare(30), null, 'an epoch without a batch is not kept')
  t.equal(cache.prepare(31), '/data/leader-epoch-checkpoint.tmp')
})

t.test('unreadable leader epochs are forgotten with a warning', async (t) => {
  const node = machine()
  writeFile(node.host.disk, '/data/leader-epoch-checkpoint', '0\n1\nseven 3\n')
  t.same(new LeaderEpochCache(node.host, '/data').entries, [])
  t.match(node.logger.events, [{ level: 'warn', message: 'leader epochs are forgotten' }])
})

t.test('a checkpoint is the old one or the new one, whatever happens', async (t) => {
  for (let seed = 1; seed <= 50; seed++) {
    const node = machine(seed)
    const old = checkpointText(['a 0 1'])
    replaceFile(node.host.disk, '/data', 'checkpoint', old)
    node.disk.fault = (operation) => (seed % 2 === 0 && operation === 'sync' ? 'failed' : null)
    const next = checkpointText(Array.from({ length: 500 }, (_, index) => `topic ${index} ${index}`))
    try {
      replaceFile(node.host.disk, '/data', 'checkpoint', next)
    } catch {
      // The fault above.
    }
    node.disk.fault = null
    node.crash()
    const { disk } = node.restart()
    const lines = readCheckpoint(disk, '/data/checkpoint')?.length
    t.equal(lines, seed % 2 === 0 ? 1 : 500)
  }
})

t.test('names are spelt as Kafka spells them', async (t) => {
  t.equal(segmentFileName(1399, '.timeindex'), '00000000000000001399.timeindex')
  t.equal(offsetOfFileName('00000000000000001399.timeindex', '.timeindex'), 1399)
  t.equal(offsetOfFileName('00000000000000001399.log', '.timeindex'), -1)
  t.equal(offsetOfFileName('0000000000000000139x.log', '.log'), -1)
  t.equal(offsetOfFileName('00000000000000001399.log.deleted', '.log'), -1)
  t.same(parsePartitionDirectory('my-topic-7'), { topic: 'my-topic', partition: 7, kind: 'partition' })
  const aside = setAsideDirectoryName('my-topic', 7, 'ab'.repeat(16), 'delete')
  t.same(parsePartitionDirectory(aside), { topic: 'my-topic', partition: 7, kind: 'delete' })
  t.same(parsePartitionDirectory('a.b-1.2'), null)
  t.same(parsePartitionDirectory('lost+found'), null)
})

t.test('a uuid of ours is one of Kafka', async (t) => {
  const { random } = machine().host
  for (let count = 0; count < 200; count++) t.match(randomUuid(random), /^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/)
})

t.test('meta.properties of another version or without an id is refused', async (t) => {
  const { disk } = machine().host
  t.equal(readMetaProperties(disk, '/data'), null)
  for (const text of [
    'version=0\nnode.id=1',
    'version=1\nnode.id=one\ncluster.id=x\ndirectory.id=y',
    'version=1\nnode.id=1',
  ]) {
    writeFile(disk, '/data/meta.properties', text)
    t.throws(() => readMetaProperties(disk, '/data'), /meta.properties/)
  }
})

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

t.test('a compaction that was interrupted is completed or forgotten', async (t) => {
  const batch = (offset: number): Uint8Array =>
    buildBatch({ baseOffset: offset, records: [{ key: null, value: new Uint8Array(10) }] })
  const cases: [string, string[], string[]][] = [
    [
      'deleted files go',
      ['00000000000000000000.log', '00000000000000000000.index.deleted'],
      ['00000000000000000000.log'],
    ],
    [
      'a finished copy replaces what it covers',
      [
        '00000000000000000000.log',
        '00000000000000000000.index',
        '00000000000000000000.log.swap',
        '00000000000000000009.log',
      ],
      ['00000000000000000000.log', '00000000000000000009.log'],
    ],
    [
      'an unfinished one goes, and copies from its offset on',
      ['00000000000000000000.log', '00000000000000000000.log.cleaned', '00000000000000000005.log.swap'],
      ['00000000000000000000.log'],
    ],
    [
      'snapshots of the metadata log stay',
      ['00000000000000000000.log', '00000000000000000005-0000000001.checkpoint.deleted'],
      ['00000000000000000000.log', '00000000000000000005-0000000001.checkpoint.deleted'],
    ],
  ]
  for (const [name, before, after] of cases) {
    const { host } = machine()
    host.disk.makeDirectory('/data/t-0')
    for (const file of before)
      writeFile(host.disk, `/data/t-0/${file}`, file.includes('.log') ? batch(Number(file.slice(0, 20))) : '')
    t.same(completeSwaps(createStorageEnvironment(host), '/data/t-0'), after, name)
    t.same(
      host.disk.list('/data/t-0').map((entry) => entry.name),
      after,
    )
  }
})
