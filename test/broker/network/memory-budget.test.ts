import t from 'tap'
import { type BudgetWaiter, MemoryBudget } from '../../../broker/network/memory-budget.ts'

const MIB = 1024 * 1024

class Waiter implements BudgetWaiter {
  readonly isMidFrame: boolean
  readonly missingSize: number
  readonly onGivenUp: () => void
  isWoken = false
  isGivenUp = false
  constructor(missingSize = 0, onGivenUp: () => void = () => {}) {
    this.isMidFrame = missingSize > 0
    this.missingSize = missingSize
    this.onGivenUp = onGivenUp
  }
  onRoom(): void {
    this.isWoken = true
  }
  giveUp(): void {
    this.isGivenUp = true
    this.onGivenUp()
  }
}

t.test('as many go on at once as fill the room, the others when those have read', (t) => {
  const turns: (() => void)[] = []
  const budget = new MemoryBudget(4 * MIB, (run) => turns.push(run))
  budget.charge(4 * MIB)
  const waiters = Array.from({ length: 10 }, () => new Waiter())
  for (const waiter of waiters) budget.wait(waiter)
  const woken = () => waiters.filter(({ isWoken }) => isWoken).length

  budget.release(2 * MIB)
  budget.release(MIB)
  t.equal(woken(), 0, 'none in the turn in which there came room')
  turns.shift()?.()
  t.equal(woken(), 3)
  budget.charge(2 * MIB)
  turns.shift()?.()
  t.equal(woken(), 4)
  budget.charge(MIB)
  turns.shift()?.()
  t.equal(woken(), 4, 'none when it is spent again')
  budget.release(4 * MIB)
  while (turns.length > 0) turns.shift()?.()
  t.equal(woken(), 10)
  t.end()
})

t.test('when nothing but half-received frames holds the memory, those that lack most are given up', (t) => {
  const budget = new MemoryBudget(10 * MIB)
  const hold = (missingSize: number) => new Waiter(missingSize, () => budget.release(MIB))
  const large = Array.from({ length: 8 }, () => hold(90 * MIB))
  const honest = [hold(1000), hold(2000)]
  const announced = Array.from({ length: 20 }, () => hold(100 * MIB))
  budget.charge(30 * MIB)
  for (const waiter of [...large, ...honest, ...announced]) budget.wait(waiter)
  const givenUp = (waiters: readonly Waiter[]) => waiters.filter(({ isGivenUp }) => isGivenUp).length

  budget.relieve()
  t.equal(givenUp(announced), 0, 'not before it has lasted')
  budget.relieve()
  t.equal(givenUp(announced), 20)
  t.equal(givenUp(large), 5, 'no more than give half of it back')
  t.notOk(large[0]!.isGivenUp, 'it may read on')
  t.equal(givenUp(honest), 0, 'and so may they')
  t.notOk(budget.isSpent)
  t.end()
})

t.test('of those that a next read makes whole no more are given up than make room', (t) => {
  const budget = new MemoryBudget(10 * MIB)
  const waiters = Array.from({ length: 20 }, () => new Waiter(MIB / 2, () => budget.release(MIB)))
  budget.charge(14 * MIB)
  for (const waiter of waiters) budget.wait(waiter)
  t.equal(waiters.filter(({ isWoken }) => isWoken).length, 8, 'a few may read on')
  budget.relieve()
  budget.relieve()
  t.equal(waiters.filter(({ isGivenUp }) => isGivenUp).length, 5)
  t.notOk(budget.isSpent)
  t.end()
})

t.test('as long as large frames become whole, nobody is given up', (t) => {
  const budget = new MemoryBudget(10 * MIB)
  budget.charge(20 * MIB)
  const waiter = new Waiter(50 * MIB)
  for (const one of [new Waiter(50 * MIB), waiter]) budget.wait(one)
  budget.relieve()
  budget.release(MIB)
  budget.relieve()
  t.notOk(waiter.isGivenUp)
  budget.release(1000)
  budget.relieve()
  t.ok(waiter.isGivenUp)
  t.end()
})

t.test('large frames do not all get as much over the limit as they lack', (t) => {
  const budget = new MemoryBudget(100 * MIB)
  budget.charge(100 * MIB)
  const large = Array.from({ length: 8 }, () => new Waiter(30 * MIB))
  const small = Array.from({ length: 8 }, () => new Waiter(MIB))
  for (const waiter of [...large, ...small]) budget.wait(waiter)
  const reading = (waiters: readonly Waiter[]) => waiters.filter(({ isWoken }) => isWoken).length
  t.same([reading(large), reading(small)], [1, 7])
  t.end()
})

t.test('a write of records meanwhile keeps frames from being given up', (t) => {
  const budget = new MemoryBudget(10)
  const waiter = new Waiter(100)
  for (let count = 0; count < 8; count++) budget.wait(new Waiter(100))
  budget.charge(10)
  for (let count = 0; count < 8; count++) budget.wait(new Waiter(100))
  budget.wait(waiter)
  budget.relieve()
  budget.chargeUnwritten(1)
  budget.releaseUnwritten(1)
  budget.relieve()
  t.notOk(waiter.isGivenUp)
  budget.relieve()
  t.ok(waiter.isGivenUp)
  t.end()
})

t.test('one answer gets a quarter of what is left, and a little when nothing is, as long as that lasts', (t) => {
  const budget = new MemoryBudget(40 * MIB)
  t.equal(budget.grant(100 * MIB), 10 * MIB)
  t.equal(budget.grant(4 * MIB), 4 * MIB)
  budget.charge(26 * MIB)
  t.ok(budget.isSpent)
  for (let count = 0; count < 10; count++) t.equal(budget.grant(100 * MIB), MIB)
  t.ok(budget.isOverdrawn)
  t.equal(budget.grant(100 * MIB), 0)
  budget.release(MIB)
  t.equal(budget.grant(1000), 1000)
  t.end()
})
