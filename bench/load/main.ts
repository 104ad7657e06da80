// One case on one broker, in a process of its own, so that its CPU is known: prints the figures as a line of JSON.
//
//   node --conditions=milena-source bench/load/main.ts CASE [SCALE] [kafka|milena HOST:PORT PID]
//
// Without a broker it starts a Milena for it.

import { limitMs, runCase } from '../cases.ts'
import { BrokerProcess, disposeAll, kinds } from './broker.ts'

const [name = '', scale = '1', kindName, bootstrap = '', pid] = process.argv.slice(2)

/** A load that has lost its connection throws where nobody catches it. What its broker said of that is printed last. */
async function fail(error: unknown): Promise<void> {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  for (const line of await disposeAll()) process.stderr.write(`Error: ${line}\n`)
  process.exit(1)
}
process.once('uncaughtException', fail)
const limit = limitMs(name)
setTimeout(() => fail(new Error(`${name} takes longer than ${limit / 1000} s`)), limit).unref()

const kind = kinds.find((each) => each === kindName)
const own = kind === undefined ? await BrokerProcess.started('milena') : undefined
const subject = own?.subject ?? { kind: kind ?? 'milena', bootstrap, pid: Number(pid) }
try {
  const figures = await runCase(name, subject, Number(scale))
  process.stdout.write(`${JSON.stringify(figures)}\n`)
} catch (error) {
  await fail(error)
}
await disposeAll()
process.exit()
