// One case on one broker, in a process of its own, so that its CPU is known: prints the figures as a line of JSON.
//
//   node --conditions=milena-source bench/load/main.ts CASE [SCALE] [kafka|milena HOST:PORT PID]
//
// Without a broker it starts a Milena for it.

import { runCase } from '../cases.ts'
import { BrokerProcess, kinds } from './broker.ts'

const [name = '', scale = '1', kindName, bootstrap = '', pid] = process.argv.slice(2)
const kind = kinds.find((each) => each === kindName)
const own = kind === undefined ? await BrokerProcess.started('milena') : undefined
const subject = own?.subject ?? { kind: kind ?? 'milena', bootstrap, pid: Number(pid) }
try {
  const figures = await runCase(name, subject, Number(scale))
  process.stdout.write(`${JSON.stringify(figures)}\n`)
} finally {
  await own?.dispose()
}
process.exit()
