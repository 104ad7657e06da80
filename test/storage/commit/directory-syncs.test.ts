// Syncs of a directory that many logs share.

import t from 'tap'
import { type DiskCallback, DiskError } from '../../../host/disk.ts'
import { DirectorySyncs } from '../../../storage/commit/directory-syncs.ts'

function setUp() {
  const running: DiskCallback[] = []
  const syncs = new DirectorySyncs({ syncDirectoryLater: (_path, done) => void running.push(done) })
  const ends: (string | null)[] = []
  const sync = (path: string): void => syncs.sync(path, (error) => ends.push(error?.reason ?? null))
  return { running, syncs, ends, sync }
}

t.test('one sync is for all names that were added before it began', async (t) => {
  const { running, syncs, ends, sync } = setUp()
  for (let count = 0; count < 3; count++) syncs.added('/data')
  sync('/data')
  sync('/data')
  t.equal(running.length, 1)
  running.shift()!(null)
  t.same(ends, [null, null])
  sync('/data')
  t.same([running.length, ends.length], [0, 3], 'what is durable is not synced again')
})

t.test('a name that is added while a sync runs waits for the next', async (t) => {
  const { running, syncs, ends, sync } = setUp()
  syncs.added('/data')
  sync('/data')
  syncs.added('/data')
  sync('/data')
  sync('/data')
  running.shift()!(null)
  t.same([running.length, ends.length], [1, 1])
  running.shift()!(null)
  t.equal(ends.length, 3)
})

t.test('after a failure the names are not durable', async (t) => {
  const { running, syncs, ends, sync } = setUp()
  syncs.added('/data')
  sync('/data')
  sync('/data')
  running.shift()!(new DiskError('failed', '/data', 'no'))
  t.same([running.length, ends], [1, ['failed']], 'who came later has a sync of his own')
  running.shift()!(null)
  t.same(ends, ['failed', null])
})

t.test('a directory of one log alone is synced at each call', async (t) => {
  const { running, sync } = setUp()
  sync('/data/a-0')
  sync('/data/a-0')
  t.equal(running.length, 2)
})
