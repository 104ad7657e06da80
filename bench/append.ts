// What storage costs by itself, in CPU seconds of the process (pool included) for each GB:
// node --conditions=milena-source bench/append.ts [DIRECTORY]
//
//   append   a turn's batches come (copied in, as from a socket), checksum, offsets, one write into the page cache
//   copy     the copying in alone, to be taken off
//   tail     reads of 1 MiB from memory; cold: the same from the page cache
//
// The loop writes, however long the disk makes it wait. Files go to the temporary directory, or to DIRECTORY; they are
// not synced.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { realHost } from '../host/real/host.ts'
import { letGo, letGoOfAll } from '../host/slab.ts'
import { buildBatch } from '../protocol/records/builder.ts'
import { createStorageEnvironment } from '../storage/environment.ts'
import { Log } from '../storage/log/log.ts'
import { defaultLogConfig } from '../storage/log/log-config.ts'

const TOTAL_SIZE = 256 * 1024 * 1024
/** What arrives in a turn at most, from one connection or several. */
const TURN_SIZE = 256 * 1024
const READ_SIZE = 1024 * 1024
const TAIL_ROUNDS = 8
const ROUNDS = 3
const COUNTS = [1, 16, 256, 1024]

export interface AppendRow {
  readonly batch: string
  /** Of `ROUNDS` rounds the best of each: the nearest to a machine that does nothing else. */
  readonly [secondsPerGb: string]: string | number
}

const host = realHost({ logLevel: 'error' })

/** CPU seconds for each GB. */
async function measure(size: number, run: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6 / (size / 1e9)
}

const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function batchOf(kibibytes: number): Uint8Array {
  // One record, a little below the round size as a producer fills it.
  const value = new Uint8Array(kibibytes * 1024 - 100).fill(120)
  return buildBatch({ records: [{ key: null, value }], timestamp: 1_700_000_000_000 })
}

function received(template: Uint8Array): Uint8Array {
  const bytes = host.slabs.cut(template.length)
  bytes.set(template)
  return bytes
}

function openLog(directory: string, tailCacheSize: number): Log {
  const environment = createStorageEnvironment(host, { tailCacheSize, slowWriteMs: Number.POSITIVE_INFINITY })
  const config = { ...defaultLogConfig, maxMessageBytes: 2 * 1024 * 1024, segmentBytes: 1 << 30 }
  return Log.open({ environment, directory, topic: 'bench', partition: 0, config })
}

/** All is written when it returns. */
async function fill(log: Log | null, template: Uint8Array): Promise<void> {
  const perTurn = Math.max(1, Math.floor(TURN_SIZE / template.length))
  for (let left = Math.floor(TOTAL_SIZE / template.length); left > 0; left -= perTurn) {
    for (let index = 0; index < perTurn; index++) {
      const bytes = received(template)
      const error = log?.append(bytes, 0, 'client')
      if (error !== undefined && error.errorCode !== 0) throw new Error(error.errorMessage ?? `${error.errorCode}`)
      letGo(bytes)
    }
    await endOfTurn()
  }
  while (log !== null && log.writtenEndOffset < log.logEndOffset) await endOfTurn()
}

function readOnce(log: Log, offset: number): Promise<number> {
  return new Promise((resolve) => {
    log.read(offset, READ_SIZE, log.logEndOffset, true, (errorCode, slices, _size, nextOffset) => {
      if (errorCode !== 0) throw new Error(`error ${errorCode} at ${offset}`)
      letGoOfAll(slices)
      resolve(nextOffset)
    })
  })
}

async function readAll(log: Log, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (let offset = 0; offset < log.logEndOffset; ) offset = await readOnce(log, offset)
  }
}

async function once(parent: string, template: Uint8Array): Promise<Record<string, number>> {
  const directory = mkdtempSync(join(parent, 'milena-append-'))
  try {
    const log = openLog(join(directory, 'a'), 0)
    const append = await measure(TOTAL_SIZE, () => fill(log, template))
    const cold = await measure(TOTAL_SIZE, () => readAll(log, 1))
    log.abandon()
    const recent = openLog(join(directory, 'b'), 2 * TOTAL_SIZE)
    await fill(recent, template)
    const tail = await measure(TOTAL_SIZE * TAIL_ROUNDS, () => readAll(recent, TAIL_ROUNDS))
    recent.abandon()
    const copy = await measure(TOTAL_SIZE, () => fill(null, template))
    return { append, copy, tail, cold }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

export async function run(parent = tmpdir()): Promise<AppendRow[]> {
  const rows: AppendRow[] = []
  for (const kibibytes of COUNTS) {
    const template = batchOf(kibibytes)
    const best: Record<string, number> = {}
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, value] of Object.entries(await once(parent, template))) {
        best[name] = Math.min(best[name] ?? Number.POSITIVE_INFINITY, value)
      }
    }
    rows.push({ batch: `${kibibytes} KiB`, ...best })
  }
  return rows
}

if (import.meta.main) {
  process.stdout.write('CPU seconds for each GB\n')
  for (const { batch, ...figures } of await run(process.argv[2])) {
    const columns = Object.entries(figures).map(([name, value]) => `${name} ${Number(value).toFixed(3)}`)
    process.stdout.write(`${batch.padStart(9)}   ${columns.join('   ')}\n`)
  }
}
