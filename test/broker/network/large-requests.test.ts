// Large requests are started one a turn, and only while there is memory for answers.

import t from 'tap'
import { LargeRequests } from '../../../broker/network/large-requests.ts'
import { type BudgetWaiter, MemoryBudget } from '../../../broker/network/memory-budget.ts'

const SIZE = 100

/** A connection with one large request. */
class Owner {
  readonly #large: LargeRequests
  isHeldUp = false
  isStarted = false

  constructor(large: LargeRequests) {
    this.#large = large
  }

  flushLater(): void {
    if (!this.isHeldUp && !this.isStarted) this.isStarted = this.#large.admits(this, SIZE)
  }
}

function start(requestLimit = 1000) {
  const turns: (() => void)[] = []
  const timers = new Set<() => void>()
  const after = (_delayMs: number, run: () => void) => {
    timers.add(run)
    return { cancel: () => void timers.delete(run) }
  }
  const requests = new MemoryBudget(requestLimit)
  const answers = new MemoryBudget(1000)
  const large = new LargeRequests(requests, answers, { endOfTurn: (run) => void turns.push(run), after })
  const turn = (): void => {
    for (const run of turns.splice(0)) run()
  }
  /** A second. */
  const wait = (): void => {
    const due = [...timers]
    timers.clear()
    for (const run of due) run()
    turn()
  }
  const owners = Array.from({ length: 4 }, () => new Owner(large))
  const started = (): boolean[] => owners.map(({ isStarted }) => isStarted)
  for (const owner of owners) owner.flushLater()
  return { requests, answers, large, turn, turns, wait, timers, owners, started }
}

t.test('one a turn, in the order in which they came', async (t) => {
  const { turn, turns, owners, started } = start()
  t.same(started(), [true, false, false, false])
  // Whatever else its connection is woken for.
  owners[2]!.flushLater()
  turn()
  t.same(started(), [true, true, false, false])
  turn()
  turn()
  t.same(started(), [true, true, true, true])
  turn()
  t.equal(turns.length, 0, 'and then nothing runs')
})

t.test('none while answers have no memory left; when they have, the next', async (t) => {
  const { answers, turn, turns, started } = start()
  answers.charge(1000)
  turn()
  turn()
  t.same(started(), [true, false, false, false])
  t.equal(turns.length, 0, 'nobody asks again and again')
  answers.release(600)
  turn()
  t.same(started(), [true, true, false, false])
  answers.charge(600)
  turn()
  turn()
  t.same(started(), [true, true, false, false])
  answers.release(1000)
  turn()
  turn()
  t.same(started(), [true, true, true, true])
})

t.test('one a second while slow clients have all the memory for answers for good, up to half of it more', async (t) => {
  const { answers, turn, wait, timers, large, owners, started } = start()
  answers.charge(1000)
  turn()
  wait()
  t.same(started(), [true, true, false, false])
  // Its answer, of which its client takes nothing.
  answers.charge(401)
  wait()
  t.same(started(), [true, true, false, false])
  answers.release(1)
  wait()
  t.same(started(), [true, true, true, false])
  large.forget(owners[3]!)
  wait()
  t.equal(timers.size, 0, 'and then nobody waits')
  const late = new Owner(large)
  late.flushLater()
  turn()
  wait()
  t.equal(late.isStarted, true)
})

t.test('a connection that is gone, or cannot start now, holds nobody up', async (t) => {
  const { large, turn, owners, started } = start()
  large.forget(owners[1]!)
  owners[2]!.isHeldUp = true
  turn()
  turn()
  t.same(started(), [true, false, false, true])
  turn()
  owners[2]!.isHeldUp = false
  owners[2]!.flushLater()
  t.same(started(), [true, false, true, true])
})

t.test('the memory of those that wait comes back by itself: no others may go over the limit meanwhile', async (t) => {
  const { requests, answers, turn } = start(3 * SIZE)
  requests.charge(3 * SIZE)
  answers.charge(1000)
  const waiter: BudgetWaiter = {
    isMidFrame: true,
    missingSize: 1,
    onRoom: () => t.fail('read'),
    giveUp: () => t.fail(),
  }
  requests.wait(waiter)
  turn()
  t.equal(requests.isStuck, false)
  requests.relieve()
  requests.relieve()
  requests.forget(waiter)
  answers.release(1000)
  for (let count = 0; count < 4; count++) turn()
  t.equal(requests.isStuck, true)
})
