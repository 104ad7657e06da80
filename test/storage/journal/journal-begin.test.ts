// When the journal is begun, how much of it is made, and when one that is there already is used.

import t from 'tap'
import { simulate } from '../../../host/simulated/simulation.ts'
import { append, open } from './journaled-logs.ts'

const FILES = ['/data/.milena-journal-0', '/data/.milena-journal-1']
const options = { journalSize: 8 << 20, journalAfterSyncs: 5 }

t.test('a part of it after a few syncs, all of it after many; and at once by the next run', async (t) => {
  const simulation = simulate(11)
  const node = simulation.node('a')
  const first = open(node, options)
  const made = () => FILES.map((path) => (node.host.disk.exists(path) ? node.disk.bytes(path).length : 0))
  const log = first.log(0)
  await simulation.complete(first.directory.whenRecovered())
  const appendSome = async (count: number) => {
    for (let appends = 0; appends < count; appends++) {
      append(log, 'a record')
      await simulation.run(10)
    }
  }
  const sizes = () => made().sort((a, b) => b - a)
  await appendSome(2)
  t.same(sizes(), [0, 0])
  for (let appends = 0; sizes()[0] === 0 && appends < 10; appends++) await appendSome(1)
  await simulation.run(60_000)
  t.same(sizes(), [1 << 20, 0], 'nobody needs more')
  await appendSome(10)
  await simulation.run(2000)
  t.same(sizes(), [2 << 20, 0])
  await appendSome(50)
  await simulation.run(2000)
  t.same(made(), [4 << 20, 4 << 20])
  await simulation.complete(first.directory.close(1))

  node.restart()
  const next = open(node, options)
  const again = next.log(0)
  await simulation.complete(next.directory.whenRecovered())
  for (const value of ['makes the first sync', 'the second']) {
    append(again, value)
    await simulation.run(100)
  }
  t.equal(next.directory.journalRecordCount, 1)
})
