// Twenty workers of one share group (share-workload.ts) and a broker on a simulated machine that loses power now and
// then. Run by hand for many records; the suite runs a few.
//
//   node --conditions=milena-source test/broker/share/workers.ts --records 100000 --seeds 1 --crashes 5

import { parseArgs } from 'node:util'
import { Broker } from '../../../broker/broker.ts'
import { simulate } from '../../../host/simulated/simulation.ts'
import { ShareWorkload, type ShareWorkloadReport, WORKLOAD_PROPERTIES } from './share-workload.ts'

const PROPERTIES = { ...WORKLOAD_PROPERTIES, listeners: 'PLAINTEXT://broker:9092', 'log.dirs': '/data' }
/** Of virtual time: many times what locks and members that are gone can hold up. */
const PATIENCE_MS = 600_000

export async function runWorkers(
  seed: number,
  recordCount: number,
  crashes: number,
): Promise<ShareWorkloadReport & { readonly crashes: number }> {
  const simulation = simulate(seed)
  const node = simulation.node('broker')
  let broker = await simulation.complete(Broker.start({ host: node.host, properties: PROPERTIES }))
  const { host } = simulation.node('client')
  const workload = new ShareWorkload(host, { host: 'broker', port: 9092 }, host.random)
  await simulation.complete(workload.start())
  await simulation.complete(workload.produce(recordCount))
  for (let crash = 1; crash <= crashes; crash++) {
    // In the midst of the work: there are at least as many deliveries as records.
    const share = Math.ceil(recordCount / (crashes + 1))
    const crashAt = share * (crash - 1) + host.random.below(share)
    while (workload.deliveries < crashAt) await simulation.run(1 + host.random.below(10))
    node.crash()
    broker = await simulation.complete(Broker.start({ host: node.restart(), properties: PROPERTIES }))
  }
  const report = await simulation.complete(workload.finish(PATIENCE_MS))
  await simulation.complete(broker.stop())
  return { ...report, crashes }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      records: { type: 'string', default: '100000' },
      seeds: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      crashes: { type: 'string', default: '0' },
    },
  })
  for (let seed = Number(values.seed); seed < Number(values.seed) + Number(values.seeds); seed++) {
    const { faults, ...report } = await runWorkers(seed, Number(values.records), Number(values.crashes))
    const result = faults.length === 0 ? 'ok' : faults.slice(0, 10).join('\n')
    process.stdout.write(`seed ${seed} ${JSON.stringify(report)} ${result}\n`)
    if (faults.length > 0) process.exitCode = 1
  }
}
