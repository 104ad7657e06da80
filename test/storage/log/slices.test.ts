// The memory of batches on its way through a log: held until it is written and out of the tail, and by each reader
// until he lets go. The simulated machine overwrites what nobody holds.

import t from 'tap'
import { type Simulation, simulate } from '../../../host/simulated/simulation.ts'
import { letGo, letGoOfAll } from '../../../host/slab.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { readRecords } from '../../../protocol/records/record.ts'
import { createStorageEnvironment } from '../../../storage/environment.ts'
import { Log } from '../../../storage/log/log.ts'
import { defaultLogConfig } from '../../../storage/log/log-config.ts'

const VALUE_SIZE = 1000

function openLog(simulation: Simulation, tailCacheSize: number, segmentBytes = 1 << 30) {
  const { host } = simulation.node('a')
  const environment = createStorageEnvironment(host, { tailCacheSize })
  const config = { ...defaultLogConfig, segmentBytes }
  const log = Log.open({ environment, directory: '/data/topic-0', topic: 'topic', partition: 0, config })
  return { host, log }
}

type Opened = ReturnType<typeof openLog>

/** As a connection does: the bytes are let go of when the append has returned. */
function produce({ host, log }: Opened, value: number): number {
  const built = buildBatch({ records: [{ key: null, value: new Uint8Array(VALUE_SIZE).fill(value) }], timestamp: 1 })
  const bytes = host.slabs.cut(built.length)
  bytes.set(built)
  const { errorCode } = log.append(bytes, 0, 'client')
  letGo(bytes)
  return errorCode
}

/** Uses up the memory that is free: what is still read afterwards has been held. */
function overwrite({ host }: Opened): void {
  const taken = Array.from({ length: 20 }, () => host.slabs.take(1 << 20))
  for (const bytes of taken) bytes.fill(0xee)
  letGoOfAll(taken)
}

function read(simulation: Simulation, log: Log, offset: number, maxSize: number): Promise<Uint8Array[]> {
  return simulation.complete(
    new Promise((resolve) => {
      log.read(offset, maxSize, log.logEndOffset, true, (_code, slices) => resolve(slices))
    }),
  )
}

function values(slices: readonly Uint8Array[]): number[] {
  return slices.flatMap((slice) => readRecords(slice)).map(({ value }) => value?.[0] ?? -1)
}

const numbers = (count: number, first = 0): number[] => Array.from({ length: count }, (_, index) => first + index)

for (const tailCacheSize of [0, 10_000, 1 << 20]) {
  t.test(`what is appended stays as it is until it is written, with a tail of ${tailCacheSize}`, async (t) => {
    const simulation = simulate(1)
    const opened = openLog(simulation, tailCacheSize, 20_000)
    for (let round = 0; round < 5; round++) {
      for (let index = 0; index < 10; index++) produce(opened, round * 10 + index)
      overwrite(opened)
      await simulation.run(1)
      overwrite(opened)
    }
    const found: number[] = []
    while (found.length < 50) found.push(...values(await read(simulation, opened.log, found.length, 5000)))
    t.same(found, numbers(50))
  })

  t.test(`a slice stays as it is until its reader lets go, with a tail of ${tailCacheSize}`, async (t) => {
    const simulation = simulate(2)
    const opened = openLog(simulation, tailCacheSize)
    for (let index = 0; index < 10; index++) produce(opened, index)
    await simulation.run(1)
    const first = await read(simulation, opened.log, 0, 1 << 20)
    const second = await read(simulation, opened.log, 0, 3500)
    opened.log.truncateTo(0)
    for (let index = 0; index < 10; index++) produce(opened, 100 + index)
    await simulation.run(1)
    overwrite(opened)
    t.same(values(first), numbers(10))
    letGoOfAll(first)
    overwrite(opened)
    t.same(values(second), numbers(3))
    letGoOfAll(second)
    t.same(values(await read(simulation, opened.log, 0, 1 << 20)), numbers(10, 100))
  })
}

t.test('memory comes back when everybody has let go', async (t) => {
  const simulation = simulate(3)
  const opened = openLog(simulation, 100_000)
  const { host, log } = opened
  for (let round = 0; round < 100; round++) {
    for (let index = 0; index < 100; index++) produce(opened, index)
    await simulation.run(1)
    letGoOfAll(await read(simulation, log, round * 100 + 50, 20_000))
    letGoOfAll(await read(simulation, log, 0, 20_000))
  }
  log.close()
  // 10 MB went through: a slab that is being filled, one that is being emptied, one of a cold read.
  t.ok(host.slabs.freeSize > 0 && host.slabs.freeSize <= 3 << 20, `${host.slabs.freeSize} bytes are free`)
})

t.test('what cannot be written is let go of', async (t) => {
  const simulation = simulate(4)
  const opened = openLog(simulation, 1 << 20)
  const { disk } = simulation.node('a')
  await simulation.run(1)
  disk.fault = (operation) => (operation === 'write' ? 'full' : null)
  for (let round = 0; round < 20; round++) {
    for (let index = 0; index < 200; index++) produce(opened, index)
    await simulation.run(200)
  }
  t.equal(opened.log.logEndOffset, 0)
  t.ok(opened.host.slabs.freeSize <= 3 << 20)
  disk.fault = null
  t.equal(produce(opened, 7), 0)
  await simulation.run(1)
  t.same(values(await read(simulation, opened.log, 0, 1000)), [7])
})
