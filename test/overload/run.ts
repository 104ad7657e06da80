// Overload: more than a broker can take, and then it must still be one. Each case starts a broker as a process, watches
// its memory and its answers from outside, and looks at what it has kept.
//
//   node --conditions=milena-source test/overload/run.ts                         every case, five minutes a load
//   node --conditions=milena-source test/overload/run.ts --minutes 1 slow-disk   one of them, shorter
//
// Memory must stay below what configuration allows (limits.ts), whatever the load; nothing acknowledged may be lost.
// How soon a ping is answered meanwhile is told, not asserted.

import { parseArgs } from 'node:util'
import { Report } from '../clients/harness.ts'
import { allAtOnce } from './cases/all-at-once.ts'
import { announcedFrames } from './cases/announced-frames.ts'
import { reconnects } from './cases/reconnects.ts'
import { fullSpeed, slowDiskCase } from './cases/slow-disk.ts'
import { stalledConsumers } from './cases/stalled-consumers.ts'
import type { Case } from './limits.ts'

const cases: Readonly<Record<string, Case>> = {
  'slow-disk': slowDiskCase,
  'full-speed': fullSpeed,
  'stalled-consumers': stalledConsumers,
  reconnects,
  'announced-frames': announcedFrames,
  'all-at-once': allAtOnce,
}

const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string', default: '5' } },
  allowPositionals: true,
})
const unknown = positionals.filter((name) => cases[name] === undefined)
if (unknown.length > 0) throw new Error(`no case ${unknown.join(', ')}; there are ${Object.keys(cases).join(', ')}`)

const report = new Report('overload')
const print = (line: string): void => {
  process.stdout.write(`    ${line}\n`)
}
for (const [name, run] of Object.entries(cases)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  await report.check(name, () => run({ minutes: Number(values.minutes), print }))
}
process.stdout.write(`overload: ${report.passed} passed, ${report.failed} failed\n`)
process.exit(report.failed > 0 ? 1 : 0)
