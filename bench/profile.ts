// Where a broker's CPU goes for each GB, case by case, beside what the machine itself needs for the same bytes:
// npm run bench -- profile [CASE …]
//
// The broker is profiled (profiler.ts) during the load alone. A profile knows shares of the main thread's time; the
// kernel knows the CPU of that thread and of the others: libuv's pool, which reads, writes and syncs, and V8's helpers.

import { writeFileSync } from 'node:fs'
import { runCase } from './cases.ts'
import { resultFile } from './compare.ts'
import { type Costs, costs } from './limits.ts'
import { BrokerProcess } from './load/broker.ts'
import { Preload } from './load/preload.ts'
import { describe, machine } from './machine.ts'
import { cpuSecondsByThread, type Load } from './sampler.ts'
import type { Figures } from './statistics.ts'
import { type Stack, stackedBars } from './svg.ts'
import { markdown } from './table.ts'

const usualCases = [
  'raw-produce/1024/acks1/p1/none/b16k',
  'raw-produce/1024/acks1/p12/none/b1m',
  'raw-produce/100/acksall/p12/none/b128k',
  'raw-consume/1024/p12/none',
  'tail-consume/1024/p12/none',
]
const warmUp = 'raw-produce/1024/acks1/p12/none/b16k'
const scale = 0.6

/** The one that the samples are of, and the profiler's. */
const ownThreads = ['MainThread', 'v8:ProfEvntProc']
const threads: Readonly<Record<string, string>> = {
  V8Worker: 'V8’s threads: collector, compiler',
  'libuv-worker': 'libuv’s threads: files',
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string }
}

export interface Profile {
  readonly nodes: readonly ProfileNode[]
  /** The node on top of the stack at each sample, and the µs since the sample before. */
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const receiving = 'receive, poll'

/** The first that fits. Native functions have no url, and the name under which JavaScript calls them. */
const categories: readonly (readonly [name: string, fits: (name: string, url: string) => boolean])[] = [
  ['idle', (name) => name === '(idle)'],
  ['garbage collection', (name) => name === '(garbage collector)'],
  [
    'write to sockets',
    (name, url) => url === '' && /^(writev|writeBuffer|writeUtf8String|writeLatin1String|shutdown)$/.test(name),
  ],
  ['write to files', (name, url) => url === '' && /^(writeBuffers|write|writeFile)/.test(name)],
  ['sync', (name, url) => url === '' && /^f(data)?sync$/.test(name)],
  ['read from files', (name, url) => url === '' && /^(read|readv|readBuffers)$/.test(name)],
  ['checksums', (name, url) => /crc32c?$/i.test(name) || url.includes('crc')],
  ['copies', (name, url) => url === '' && /^(copy|set|_?copyActual|fill|subarray|slice)$/.test(name)],
  ['other native code', (name, url) => url === '' && (name === '(program)' || !name.startsWith('('))],
  ['Node’s own JavaScript', (_, url) => url.startsWith('node:')],
  ['network', (_, url) => /\/(broker\/network|host)\//.test(url)],
  ['protocol', (_, url) => url.includes('/protocol/')],
  ['storage', (_, url) => url.includes('/storage/')],
  ['broker', (_, url) => url.includes('/broker/')],
  ['rest', () => true],
]

/** Seconds of self time by category, idle time left out. */
export function shares({ nodes, samples, timeDeltas }: Profile): Figures {
  const categoryOf = new Map(
    nodes.map(({ id, callFrame: { functionName, url } }) => [
      id,
      categories.find(([, fits]) => fits(functionName, url))![0],
    ]),
  )
  const seconds = Object.fromEntries(categories.map(([name]) => [name, 0]))
  samples.forEach((id, index) => {
    const category = categoryOf.get(id) ?? 'rest'
    seconds[category] = (seconds[category] ?? 0) + (timeDeltas[index] ?? 0) / 1e6
  })
  return Object.fromEntries(Object.entries(seconds).filter(([name, value]) => name !== 'idle' && value > 0))
}

export async function profile(args: readonly string[]): Promise<void> {
  const cases = args.length === 0 ? usualCases : args
  const stacks: Stack[] = []
  for (const name of cases) stacks.push(await profiled(name))
  stacks.push(...floors(await costs()))
  const names = [...new Set(stacks.flatMap(({ parts }) => Object.keys(parts)))]
  const sum = ({ parts }: Stack) => Object.values(parts).reduce((total, part) => total + part, 0)
  const rows = names.map((name) => [name, ...stacks.map(({ parts }) => parts[name] ?? 0)])
  rows.push(['sum', ...stacks.map(sum)])
  const text = markdown({ title: 'CPU s/GB', columns: ['', ...stacks.map(({ label }) => label)], rows })
  process.stdout.write(text)
  writeFileSync(resultFile('cpu.svg'), stackedBars('Where the broker’s CPU goes, s/GB', 's/GB', stacks))
  writeFileSync(resultFile('cpu.md'), `# Where the time goes\n\n${describe(machine())}\n\n${text}`)
}

async function profiled(name: string): Promise<Stack> {
  const preload = new Preload('profiler.ts')
  const broker = await BrokerProcess.started('milena', preload)
  let parts: Figures = {}
  const around = async (load: () => Promise<Load>) => {
    await preload.ask(broker)
    const before = cpuSecondsByThread(broker.pid)
    const result = await load()
    const used = Object.entries(cpuSecondsByThread(broker.pid)).map(([name, cpu]) => [name, cpu - (before[name] ?? 0)])
    const found: Profile = JSON.parse(await preload.ask(broker))
    parts = partsOf(found, Object.fromEntries(used), (result.bytes ?? 0) / 1e9)
    return result
  }
  try {
    await runCase(warmUp, broker.subject, scale)
    await runCase(name, { ...broker.subject, around }, scale)
  } finally {
    await broker.dispose()
  }
  return { label: name, parts }
}

/**
 * libuv's poll phase, which reads from the sockets, has no name in a profile: V8 takes all of it for idle. It is what
 * the thread has used beyond its samples. Where others had the processor meanwhile, samples are more than the thread
 * has used: then they only share that out, and receiving is not to be told apart.
 */
export function partsOf(profile: Profile, used: Figures, gigabytes: number): Figures {
  const found = shares(profile)
  const main = used['MainThread'] ?? 0
  const busy = Object.values(found).reduce((sum, value) => sum + value, 0)
  const scale = Math.min(1, main / busy)
  const parts: Figures = { [receiving]: Math.max(0, main - busy) / gigabytes }
  for (const [name, value] of Object.entries(found)) parts[name] = (value * scale) / gigabytes
  for (const [thread, cpu] of Object.entries(used)) {
    if (ownThreads.includes(thread)) continue
    const name = threads[thread] ?? 'other threads'
    parts[name] = (parts[name] ?? 0) + cpu / gigabytes
  }
  return parts
}

/** What no broker can do without, in the colours of what a broker does there. */
function floors({ receive, send, checksumSmall, checksumLarge, append, appendFresh, read }: Costs): Stack[] {
  const produced = (checksum: number, write = append) => ({
    [receiving]: receive,
    checksums: checksum,
    'write to files': write,
  })
  return [
    { label: 'limit: receive, check 16 KiB, append', parts: produced(checksumSmall) },
    { label: 'limit: receive, check 1 MiB, append', parts: produced(checksumLarge) },
    { label: 'limit: the same, into memory not used for long', parts: produced(checksumLarge, appendFresh) },
    { label: 'limit: read and send', parts: { 'read from files': read, 'write to sockets': send } },
    { label: 'limit: send from memory', parts: { 'write to sockets': send } },
  ]
}
