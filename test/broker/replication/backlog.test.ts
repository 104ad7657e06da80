import t from 'tap'
import { Backlog } from '../../../broker/replication/backlog.ts'
import { SeededRandom } from '../../../host/simulated/random.ts'
import { seed } from '../../host/implementations.ts'

t.test('a backlog gives back what is reached, in the order of offsets', async (t) => {
  const backlog = new Backlog<string>()
  backlog.push(10, 'a')
  backlog.push(20, 'b')
  backlog.push(10, 'a again')
  t.equal(backlog.shiftUpTo(9), undefined)
  t.equal(backlog.shiftUpTo(15), 'a')
  t.equal(backlog.shiftUpTo(15), 'a again')
  t.equal(backlog.shiftUpTo(15), undefined)
  backlog.push(30, 'c')
  t.same(backlog.takeAbove(20), ['c'])
  t.same(backlog.takeAbove(-1), ['b'])
  t.equal(backlog.isEmpty, true)
})

t.test('a backlog of one at a time keeps no room, a busy one does', async (t) => {
  const backlog = new Backlog<string>()
  t.equal(backlog.isBare, true)
  backlog.push(1, 'a')
  t.equal(backlog.isBare, false)
  backlog.shiftUpTo(1)
  t.equal(backlog.isBare, true)
  for (let offset = 2; offset < 8; offset++) backlog.push(offset, 'b')
  for (let offset = 2; offset < 8; offset++) backlog.shiftUpTo(offset)
  t.equal(backlog.isEmpty, true)
  t.equal(backlog.isBare, false)
})

t.test('a backlog is a queue in the order of offsets, whatever comes and goes', async (t) => {
  const random = new SeededRandom(seed)
  const backlog = new Backlog<number>()
  let expected: number[] = []
  let end = 0
  for (let step = 0; step < 20_000; step++) {
    const choice = random.below(100)
    // Bursts, so that the ring grows, wraps around and is dropped.
    const isBurst = step % 5000 < 2500
    if (choice < (isBurst ? 70 : 45)) {
      if (choice >= 3) end += random.below(3)
      const endOffset = choice < 3 ? Math.max(0, end - random.below(5)) : end
      backlog.push(endOffset, endOffset)
      expected.push(endOffset)
      expected.sort((a, b) => a - b)
    } else if (choice < 99) {
      const reached = end - random.below(10)
      const head = expected[0]
      const isReached = head !== undefined && head <= reached
      if (isReached) expected.shift()
      if (backlog.shiftUpTo(reached) !== (isReached ? head : undefined)) t.fail(`seed ${seed}, step ${step}`)
    } else {
      const above = end - random.below(20)
      const kept = expected.filter((offset) => offset <= above)
      const taken = expected.filter((offset) => offset > above)
      expected = kept
      t.same(backlog.takeAbove(above), taken, `seed ${seed}, step ${step}`)
    }
    if (backlog.isEmpty !== (expected.length === 0)) t.fail(`seed ${seed}, step ${step}`)
  }
  t.pass(`seed ${seed}`)
})
