import t from 'tap'
import { Deadline, Deadlines } from '../../../broker/replication/deadlines.ts'
import { simulate } from '../../../host/simulated/simulation.ts'
import { seed } from '../../host/implementations.ts'

function world() {
  const simulation = simulate(seed)
  const deadlines = new Deadlines(simulation.node('broker').host)
  const due: [name: string, afterMs: number][] = []
  class Noting extends Deadline {
    readonly #name: string
    readonly #since = simulation.nowMs
    constructor(name: string) {
      super()
      this.#name = name
    }
    override onDue(): void {
      due.push([this.#name, Math.floor(simulation.nowMs - this.#since)])
    }
  }
  return { simulation, deadlines, due, deadline: (name: string) => new Noting(name) }
}

t.test('each is due after its delay, in whatever order they came', async (t) => {
  const { simulation, deadlines, due, deadline } = world()
  deadlines.add(deadline('long'), 500)
  deadlines.add(deadline('short'), 20)
  await simulation.run(10)
  deadlines.add(deadline('short, later'), 20)
  deadlines.add(deadline('at once'), -1)
  await simulation.run(1000)
  t.same(due, [
    ['at once', 0],
    ['short', 20],
    ['short, later', 20],
    ['long', 500],
  ])
})

t.test('what is removed is not due, and what waits behind it still is, in time', async (t) => {
  const { simulation, deadlines, due, deadline } = world()
  const rows = ['first', 'middle', 'last', 'other'].map(deadline)
  for (const row of rows) deadlines.add(row, 100)
  await simulation.run(50)
  deadlines.add(deadline('new'), 100)
  deadlines.remove(rows[1]!)
  deadlines.remove(rows[0]!)
  deadlines.remove(rows[2]!)
  deadlines.remove(rows[2]!)
  await simulation.run(1000)
  t.same(due, [
    ['other', 100],
    ['new', 100],
  ])
})

t.test('what has been due, or was removed, may wait again', async (t) => {
  const { simulation, deadlines, due, deadline } = world()
  const row = deadline('row')
  deadlines.add(row, 10)
  t.throws(() => deadlines.add(row, 10), /assertion/)
  deadlines.remove(row)
  deadlines.add(row, 20)
  await simulation.run(100)
  deadlines.add(row, 20)
  await simulation.run(100)
  t.same(due, [
    ['row', 20],
    ['row', 120],
  ])
})

t.test('a thousand delays at once are kept apart', async (t) => {
  const { simulation, deadlines, due, deadline } = world()
  for (let delayMs = 1000; delayMs > 0; delayMs--) {
    const gone = deadline('gone')
    deadlines.add(gone, delayMs + 5000)
    deadlines.remove(gone)
    deadlines.add(deadline(`${delayMs}`), delayMs)
  }
  await simulation.run(10_000)
  t.same(
    due,
    Array.from({ length: 1000 }, (_, index) => [`${index + 1}`, index + 1]),
  )
})
