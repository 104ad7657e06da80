// What the machine can do at best, with nothing of Milena but its checksum: the floor under every figure of a broker.
// npm run bench -- limits [DIRECTORY]
//
//   loopback   one process sends, another receives into one buffer and looks at nothing
//   page cache 1 MiB a call, appended to a file and read back; and appended on and on, until it is memory that the
//              kernel has not had for long: on a virtual machine the host must give such pages back first
//   fdatasync  of appended blocks, one after the other: how often a disk can promise

import { once } from 'node:events'
import {
  closeSync,
  fdatasyncSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32c } from '../protocol/records/crc32c.ts'
import { run } from '../test/clients/harness.ts'
import { resultFile } from './compare.ts'
import { describe, machine } from './machine.ts'
import { Latencies } from './statistics.ts'
import { markdown, type Table } from './table.ts'

const amount = 2e9
const chunkSize = 256 * 1024
const blockSize = 1024 * 1024
const syncMs = 1500
/** More than the rounds before have left behind. */
const freshAmount = 6e9
const syncSizes = [4096, 16_384, 262_144, 1_048_576]
const rounds = 3

const cpuSecondsOf = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1e6

/** CPU seconds per GB. */
export interface Costs {
  readonly receive: number
  readonly send: number
  readonly checksumSmall: number
  readonly checksumLarge: number
  readonly append: number
  /** The dearest GB of many. */
  readonly appendFresh: number
  readonly read: number
}

export async function limits(parent = tmpdir()): Promise<void> {
  await inDirectory(parent, async (directory) => {
    const costs = await costsIn(directory)
    const costTable: Table = {
      title: 'CPU s/GB',
      columns: ['what', 's/GB'],
      rows: [
        ['loopback, receiving side', costs.receive],
        ['loopback, sending side', costs.send],
        ['CRC-32C of 16 KiB', costs.checksumSmall],
        ['CRC-32C of 1 MiB', costs.checksumLarge],
        ['page cache, append 1 MiB, memory used a moment ago', costs.append],
        ['page cache, append 1 MiB, memory not used for long', costs.appendFresh],
        ['page cache, read 1 MiB', costs.read],
      ],
    }
    const syncs: Table = {
      title: 'fdatasync of appended blocks',
      columns: ['block bytes', 'per second', 'MB/s', 'p50 ms', 'p99 ms'],
      rows: syncSizes.map((size) => [String(size), ...syncsOf(join(directory, `${size}`), size)]),
    }
    const text = [describe(machine()), '', markdown(costTable), markdown(syncs)].join('\n')
    process.stdout.write(text)
    writeFileSync(resultFile('limits.md'), `# What the machine can do\n\n${text}`)
  })
}

export function costs(parent = tmpdir()): Promise<Costs> {
  return inDirectory(parent, costsIn)
}

async function inDirectory<T>(parent: string, use: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(parent, 'milena-limits-'))
  try {
    return await use(directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

async function costsIn(directory: string): Promise<Costs> {
  const file = join(directory, 'file')
  return {
    ...(await loopback()),
    checksumSmall: best(() => crcOf(16 * 1024)),
    checksumLarge: best(() => crcOf(blockSize)),
    append: best(() => append(file)),
    appendFresh: appendFresh(file),
    read: best(() => readBack(file)),
  }
}

/** The best of some rounds: the nearest to a machine that does nothing else. */
function best(cost: () => number): number {
  return Math.min(...Array.from({ length: rounds }, cost))
}

/** CPU seconds per GB of what moves `amount` bytes in steps. */
function perGigabyte(step: number, act: () => void): number {
  const before = process.cpuUsage()
  for (let moved = 0; moved < amount; moved += step) act()
  return cpuSecondsOf(process.cpuUsage(before)) / (amount / 1e9)
}

function crcOf(size: number): number {
  const bytes = new Uint8Array(size).fill(7)
  return perGigabyte(size, () => crc32c(bytes, 0))
}

function append(path: string): number {
  const block = Buffer.alloc(blockSize, 7)
  const file = openSync(path, 'w')
  const cost = perGigabyte(blockSize, () => writeSync(file, block))
  closeSync(file)
  return cost
}

function appendFresh(path: string): number {
  const block = Buffer.alloc(blockSize, 7)
  const file = openSync(path, 'w')
  let dearest = 0
  for (let written = 0; written < freshAmount; written += amount)
    dearest = Math.max(
      dearest,
      perGigabyte(blockSize, () => writeSync(file, block)),
    )
  ftruncateSync(file, amount)
  closeSync(file)
  return dearest
}

function readBack(path: string): number {
  const block = Buffer.alloc(blockSize)
  const file = openSync(path, 'r')
  let position = 0
  const cost = perGigabyte(blockSize, () => {
    position += readSync(file, block, 0, blockSize, position)
  })
  closeSync(file)
  return cost
}

function syncsOf(path: string, size: number): number[] {
  const block = Buffer.alloc(size, 7)
  const file = openSync(path, 'w')
  const latencies = new Latencies()
  const startedAt = performance.now()
  while (performance.now() - startedAt < syncMs) {
    const at = performance.now()
    writeSync(file, block)
    fdatasyncSync(file)
    latencies.add(performance.now() - at)
  }
  const perSecond = (latencies.count * 1000) / (performance.now() - startedAt)
  closeSync(file)
  const { 'sync p50 ms': p50 = Number.NaN, 'sync p99 ms': p99 = Number.NaN } = latencies.figures('sync')
  return [perSecond, (perSecond * size) / 1e6, p50, p99]
}

/** The receiver is another process, which prints its own cost in the end. */
async function loopback(): Promise<Pick<Costs, 'receive' | 'send'>> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const args = ['--conditions=milena-source', fileURLToPath(import.meta.url), 'receive', String(port)]
  const receiver = run(process.execPath, args)
  const socket: Socket = (await once(server, 'connection'))[0]
  const chunk = Buffer.alloc(chunkSize, 7)
  const before = process.cpuUsage()
  for (let sent = 0; sent < amount; sent += chunkSize) if (!socket.write(chunk)) await once(socket, 'drain')
  const send = cpuSecondsOf(process.cpuUsage(before)) / (amount / 1e9)
  socket.end()
  server.close()
  return { receive: Number(await receiver), send }
}

function receive(port: number): void {
  const onread = { buffer: Buffer.alloc(chunkSize), callback: () => true }
  const before = process.cpuUsage()
  connect({ host: '127.0.0.1', port, onread }).on('close', () => {
    process.stdout.write(String(cpuSecondsOf(process.cpuUsage(before)) / (amount / 1e9)))
  })
}

if (process.argv[2] === 'receive') receive(Number(process.argv[3]))
