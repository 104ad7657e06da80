// Crash simulations over many seeds, for as long as one likes; `npm test` runs a few of them (crash.test.ts).
//
//   node --conditions=milena-source test/sim/crash.ts --seeds 1000             seeds 1 to 1000, of logs and of brokers
//   node --conditions=milena-source test/sim/crash.ts --seeds 500 --from 1001
//   node --conditions=milena-source test/sim/crash.ts --seed 42                one again, with what the broker logged
//   … --kind log | compaction | broker | txn                                   only these
//   … --faults all                               writes fail on any file of a broker, not on the logs of topics alone

import { parseArgs } from 'node:util'
import { runBrokerCrash } from './broker-crash.ts'
import { runCompactionCrash } from './compaction-crash.ts'
import { runLogCrash } from './log-crash.ts'
import { runTransactionCrash } from './transaction-crash.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    kind: { type: 'string' },
    faults: { type: 'string', default: 'logs' },
  },
})

/** Failures shown in full; of the rest a line says enough. */
const maxShown = 5

const print = (line: string) => process.stdout.write(`${line}\n`)
type Run = (seed: number, onLog?: (line: string) => void) => Promise<object>
const faults = values.faults === 'all' ? 'all' : 'logs'
const kinds: Record<string, Run> = {
  log: runLogCrash,
  compaction: runCompactionCrash,
  broker: (seed, onLog) => runBrokerCrash(seed, onLog, faults),
  txn: runTransactionCrash,
}
const first = Number(values.seed ?? values.from)
const count = values.seed === undefined ? Number(values.seeds) : 1
if (values.kind !== undefined && !Object.hasOwn(kinds, values.kind)) {
  throw new Error(`--kind ${values.kind}: one of ${Object.keys(kinds).join(', ')}`)
}
if (faults !== values.faults) throw new Error(`--faults ${values.faults}: all or logs`)
if (!Number.isSafeInteger(first) || !(count > 0)) throw new Error('--seed, --seeds and --from are whole numbers')
let failed = 0

/** A promise that nobody handles ends a real broker: the run has failed too. */
let onUnhandled: (error: unknown) => void = () => {}
process.on('unhandledRejection', (error) => onUnhandled(error))

function orUnhandled<T>(run: Promise<T>): Promise<T> {
  const unhandled = new Promise<never>((_, reject) => {
    onUnhandled = reject
  })
  return Promise.race([run, unhandled])
}

for (const [kind, run] of Object.entries(kinds)) {
  if (values.kind !== undefined && values.kind !== kind) continue
  const start = performance.now()
  const sums: Record<string, number> = {}
  let failedOfKind = 0
  for (let seed = first; seed < first + count; seed++) {
    try {
      const report = await orUnhandled(run(seed, values.seed === undefined ? undefined : print))
      for (const [name, value] of Object.entries(report)) sums[name] = (sums[name] ?? 0) + value
    } catch (error) {
      failedOfKind++
      const text = error instanceof Error && failedOfKind <= maxShown ? error.stack : String(error).split('\n')[0]
      print(`${kind}, seed ${seed}: ${text}`)
    }
  }
  failed += failedOfKind
  const totals = Object.entries(sums).map(([name, value]) => `${value} ${name}`)
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  print(`${kind}: ${count} seeds from ${first}, ${failedOfKind} failed; ${totals.join(', ')}; ${seconds} s`)
}
process.exitCode = failed > 0 ? 1 : 0
