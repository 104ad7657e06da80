import t from 'tap'
import { simulate } from '../../../host/simulated/simulation.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { writeFile } from '../../../storage/checkpoint.ts'
import { createStorageEnvironment } from '../../../storage/environment.ts'
import { completeSwaps } from '../../../storage/log/swap-files.ts'

t.test('a compaction that was interrupted is completed or forgotten', async (t) => {
  const batch = (offset: number): Uint8Array =>
    buildBatch({ baseOffset: offset, records: [{ key: null, value: new Uint8Array(10) }] })
  const cases: [string, string[], string[]][] = [
    [
      'deleted files go',
      ['00000000000000000000.log', '00000000000000000000.index.deleted'],
      ['00000000000000000000.log'],
    ],
    [
      'a finished copy replaces what it covers',
      [
        '00000000000000000000.log',
        '00000000000000000000.index',
        '00000000000000000000.log.swap',
        '00000000000000000009.log',
      ],
      ['00000000000000000000.log', '00000000000000000009.log'],
    ],
    [
      'an unfinished one goes, and copies from its offset on',
      ['00000000000000000000.log', '00000000000000000000.log.cleaned', '00000000000000000005.log.swap'],
      ['00000000000000000000.log'],
    ],
    [
      'snapshots of the metadata log stay',
      ['00000000000000000000.log', '00000000000000000005-0000000001.checkpoint.deleted'],
      ['00000000000000000000.log', '00000000000000000005-0000000001.checkpoint.deleted'],
    ],
  ]
  for (const [name, before, after] of cases) {
    const { host } = simulate(1).node('a')
    host.disk.makeDirectory('/data/t-0')
    for (const file of before)
      writeFile(host.disk, `/data/t-0/${file}`, file.includes('.log') ? batch(Number(file.slice(0, 20))) : '')
    t.same(completeSwaps(createStorageEnvironment(host), '/data/t-0'), after, name)
    t.same(
      host.disk.list('/data/t-0').map((entry) => entry.name),
      after,
    )
  }
})
