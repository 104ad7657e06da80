import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import * as batch from '../../../protocol/records/batch.ts'
import { BatchCursor } from '../../../protocol/records/cursor.ts'
import { CorruptBatch } from '../../../protocol/records/errors.ts'
import * as at from '../../../protocol/records/layout.ts'
import { readBatch, recordFaults } from '../../../protocol/records/record.ts'

const ROUNDS = 6_000
const MAX_SIZE = 4 * 1024 * 1024
const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31))

/** mulberry32 */
let state = seed
function random(below: number): number {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
}

const originals: Buffer[] = gunzipSync(readFileSync(new URL('../../oracle/batches.jsonl.gz', import.meta.url)))
  .toString()
  .trim()
  .split('\n')
  .map((line) => Buffer.from(JSON.parse(line).hex, 'hex'))

function mutate(original: Buffer): Buffer {
  let bytes = Buffer.from(original)
  for (let count = 1 + random(4); count > 0; count--) {
    const position = random(bytes.length)
    const kind = random(6)
    if (kind === 0) bytes = bytes.subarray(0, Math.max(1, position))
    else if (kind === 1) bytes[position] = random(256)
    else if (kind === 2) bytes[position] = bytes[position]! ^ (1 << random(8))
    else if (kind === 3)
      bytes.writeInt32BE(
        [-1, 0x7fffffff, 0, random(2 ** 31)][random(4)]!,
        Math.max(0, Math.min(position, bytes.length - 4)),
      )
    else if (kind === 4) bytes.copy(bytes, random(bytes.length), position, position + random(64))
    else bytes = Buffer.concat([bytes, original.subarray(position)])
    if (bytes.length < 4) return Buffer.from(original)
  }
  return bytes
}

/** Keeps the length and checksum right, so that the damage reaches the code behind those checks. */
function seal(bytes: Buffer): void {
  if (bytes.length < at.RECORDS || bytes[at.MAGIC] !== 2) return
  bytes.writeInt32BE(bytes.length - at.LOG_OVERHEAD, at.BATCH_LENGTH)
  bytes.writeUInt32BE(batch.computeCrc(bytes, batch.viewOf(bytes), 0), at.CRC)
}

function readAll(bytes: Buffer): 'read' | 'refused' {
  const view = batch.viewOf(bytes)
  const cursor = new BatchCursor()
  batch.producedBatchFault(bytes, view, 0, bytes.length)
  cursor.reset(bytes, view, 0, bytes.length)
  try {
    while (cursor.next()) {
      cursor.verifyCrc()
      if (cursor.baseOffset > Number.MAX_SAFE_INTEGER) return 'refused'
      if (cursor.magic === 2) recordFaults(bytes, view, cursor.position, { maxSize: MAX_SIZE, keysRequired: true })
      readBatch(bytes, view, cursor.position, MAX_SIZE)
    }
    return cursor.fault === null ? 'read' : 'refused'
  } catch (error) {
    if (error instanceof CorruptBatch) return 'refused'
    throw error
  }
}

t.test(`damaged batches are read or refused, never more (SEED=${seed})`, async (t) => {
  const before = process.memoryUsage().arrayBuffers
  const outcomes = { read: 0, refused: 0 }
  let peak = 0
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = mutate(originals[random(originals.length)]!)
    if (random(4) !== 0) seal(bytes)
    try {
      outcomes[readAll(bytes)]++
    } catch (error) {
      t.error(error, `round ${round}: ${bytes.toString('hex').slice(0, 400)}`)
      return
    }
    if (round % 100 === 0) peak = Math.max(peak, process.memoryUsage().arrayBuffers - before)
  }
  t.equal(outcomes.read + outcomes.refused, ROUNDS)
  t.ok(outcomes.read > 0 && outcomes.refused > 0, JSON.stringify(outcomes))
  t.ok(peak < 512 * 1024 * 1024, `at most ${peak} bytes of buffers`)
})
