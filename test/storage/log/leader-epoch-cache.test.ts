import t from 'tap'
import { simulate } from '../../../host/simulated/simulation.ts'
import { readCheckpoint, writeFile } from '../../../storage/checkpoint.ts'
import { LeaderEpochCache } from '../../../storage/log/leader-epoch-cache.ts'

t.test('leader epochs answer where an epoch ended', async (t) => {
  const { host } = simulate(1).node('a')
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
  const node = simulate(1).node('a')
  writeFile(node.host.disk, '/data/leader-epoch-checkpoint', '0\n1\nseven 3\n')
  t.same(new LeaderEpochCache(node.host, '/data').entries, [])
  t.match(node.logger.events, [{ level: 'warn', message: 'leader epochs are forgotten' }])
})
