// Where a broker's time goes, from what `node --cpu-prof` wrote: self time by category, as a table and as a picture.
//
//   node --cpu-prof --cpu-prof-dir=DIR --conditions=milena-source cli/milena.ts serve …     load it, then SIGINT
//   npm run bench -- profile LABEL=FILE[:GB] …        with GB, in seconds for each GB that was moved; else in per cent
//
// A profile sees the main thread: what libuv's pool and the kernel's own threads do is not in it.

import { readFileSync, writeFileSync } from 'node:fs'
import { resultFile } from './compare.ts'
import { type Stack, stackedBars } from './svg.ts'
import { markdown } from './table.ts'

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
  ['receive and other native code', (name, url) => url === '' && (name === '(program)' || !name.startsWith('('))],
  ['Node’s own JavaScript', (_, url) => url.startsWith('node:')],
  ['network', (_, url) => /\/(broker\/network|host)\//.test(url)],
  ['protocol', (_, url) => url.includes('/protocol/')],
  ['storage', (_, url) => url.includes('/storage/')],
  ['broker', (_, url) => url.includes('/broker/')],
  ['rest', () => true],
]

/** Seconds of self time by category, idle time left out. */
export function shares({ nodes, samples, timeDeltas }: Profile): Record<string, number> {
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

export function profile(args: readonly string[]): void {
  const stacks = args.map(stackOf)
  const names = [...new Set(stacks.flatMap(({ parts }) => Object.keys(parts)))]
  const rows = names.map((name) => [name, ...stacks.map(({ parts }) => parts[name] ?? 0)])
  const unit = args.every((arg) => /:[\d.]+$/.test(arg)) ? 's/GB' : '%'
  const table = { title: `Main thread, ${unit}`, columns: ['', ...stacks.map(({ label }) => label)], rows }
  process.stdout.write(`${markdown(table)}\n`)
  writeFileSync(resultFile('profile.svg'), stackedBars('Where the broker’s main thread spends its time', unit, stacks))
  writeFileSync(resultFile('profile-table.md'), markdown(table))
}

function stackOf(arg: string): Stack {
  const [, label = '', file = '', gigabytes] = /^(.+)=(.+?)(?::([\d.]+))?$/.exec(arg) ?? []
  const profile: Profile = JSON.parse(readFileSync(file, 'utf8'))
  const seconds = shares(profile)
  const busy = Object.values(seconds).reduce((sum, value) => sum + value, 0)
  const divisor = gigabytes === undefined ? busy / 100 : Number(gigabytes)
  return { label, parts: Object.fromEntries(Object.entries(seconds).map(([name, value]) => [name, value / divisor])) }
}
