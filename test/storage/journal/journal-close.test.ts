// What is under way in the journal when it is closed.

import t from 'tap'
import { simulate } from '../../../host/simulated/simulation.ts'
import { createStorageEnvironment } from '../../../storage/environment.ts'
import { Journal } from '../../../storage/journal/journal.ts'
import type { JournalRecord } from '../../../storage/journal/journal-record.ts'
import { append, id, open } from './journaled-logs.ts'

t.test('a write that the pool ends after the close is a failed one, and opens nothing', async (t) => {
  for (const isClean of [true, false]) {
    const simulation = simulate(10)
    const node = simulation.node('a', { disk: { syncLatencyMs: [1, 1], writeLatencyMs: [5, 5] } })
    node.host.disk.makeDirectory('/data')
    const options = { journalSize: 65_536, journalAfterSyncs: 0, slowWriteMs: 0, poolWriteFromSize: 1 }
    const environment = createStorageEnvironment(node.host, options)
    const journal = new Journal(environment, '/data', true, () => t.fail('nothing was lost'))
    journal.recovered()
    journal.admits(1)
    await simulation.run(500)
    t.ok(journal.admits(1))
    const told: string[] = []
    const log = {
      fillEntry(record: JournalRecord) {
        record.beginEntry(id, 0, told.length)
        record.append(new Uint8Array(100))
        record.endEntry()
        return told.length + 1
      },
      onJournaled: () => told.push('durable'),
      onLeftOut: () => told.push('left out'),
      settle: () => {},
    }
    for (let writes = 0; writes < 2; writes++) environment.writer.wroteInLoop(environment.writer.now())
    journal.add(log, 100)
    await simulation.run(10)
    t.same(told, ['durable'], 'by way of the pool')
    journal.add(log, 100)
    await simulation.run(1)
    t.equal(journal.recordCount, 2, 'under way')
    journal.close(isClean)
    let isQuiet = false
    void journal.quiet().then(() => {
      isQuiet = true
    })
    await simulation.run(1)
    t.notOk(isQuiet, 'what is under way may come to the file')
    const touched: string[] = []
    node.disk.fault = (operation, path) => {
      if (operation !== 'write') touched.push(`${operation} ${path}`)
      return null
    }
    await simulation.run(500)
    t.ok(isQuiet)
    t.same(told, ['durable', 'left out'])
    t.same(touched, [])
  }
})

t.test('what waits behind two records when it is closed is left out', async (t) => {
  const simulation = simulate(12)
  const node = simulation.node('a', { disk: { syncLatencyMs: [10, 10] } })
  node.host.disk.makeDirectory('/data')
  const environment = createStorageEnvironment(node.host, { journalSize: 1 << 20, journalAfterSyncs: 0 })
  const journal = new Journal(environment, '/data', true, () => t.fail('nothing was lost'))
  journal.recovered()
  journal.admits(1)
  await simulation.run(500)
  const told: string[] = []
  const add = async (name: string) => {
    const log = {
      fillEntry(record: JournalRecord) {
        record.beginEntry(id, 0, 0)
        record.append(new Uint8Array(20_000))
        record.endEntry()
        return 1
      },
      onJournaled: () => told.push(`${name} durable`),
      onLeftOut: () => told.push(`${name} left out`),
      settle: () => {},
    }
    journal.add(log, 20_000)
    await simulation.run(1)
  }
  for (const name of ['a', 'b', 'c']) await add(name)
  t.equal(journal.recordCount, 2)
  journal.close(false)
  await simulation.run(500)
  t.same(told, ['a durable', 'b durable', 'c left out'])
})

t.test('a directory is let go of when the pool is done with the filling of its journal', async (t) => {
  const simulation = simulate(10)
  const node = simulation.node('a', { disk: { syncLatencyMs: [1, 1], writeLatencyMs: [1, 1] } })
  const { directory, log } = open(node, { journalSize: 8 << 20, journalAfterSyncs: 5 })
  const first = log(0)
  await simulation.complete(directory.whenRecovered())
  while (directory.journalRecordCount === 0) {
    append(first, 'a record')
    await simulation.run(10)
  }
  node.disk.options.writeLatencyMs = [300, 300]
  await simulation.run(60)
  await simulation.complete(directory.close(1))
  const late: string[] = []
  node.disk.fault = (operation, path) => {
    late.push(`${operation} ${path}`)
    return null
  }
  await simulation.run(1000)
  t.same(late, [])
})
