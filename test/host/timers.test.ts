// One suite for every implementation of clock, timers and random; then what virtual time adds.

import t from 'tap'
import { simulate } from '../../host/simulated/simulation.ts'
import { seed, subjects } from './implementations.ts'

for (const subject of subjects(t)) {
  const { host, complete } = subject
  const pause = (ms: number) => complete(new Promise<void>((resolve) => void keepAlive(ms, resolve)))
  /** A host's timer keeps no process alive: this one does. */
  const keepAlive = (ms: number, run: () => void) => {
    const guard = setTimeout(() => {}, 10_000)
    host.timers.after(ms, () => {
      clearTimeout(guard)
      run()
    })
  }

  t.test(`timers, ${subject.name}`, async (t) => {
    t.test('run after their delay, shorter ones first', async (t) => {
      const order: string[] = []
      const start = host.clock.monotonic()
      host.timers.after(20, () => order.push('20'))
      host.timers.after(1, () => order.push('1'))
      await pause(40)
      t.same(order, ['1', '20'])
      t.ok(host.clock.monotonic() - start >= 39, 'no earlier')
    })

    t.test('never run when cancelled', async (t) => {
      const timer = host.timers.after(1, () => t.fail('ran'))
      timer.cancel()
      timer.cancel()
      await pause(10)
    })

    t.test('a delay beyond 31 bits does not run at once', async (t) => {
      const timer = host.timers.after(2 ** 33, () => t.fail('ran'))
      await pause(10)
      timer.cancel()
    })

    t.test('the end of a turn comes once for all who asked, after the promises of the turn', async (t) => {
      const order: string[] = []
      const done = new Promise<void>((resolve) => {
        host.timers.endOfTurn(() => {
          order.push('first')
          host.timers.endOfTurn(() => {
            order.push('next turn')
            resolve()
          })
        })
        host.timers.endOfTurn(() => order.push('second'))
        void Promise.resolve().then(() => order.push('promise'))
        order.push('call')
      })
      await complete(done)
      t.same(order, ['call', 'promise', 'first', 'second', 'next turn'])
    })

    t.test('clock', async (t) => {
      t.ok(Number.isInteger(host.clock.now()))
      t.ok(host.clock.now() > 1.7e12)
    })

    t.test('random numbers are below their bound and reach all of it', async (t) => {
      const seen = new Set<number>()
      for (let count = 0; count < 500; count++) seen.add(host.random.below(7))
      t.same([...seen].sort(), [0, 1, 2, 3, 4, 5, 6])
      t.equal(host.random.below(1), 0)
      const large = host.random.below(Number.MAX_SAFE_INTEGER)
      t.ok(Number.isSafeInteger(large) && large >= 0)
      t.throws(() => host.random.below(0))
      t.ok(host.random.fill(new Uint8Array(64)).some((byte) => byte !== 0))
    })
  })
}

t.test('simulation', async (t) => {
  t.test('the same seed gives the same run, another seed another', async (t) => {
    const trace = async (seed: number) => {
      const simulation = simulate(seed)
      const { host } = simulation.node('a')
      const order: string[] = []
      const file = host.disk.open('/data/f', 'write')
      for (let index = 0; index < 20; index++) {
        file.write([new Uint8Array(10)], index * 10, () => order.push(`${index}@${host.clock.monotonic()}`))
      }
      await simulation.run(1000)
      return order.join(' ')
    }
    t.equal(await trace(seed), await trace(seed))
    t.not(await trace(seed), await trace(seed + 1))
  })

  t.test('an hour passes at once, and clocks are skewed as told', async (t) => {
    const simulation = simulate(seed)
    const a = simulation.node('a')
    const b = simulation.node('b', { clockSkewMs: -5000 })
    let ran = 0
    a.host.timers.after(3_600_000, () => ran++)
    await simulation.run(3_599_999)
    t.equal(ran, 0)
    await simulation.run(1)
    t.equal(ran, 1)
    t.equal(a.host.clock.now() - b.host.clock.now(), 5000)
    b.clockSkewMs = 1
    t.equal(a.host.clock.now() - b.host.clock.now(), -1)
  })

  t.test('a state that is not reached is an error that names the seed', async (t) => {
    const simulation = simulate(42)
    await t.rejects(
      simulation.runUntil(() => false),
      { message: /seed 42.*nothing is left/ },
    )
    simulation.node('a').host.timers.after(100, () => {})
    await t.rejects(simulation.complete(new Promise(() => {}), 50), { message: /seed 42.*50 virtual ms/ })
  })

  t.test('what is logged is kept', async (t) => {
    const node = simulate(seed).node('a')
    node.host.logger.warn('disk is slow', { path: '/data/a b', ms: 12, size: 3n })
    t.same(node.logger.lines(), ['2026-01-01T00:00:00.000Z WARN  disk is slow path="/data/a b" ms=12 size=3'])
  })
})
