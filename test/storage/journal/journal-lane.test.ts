// Two records of the journal at one time: what waits for the one under way, and what does not.

import t from 'tap'
import type { SimulatedNode } from '../../../host/simulated/node.ts'
import { simulate } from '../../../host/simulated/simulation.ts'
import { append, losePower, open, valuesOf } from './journaled-logs.ts'

async function start(seed: number) {
  const simulation = simulate(seed)
  const node = simulation.node('a', { disk: { syncLatencyMs: [10, 10], writeLatencyMs: [0.1, 0.1] } })
  const opened = open(node, { journalSize: 4 << 20 })
  const logs = [opened.log(0), opened.log(1), opened.log(2)] as const
  await simulation.complete(opened.directory.whenRecovered())
  for (const value of ['first', 'second']) {
    for (const log of logs) append(log, value)
    await simulation.run(1000)
  }
  return { simulation, node, logs, ...opened }
}

/** Of the journal. */
function failNextSync(node: SimulatedNode): void {
  let faults = 0
  node.disk.fault = (operation, path) => {
    if (operation !== 'sync' || !path.includes('journal') || faults > 0) return null
    faults++
    return 'failed'
  }
}

t.test('a little that comes while a record is synced waits for it, much does not', async (t) => {
  const { simulation, logs, directory } = await start(21)
  const [a, b, c] = logs
  const before = directory.journalRecordCount
  append(a, 'under way')
  await simulation.run(5)
  append(b, 'a little')
  await simulation.run(1)
  t.equal(directory.journalRecordCount, before + 1)
  append(c, 'much', 20_000)
  await simulation.run(1)
  t.equal(directory.journalRecordCount, before + 2)
  t.same([a.durableEndOffset, b.durableEndOffset, c.durableEndOffset], [2, 2, 2])
  await simulation.run(4)
  t.same([a.durableEndOffset, b.durableEndOffset, c.durableEndOffset], [3, 2, 2])
  await simulation.run(6)
  t.same([a.durableEndOffset, b.durableEndOffset, c.durableEndOffset], [3, 3, 3])
})

t.test('a record is there after a crash, whether or not the one before it is', async (t) => {
  const { simulation, node, logs } = await start(22)
  const [a, b, c] = logs
  append(a, 'under way')
  await simulation.run(1)
  append(b, 'much', 20_000)
  await simulation.run(1)
  append(c, 'more', 20_000)
  await simulation.run(10)
  t.same([a.durableEndOffset, b.durableEndOffset, c.durableEndOffset], [3, 3, 2])
  losePower(node)
  const next = open(node)
  t.same(valuesOf(next.log(0)), ['first', 'second', 'under way'])
  t.same(valuesOf(next.log(1)), ['first', 'second', 'much'])
})

t.test('a failed sync takes the directory offline, also those whose record is synced beside it', async (t) => {
  const { simulation, node, logs } = await start(23)
  const [a, b] = logs
  const failed: string[] = []
  for (const [index, log] of logs.entries()) {
    log.listener = { onWritten() {}, onDurable() {}, onFailed: () => failed.push(`${index}`) }
  }
  append(a, 'under way')
  await simulation.run(1)
  append(b, 'much', 20_000)
  await simulation.run(1)
  failNextSync(node)
  await simulation.run(100)
  t.same([a.durableEndOffset, b.durableEndOffset], [2, 2])
  t.same(failed.sort(), ['0', '1', '2'])
})

t.test('a truncation whose sync fails takes the directory offline, and the record under way with it', async (t) => {
  const { simulation, node, logs, directory } = await start(24)
  const [a, b] = logs
  append(a, 'under way')
  await simulation.run(1)
  failNextSync(node)
  t.throws(() => b.truncateTo(1))
  await simulation.run(100)
  t.equal(a.durableEndOffset, 2)
  t.ok(directory.isOffline)
})
