import t from 'tap'
import { TimerTable } from '../../../../broker/coordinator/runtime/timer-table.ts'
import { simulate } from '../../../../host/simulated/simulation.ts'
import { seed } from '../../../host/implementations.ts'

t.test('a deadline that moves away costs no new timer, one that moves nearer does', async (t) => {
  const simulation = simulate(seed)
  const timers = new TimerTable(simulation.node('broker').host)
  const woken: [string, number][] = []
  const schedule = (key: string, delayMs: number) =>
    timers.schedule(key, delayMs, () => woken.push([key, Math.round(simulation.nowMs)]))
  schedule('a', 100)
  schedule('b', 100)
  schedule('c', 100)
  await simulation.run(50)
  schedule('a', 100)
  schedule('b', 10)
  timers.cancel('c')
  await simulation.run(1000)
  t.same(woken, [
    ['b', 60],
    ['a', 150],
  ])
  t.equal(timers.size, 0)
})

t.test('who stood still hears first what came meanwhile', async (t) => {
  const simulation = simulate(seed)
  const { host } = simulation.node('broker')
  const timers = new TimerTable(host)
  let woken = 0
  timers.schedule('session', 100, () => woken++)
  // Both are overdue: the timer's turn begins before that of the socket.
  host.timers.after(100, () => timers.schedule('session', 100, () => woken++))
  await simulation.run(150)
  t.equal(woken, 0)
  await simulation.run(100)
  t.equal(woken, 1)
})
