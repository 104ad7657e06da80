// npm run bench: what Milena's parts and Milena as a whole cost on this machine, in minutes.
//
//   npm run bench                        codec, records, append, and the cases below on a fresh broker
//   npm run bench -- codec records       some of them; `broker` are the cases
//   npm run bench -- compare …           beside Apache Kafka (compare.ts)
//   npm run bench -- limits              what the machine itself can do (limits.ts)
//   npm run bench -- profile CASE …      where the broker's CPU goes, beside those limits (profile.ts)
//   npm run bench -- load CASE …         one case on one broker (load/main.ts)

import { writeFileSync } from 'node:fs'
import * as codec from './codec.ts'
import { compare, inShort, resultFile, runOnce } from './compare.ts'
import { BrokerProcess } from './load/broker.ts'
import { describe, machine } from './machine.ts'
import * as records from './records.ts'
import { markdown, type Table } from './table.ts'

const cases = [
  'raw-produce/1024/acks1/p1/none/b16k',
  'raw-produce/1024/acksall/p12/none/b1m',
  'raw-produce/100/acksall/p12/lz4/b128k',
  'sync-produce/1024/p1/default',
  'raw-consume/1024/p12/none',
  'tail-consume/1024/p12/none',
  'groups/100',
  'lat/1000/1024/acks1/p1',
  'lat/5000/1024/acksall/p12',
  'lat/20000/100/acksall/p12',
  'conns/1000',
  'stalls/1024/acksall/p12/none/b16k',
  'startup/cold',
  'startup/again',
  'parts/1000',
]
const scale = 0.3

type Suite = () => Promise<Table[]> | Table[]

const suites: Readonly<Record<string, Suite>> = {
  codec: codec.run,
  records: records.run,
  append: async () => {
    const { run } = await import('./append.ts')
    return [table('Append and read, CPU s/GB', await run())]
  },
  broker: async () => {
    const broker = await BrokerProcess.started('milena')
    const rows: (string | number)[][] = []
    try {
      for (const name of cases) {
        const outcome = await runOnce(name, scale, broker.subject)
        print(`${name}: ${inShort(outcome)}`)
        const figures = 'figures' in outcome ? outcome.figures : { [inShort(outcome)]: Number.NaN }
        rows.push(...Object.entries(figures ?? {}).map(([figure, value]) => [name, figure, value]))
      }
    } finally {
      await broker.dispose()
    }
    return [{ title: 'The whole broker', columns: ['case', 'figure', 'value'], rows }]
  },
}

/** Rows as objects of the same keys, the first of which names them. */
function table(title: string, rows: readonly Readonly<Record<string, string | number>>[]): Table {
  return { title, columns: Object.keys(rows[0] ?? {}), rows: rows.map((row) => Object.values(row)) }
}

const print = (line: string) => process.stdout.write(`${line}\n`)

async function all(names: readonly string[]): Promise<void> {
  const tables: Table[] = []
  for (const name of names) {
    const suite = suites[name]
    if (suite === undefined) throw new Error(`${name}: one of ${Object.keys(suites).join(', ')}`)
    const found = await suite()
    tables.push(...found)
    for (const each of found) print(markdown(each))
  }
  if (names.length < Object.keys(suites).length) return
  const head = { machine: machine(), tables }
  writeFileSync(resultFile('bench.json'), `${JSON.stringify(head, null, 1)}\n`)
  writeFileSync(resultFile('bench.md'), `# Bench\n\n${describe(head.machine)}\n\n${tables.map(markdown).join('\n')}`)
}

const [command = '', ...args] = process.argv.slice(2)
if (command === 'compare') await compare(args)
else if (command === 'limits') await (await import('./limits.ts')).limits()
else if (command === 'profile') await (await import('./profile.ts')).profile(args)
else if (command === 'load') {
  process.argv.splice(2, 1)
  await import('./load/main.ts')
} else await all(command === '' ? Object.keys(suites) : [command, ...args])
