// An application of test/clients/eos.ts: consumes, transforms and produces until it is killed.
//
//   node --conditions=milena-source test/clients/eos-application.ts PORT SEED

import { realHost } from '../../host/real/host.ts'
import { SeededRandom } from '../../host/simulated/random.ts'
import { LastingChain } from '../sim/chain.ts'

const [port, seed] = process.argv.slice(2).map(Number)
const random = new SeededRandom(seed ?? 1)
const chain = new LastingChain({
  name: 'application',
  host: realHost(),
  broker: { host: '127.0.0.1', port: port ?? 0 },
  transactionalId: 'chain',
  isContended: false,
  // By the rules of old clients, or of new ones: from one life to the next they may change.
  isClassic: random.chance(0.4),
  random,
})
chain.start()
setInterval(() => {
  if (chain.fault === null) return
  process.stderr.write(`${chain.fault instanceof Error ? chain.fault.stack : String(chain.fault)}\n`)
  process.exit(1)
}, 50)
