import t from 'tap'
import { GroupCommit } from '../../storage/group-commit.ts'

t.test('syncs that end at once do not nest, however many wait', async (t) => {
  const commits = new GroupCommit(1)
  let ended = 0
  const last: (() => void)[] = []
  commits.add({ startSync: (done) => last.push(done) })
  for (let index = 0; index < 50_000; index++) {
    commits.add({
      startSync(done) {
        ended++
        done()
      },
    })
  }
  t.equal(ended, 0, 'one at a time')
  last[0]?.()
  t.equal(ended, 50_000)
})

t.test('as many run at once as are allowed, first come, first served', async (t) => {
  const commits = new GroupCommit(2)
  const started: number[] = []
  const ends: (() => void)[] = []
  for (let index = 0; index < 5; index++) {
    commits.add({
      startSync(done) {
        started.push(index)
        ends.push(done)
      },
    })
  }
  t.same(started, [0, 1])
  ends[1]?.()
  t.same(started, [0, 1, 2])
  ends[0]?.()
  ends[2]?.()
  t.same(started, [0, 1, 2, 3, 4])
  t.equal(commits.startedCount, 5)
})
