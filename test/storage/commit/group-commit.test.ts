import t from 'tap'
import type { Timer, Timers } from '../../../host/host.ts'
import { GroupCommit, type Syncable } from '../../../storage/commit/group-commit.ts'
import { TurnWriter } from '../../../storage/commit/turn-writer.ts'

/** Ends a turn when it is told to. */
class Turns implements Timers {
  #due: (() => void)[] = []

  #timer: (() => void) | null = null

  after(_delayMs: number, run: () => void): Timer {
    this.#timer = run
    return { cancel() {} }
  }

  /** The one timer there is goes off. */
  ring(): void {
    const run = this.#timer
    this.#timer = null
    run?.()
  }

  endOfTurn(run: () => void): void {
    this.#due.push(run)
  }

  end(): void {
    const due = this.#due
    this.#due = []
    for (const run of due) run()
  }

  get areQuiet(): boolean {
    return this.#due.length === 0
  }
}

/** Logs what becomes of its sync; `end` ends it. */
class FakeLog implements Syncable {
  readonly #name: string
  readonly #events: string[]
  readonly #endsAtOnce: boolean
  isAwaited: boolean
  end: () => void = () => {}

  constructor(name: string, events: string[], options: { endsAtOnce?: boolean; isAwaited?: boolean } = {}) {
    this.#name = name
    this.#events = events
    this.#endsAtOnce = options.endsAtOnce ?? false
    this.isAwaited = options.isAwaited ?? true
  }

  startSync(ended: (log: Syncable) => void): void {
    this.#events.push(`${this.#name} starts`)
    if (this.#endsAtOnce) ended(this)
    else this.end = () => ended(this)
  }

  finishSync(): void {
    this.#events.push(`${this.#name} is told`)
  }
}

function setUp(maxConcurrent: number) {
  const turns = new Turns()
  const events: string[] = []
  const taken = (): string[] => events.splice(0)
  return { turns, events, taken, commits: new GroupCommit(turns, maxConcurrent) }
}

t.test('what comes while a round is under way is synced together in the next', async (t) => {
  const { turns, events, taken, commits } = setUp(8)
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => new FakeLog(name, events)) as [
    FakeLog,
    FakeLog,
    FakeLog,
    FakeLog,
  ]
  commits.add(a)
  commits.add(b)
  t.same(taken(), [], 'a round begins with all of a turn')
  turns.end()
  t.same(taken(), ['a starts', 'b starts'])
  commits.add(c)
  turns.end()
  commits.add(d)
  b.end()
  turns.end()
  t.same(taken(), ['b is told'], 'as soon as it has ended, and the round has not')
  a.end()
  turns.end()
  t.same(taken(), ['a is told', 'c starts', 'd starts'])
  c.end()
  d.end()
  turns.end()
  t.same(taken(), ['c is told', 'd is told'])
  t.ok(turns.areQuiet)
  t.same([commits.roundCount, commits.startedCount], [2, 4])
})

t.test('as many run at once as are allowed, first come, first served', async (t) => {
  const { turns, events, taken, commits } = setUp(2)
  const logs = [0, 1, 2, 3, 4].map((index) => new FakeLog(String(index), events))
  for (const log of logs) commits.add(log)
  turns.end()
  t.same(taken(), ['0 starts', '1 starts'])
  logs[1]?.end()
  t.same(taken(), ['2 starts'], 'not before the end of the turn')
  logs[0]?.end()
  logs[2]?.end()
  t.same(taken(), ['3 starts', '4 starts'])
  t.equal(commits.roundCount, 1)
})

t.test('syncs that end at once do not nest, however many wait', async (t) => {
  const { turns, events, taken, commits } = setUp(1)
  for (const isAwaited of [true, false]) {
    for (let index = 0; index < 50_000; index++) commits.add(new FakeLog('x', events, { endsAtOnce: true, isAwaited }))
    turns.end()
    t.equal(taken().length, 50_000)
    turns.end()
    t.equal(taken().length, 50_000)
  }
})

const writable = { isNew: false, writeTurn: () => {}, startInPool: () => false }

t.test('logs that are written at the end of a turn are in the round that begins then', async (t) => {
  const { turns, events, taken, commits } = setUp(8)
  const writer = new TurnWriter(
    commits,
    { now: () => 0, monotonic: () => 0 },
    { slowWriteMs: 10, poolWriteFromSize: 1 },
  )
  const [a, b] = [new FakeLog('a', events), new FakeLog('b', events)]
  commits.add(a)
  writer.add({
    ...writable,
    writeTurn() {
      events.push('b is written')
      commits.add(b)
    },
  })
  turns.end()
  t.same(taken(), ['b is written', 'a starts', 'b starts'])
  a.end()
  b.end()
  writer.add({ ...writable, writeTurn: () => commits.add(a) })
  turns.end()
  t.same(taken(), ['a is told', 'b is told', 'a starts'])
})

t.test('a bug in what one log tells does not stop the syncs of the others', async (t) => {
  const { turns, events, taken, commits } = setUp(8)
  const bad: Syncable = {
    isAwaited: true,
    startSync: (ended) => ended(bad),
    finishSync() {
      throw new Error('assertion: a bug')
    },
  }
  const good = new FakeLog('good', events, { endsAtOnce: true })
  const next = new FakeLog('next', events)
  commits.add(bad)
  commits.add(good)
  turns.end()
  commits.add(next)
  t.throws(() => turns.end(), { message: 'assertion: a bug' })
  turns.end()
  t.same(taken(), ['good starts', 'next starts', 'good is told'])
})

t.test('syncs that nobody waits for run beside the rounds, two at once', async (t) => {
  const { turns, events, taken, commits } = setUp(8)
  const unawaited = ['x', 'y', 'z', 'u'].map((name) => new FakeLog(name, events, { isAwaited: false }))
  const [x, y, z, u] = unawaited as [FakeLog, FakeLog, FakeLog, FakeLog]
  for (const log of unawaited) commits.add(log)
  const a = new FakeLog('a', events)
  commits.add(a)
  turns.end()
  t.same(taken(), ['x starts', 'y starts', 'a starts'])
  a.end()
  commits.add(a)
  turns.end()
  t.same(taken(), ['a is told', 'a starts'], 'the rounds go on')
  u.isAwaited = true
  commits.hurry(u)
  a.end()
  turns.end()
  t.same(taken(), ['a is told', 'u starts'], 'somebody has come to wait for it')
  y.end()
  turns.end()
  t.same(taken(), ['y is told', 'z starts'])
  for (const log of [x, z, u]) log.end()
  turns.end()
  t.same(taken(), ['x is told', 'z is told', 'u is told'])
  t.ok(turns.areQuiet)
})

t.test('a round that lasts long does not keep the next one from beginning', async (t) => {
  const { turns, events, taken, commits } = setUp(8)
  const [a, b, c] = [new FakeLog('a', events), new FakeLog('b', events), new FakeLog('c', events)]
  commits.add(a)
  commits.add(b)
  turns.end()
  taken()
  b.end()
  turns.end()
  commits.add(b)
  commits.add(c)
  turns.end()
  t.same(taken(), ['b is told'])
  turns.ring()
  t.same(taken(), ['b starts', 'c starts'])
  for (const log of [a, b, c]) log.end()
  turns.end()
  t.same(taken(), ['a is told', 'b is told', 'c is told'])
  turns.ring()
  t.same(taken(), [])
})
