// kill -9 of a real broker while twenty workers of a share group accept, release, reject and crash, again and again:
// each record is accepted or a dead letter, none is lost, and what was accepted does not come again
// (test/broker/share/share-workload.ts).
//
//   node --conditions=milena-source test/clients/share-kill9.ts --rounds 50 [--seed N]

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { realHost } from '../../host/real/host.ts'
import { SeededRandom } from '../../host/simulated/random.ts'
import { ShareWorkload, type ShareWorkloadReport, WORKLOAD_PROPERTIES } from '../broker/share/share-workload.ts'
import { BrokerProcess } from './broker-process.ts'

const RECORDS_A_ROUND = 3_000
const PATIENCE_MS = 90_000

async function runShareKill9(rounds: number, seed: number): Promise<ShareWorkloadReport> {
  const random = new SeededRandom(seed)
  const directory = mkdtempSync(join(tmpdir(), 'milena-share-kill9-'))
  const settings = Object.entries(WORKLOAD_PROPERTIES).map(([name, value]) => `${name}=${value}`)
  const broker = new BrokerProcess(directory, settings)
  try {
    await broker.start()
    const workload = new ShareWorkload(realHost(), { host: '127.0.0.1', port: broker.port }, random.fork())
    await workload.start()
    for (let round = 0; round < rounds; round++) {
      // In the midst of the work: there are at least as many deliveries as records.
      const killAt = workload.deliveries + random.below(RECORDS_A_ROUND)
      await workload.produce(RECORDS_A_ROUND)
      while (workload.deliveries < killAt) await sleep(1)
      await broker.kill('SIGKILL')
      await broker.start()
    }
    const report = await workload.finish(PATIENCE_MS)
    await broker.kill('SIGTERM')
    return report
  } finally {
    await broker.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '50' }, seed: { type: 'string', default: '1' } },
  })
  const { faults, ...report } = await runShareKill9(Number(values.rounds), Number(values.seed))
  const result = faults.length === 0 ? 'nothing lost, nothing accepted twice' : faults.slice(0, 20).join('\n')
  process.stdout.write(`${values.rounds} rounds of kill -9 under a share group: ${result}: ${JSON.stringify(report)}\n`)
  process.exit(faults.length === 0 ? 0 : 1)
}
