// How the journal's files come to be, while it is used already.

import t from 'tap'
import type { DiskError } from '../../../host/disk.ts'
import { simulate } from '../../../host/simulated/simulation.ts'
import { JournalFile } from '../../../storage/journal/journal-file.ts'
import { append, losePower, open, valuesOf } from './journaled-logs.ts'

/** A machine whose journal is usable and not as long yet as it shall be, with logs that were the first in it. */
async function begin(seed: number) {
  const simulation = simulate(seed)
  const node = simulation.node('a', { disk: { syncLatencyMs: [1, 1], writeLatencyMs: [0.1, 0.1] } })
  const opened = open(node)
  const logs = Array.from({ length: 5 }, (_, partition) => opened.log(partition))
  await simulation.complete(opened.directory.whenRecovered())
  append(opened.log(99), 'makes the journal')
  for (const log of logs) append(log, 'first')
  await simulation.run(20)
  const sizes = () => [0, 1].map((index) => node.disk.bytes(`/data/.milena-journal-${index}`).length)
  return { simulation, node, logs, sizes, ...opened }
}

t.test('the first part of one file is enough to begin; the rest comes meanwhile', async (t) => {
  const { simulation, node, logs, log, sizes } = await begin(20)
  t.same(sizes(), [16_384, 0])
  t.ok(logs.every(({ durableEndOffset, recoveryPoint }) => durableEndOffset === 1 && recoveryPoint === 0))
  t.equal(log(99).recoveryPoint, 1)
  for (let count = 0; count < 20; count++) {
    append(logs[0]!, `${count}`, 3000)
    await simulation.run(3)
  }
  t.equal(logs[0]!.durableEndOffset, 21)
  await simulation.run(500)
  t.same(sizes(), [32_768, 32_768])
  losePower(node)
  const next = open(node)
  t.same(valuesOf(next.log(3)), ['first'])
  t.equal(valuesOf(next.log(0)).length, 21)
})

t.test('where there is no room for the rest, it is tried again', async (t) => {
  const { simulation, node, logs, sizes } = await begin(21)
  node.disk.fault = (operation, path) => (operation === 'write' && path.includes('journal') ? 'full' : null)
  await simulation.run(100)
  append(logs[0]!, 'second')
  await simulation.run(10)
  t.match(logs[0], { durableEndOffset: 2, recoveryPoint: 2 })
  node.disk.fault = null
  await simulation.run(3000)
  t.same(sizes(), [32_768, 32_768])
})

t.test('a sync of the rest that fails may have been of records: the directory goes offline', async (t) => {
  const { simulation, node, directory } = await begin(22)
  node.disk.fault = (operation, path) => (operation === 'sync' && path.includes('journal') ? 'failed' : null)
  await simulation.run(100)
  t.ok(directory.isOffline)
})

t.test('what a stop has left shorter is gone on with', async (t) => {
  const { simulation, node, directory, sizes } = await begin(23)
  await simulation.complete(directory.close(1))
  t.same(sizes(), [16_384, 0])
  node.restart()
  const next = open(node)
  const log = next.log(0)
  await simulation.complete(next.directory.whenRecovered())
  append(log, 'second')
  await simulation.run(20)
  append(log, 'third')
  await simulation.run(20)
  t.match(log, { durableEndOffset: 3, recoveryPoint: 2 })
  t.same(sizes(), [16_384, 16_384])
  losePower(node)
  t.same(valuesOf(open(node).log(0)), ['first', 'second', 'third'])
})

t.test('what is lost while a file is filled is told to the sync of records beside it too', async (t) => {
  const simulation = simulate(24)
  const node = simulation.node('a', { disk: { syncLatencyMs: [1, 1], writeLatencyMs: [0.1, 0.1] } })
  const file = new JournalFile(node.host.disk, '/journal')
  const errors: Record<string, DiskError | null> = {}
  file.fill(4096, (error) => {
    errors['first part'] = error
  })
  await simulation.run(5)
  t.equal(file.size, 2048)
  file.beginLap(1, 7)
  file.write(new Uint8Array(512).fill(1))
  file.fill(4096, (error) => {
    errors['second part'] = error
  })
  file.sync(0, (error) => {
    errors.record = error
  })
  let failures = 1
  node.disk.fault = (operation) => (operation === 'sync' && failures-- > 0 ? 'failed' : null)
  await simulation.run(5)
  t.match(errors, { 'first part': null, 'second part': { reason: 'failed' }, record: { reason: 'failed' } })
  t.equal(file.size, 2048)
  file.close()
})

t.test('where no more files can be opened, the rest is tried again', async (t) => {
  const { simulation, node, logs, sizes } = await begin(25)
  node.disk.fault = (operation, path) => (operation === 'open' && path.includes('journal') ? 'exhausted' : null)
  await simulation.run(100)
  append(logs[0]!, 'second')
  await simulation.run(10)
  t.equal(logs[0]!.durableEndOffset, 2)
  t.same(sizes(), [32_768, 0])
  node.disk.fault = null
  await simulation.run(3000)
  t.same(sizes(), [32_768, 32_768])
})
