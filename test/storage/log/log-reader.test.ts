// How often cold reads go to the disk. What they answer is in log.test.ts and slices.test.ts.

import t from 'tap'
import { simulate } from '../../../host/simulated/simulation.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { createStorageEnvironment } from '../../../storage/environment.ts'
import { Log } from '../../../storage/log/log.ts'
import { defaultLogConfig } from '../../../storage/log/log-config.ts'

const COUNT = 20

t.test('readers at different places read each large batch once', async (t) => {
  const simulation = simulate(1)
  const node = simulation.node('a')
  const environment = createStorageEnvironment(node.host, { tailCacheSize: 0 })
  const log = Log.open({
    environment,
    directory: '/data/topic-0',
    topic: 'topic',
    partition: 0,
    config: defaultLogConfig,
  })
  const value = new Uint8Array(100_000)
  for (let index = 0; index < COUNT; index++) log.append(buildBatch({ records: [{ key: null, value }] }), 0, 'client')
  await simulation.run(1)
  let reads = 0
  node.disk.fault = (operation, path) => {
    if (operation === 'read' && path.endsWith('.log')) reads++
    return null
  }
  const read = (offset: number) =>
    simulation.complete(
      new Promise<number>((resolve) => {
        log.read(offset, 120_000, log.logEndOffset, true, (_code, _slices, _size, nextOffset) => resolve(nextOffset))
      }),
    )
  const readers = [0, 3, 6, 9, 12]
  // Each has to find its place first.
  for (const [index, offset] of readers.entries()) readers[index] = await read(offset)
  t.ok(reads <= 2 * readers.length)
  reads = 0
  for (let round = 0; round < 7; round++) {
    for (const [index, offset] of readers.entries()) {
      t.equal(await read(offset), offset + 1)
      readers[index] = offset + 1
    }
  }
  t.equal(reads, 7 * readers.length)
})
