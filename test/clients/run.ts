// Real, unpatched Kafka clients against a broker: node test/clients/run.ts [--on milena|kafka] [SUITE …] [key=value …]
// Each suite gets a freshly started broker; MILENA_BOOTSTRAP=HOST:PORT runs them on one that is there already.
// Closes with a line `SUITE: N passed, N failed` for each; the exit code is 1 unless all passed.

import { parseArgs } from 'node:util'
import { runningBroker, startBroker } from './brokers.ts'
import { suite as go } from './go/suite.ts'
import { Report, type Suite } from './harness.ts'
import { suite as connect } from './java/connect.ts'
import { suite as mirror } from './java/mirror.ts'
import { suite as streams } from './java/streams/suite.ts'
import { suite as java } from './java/suite.ts'
import { suite as kcat } from './kcat/suite.ts'
import { suite as packaged } from './package/suite.ts'
import { suite as python } from './python/suite.ts'

const suites: Readonly<Record<string, Suite>> = { package: packaged, kcat, python, go, java, streams, connect, mirror }

const { values, positionals } = parseArgs({ options: { on: { type: 'string' } }, allowPositionals: true })
const on = values.on ?? 'milena'
if (on !== 'milena' && on !== 'kafka') throw new Error(`--on milena or kafka, not ${on}`)
const settings = positionals.filter((word) => word.includes('='))
const chosen = positionals.filter((word) => !word.includes('='))
const reports: [string, Report][] = []
for (const name of chosen.length > 0 ? chosen : Object.keys(suites)) {
  const suite = suites[name]
  if (suite === undefined) throw new Error(`no suite named ${name}; there are ${Object.keys(suites).join(', ')}`)
  const report = new Report(name)
  reports.push([name, report])
  await report.check('set up, run and stopped', () => runSuite(suite, report, on))
}
for (const [name, { passed, failed }] of reports) process.stdout.write(`${name}: ${passed} passed, ${failed} failed\n`)
process.exitCode = reports.every(([, { failed }]) => failed === 0) ? 0 : 1

async function runSuite(suite: Suite, report: Report, kind: 'milena' | 'kafka'): Promise<void> {
  const bootstrap = process.env['MILENA_BOOTSTRAP']
  const broker = bootstrap ? runningBroker(bootstrap) : await startBroker(kind, settings)
  try {
    await suite(broker, report)
  } finally {
    await broker.dispose(report.failed > 0)
  }
}
