// Logs with batches of magic 0 and 1, as brokers before Kafka 0.11 have left them: read, moved, never written anew.

import { readFileSync } from 'node:fs'
import { crc32, gunzipSync } from 'node:zlib'
import t from 'tap'
import { simulate } from '../../../host/simulated/simulation.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { viewOf } from '../../../protocol/records/batch.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { segmentFileName } from '../../../storage/file-names.ts'
import { DIRECTORY, openLog, readAllOffsets } from '../logs.ts'

interface OracleBatch {
  readonly name: string
  readonly magic: number
  readonly bytes: Uint8Array
  readonly offsets: readonly number[]
}

/** Record sets as Kafka writes them. */
function oracleBatches(): OracleBatch[] {
  const file = new URL('../../oracle/batches.jsonl.gz', import.meta.url)
  const lines = gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n')
  return lines.map((line) => {
    const parsed: { magic: number; codec: string; hex: string; batches: { records: { offset: number }[] }[] } =
      JSON.parse(line)
    const { magic, codec, hex, batches } = parsed
    const offsets = batches.flatMap(({ records }) => records.map(({ offset }) => offset))
    return { name: `magic ${magic}, ${codec}`, magic, bytes: Buffer.from(hex, 'hex'), offsets }
  })
}

t.test('batches of magic 0 and 1 in old segments are read, also compressed ones', async (t) => {
  for (const vector of oracleBatches().filter(({ magic }) => magic < 2)) {
    const node = simulate(11).node('a')
    const { disk } = node.host
    disk.makeDirectory(DIRECTORY)
    const file = disk.open(`${DIRECTORY}/${segmentFileName(vector.offsets[0]!, '.log')}`, 'write')
    file.writeSync([vector.bytes], 0)
    file.close()
    const log = openLog(node)
    const last = vector.offsets[vector.offsets.length - 1]!
    t.match(log, { logEndOffset: last + 1, recoveryReport: { bytesCut: 0 } }, vector.name)
    t.same(readAllOffsets(log), vector.offsets)
    t.same(readAllOffsets(log, last).slice(-1), [last])
    log.append(
      buildBatch({ timestamp: 1_767_225_600_000, records: [{ key: null, value: Buffer.from('new') }] }),
      0,
      'client',
    )
    t.equal(log.logEndOffset, last + 2)
    // As they are moved to another log directory.
    const copy = openLog(simulate(11).node('b'))
    copy.truncateFullyAndStartAt(vector.offsets[0]!)
    t.match(copy.appendAsFollower(vector.bytes.slice()), { errorCode: ErrorCode.NONE, baseOffset: vector.offsets[0] })
    t.same(readAllOffsets(copy), vector.offsets)
    const damaged = vector.bytes.slice()
    damaged[damaged.length - 1]! ^= 1
    copy.truncateFullyAndStartAt(vector.offsets[0]!)
    t.match(copy.appendAsFollower(damaged), { errorCode: ErrorCode.CORRUPT_MESSAGE })
  }
})

t.test('a compressed message of an old format that its producer has spoilt keeps no log from opening', async (t) => {
  const vector = oracleBatches().find(({ magic, name }) => magic === 1 && name.includes('gzip'))!
  const spoilt = vector.bytes.slice()
  const view = viewOf(spoilt)
  spoilt.fill(0xff, spoilt.length - 8)
  // The checksum of what is there: from behind itself to the end.
  view.setUint32(12, crc32(spoilt.subarray(16)))
  const node = simulate(11).node('a')
  node.host.disk.makeDirectory(DIRECTORY)
  const file = node.host.disk.open(`${DIRECTORY}/${segmentFileName(vector.offsets[0]!, '.log')}`, 'write')
  file.writeSync([spoilt], 0)
  file.close()
  t.match(openLog(node), { logEndOffset: vector.offsets.at(-1)! + 1, recoveryReport: { bytesCut: 0 } })
  const copy = openLog(simulate(11).node('b'))
  copy.truncateFullyAndStartAt(vector.offsets[0]!)
  t.match(copy.appendAsFollower(spoilt), { errorCode: ErrorCode.CORRUPT_MESSAGE })
})
