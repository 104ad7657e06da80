// A whole broker through loss of power, kill -9, clean stops and disks that fail, under applications that consume,
// transform and produce exactly once.

import { Broker } from '../../broker/broker.ts'
import type { SimulatedNode } from '../../host/simulated/node.ts'
import { type Simulation, simulate } from '../../host/simulated/simulation.ts'
import { type ChainReport, ChainWorkload } from './chain-workload.ts'

const PROPERTIES = {
  listeners: 'PLAINTEXT://broker:9092',
  'log.dirs': '/data',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.num.partitions': '1',
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
  'group.initial.rebalance.delay.ms': '0',
  'log.segment.bytes': '1048576',
  'log.flush.offset.checkpoint.interval.ms': '300',
}

export interface TransactionCrashReport extends ChainReport {
  readonly crashes: number
}

export async function runTransactionCrash(
  seed: number,
  onLog: (line: string) => void = () => {},
): Promise<TransactionCrashReport> {
  const simulation = simulate(seed)
  const node = simulation.node('broker', { clockSkewMs: simulation.random.between(-1000, 1000) })
  try {
    return await run(simulation, node)
  } catch (error) {
    for (const line of node.logger.lines()) onLog(line)
    throw error
  }
}

async function run(simulation: Simulation, node: SimulatedNode): Promise<TransactionCrashReport> {
  const { random } = simulation
  const start = () => simulation.complete(Broker.start({ host: node.host, properties: PROPERTIES }))
  let broker = await start()
  const hostOf = (name: string) => simulation.node(name).host
  const workload = new ChainWorkload(hostOf, { host: 'broker', port: 9092 }, random.fork())
  await simulation.complete(workload.start())
  const crashes = random.between(2, 9)
  for (let count = 0; count < crashes; count++) {
    await simulation.run(random.pick([20, 100, 500]) * random.fraction())
    if (random.chance(0.3)) await runOnBadDisk(simulation, node)
    workload.check()
    const how = random.pick(['crash', 'crash', 'kill', 'stop'] as const)
    node.logger.info(`simulation: ${how}`)
    if (how === 'stop') await simulation.complete(broker.stop())
    else node[how]()
    node.restart()
    broker = await start()
  }
  workload.finish()
  await simulation.runUntil(() => workload.isDone, 120_000)
  // What should not come may come late.
  await simulation.run(5000)
  return { crashes, ...workload.verify() }
}

async function runOnBadDisk(simulation: Simulation, node: SimulatedNode): Promise<void> {
  const { random } = simulation
  const reason = random.pick(['full', 'failed'] as const)
  const chance = random.pick([0.01, 0.3, 1])
  node.logger.info(`simulation: writes fail, ${reason}, chance ${chance}`)
  node.disk.fault = (operation, path) => {
    return operation === 'write' && /(input|output|offsets|state)-\d\/\d+\.log/.test(path) && random.chance(chance)
      ? reason
      : null
  }
  await simulation.run(random.pick([5, 50, 300]) * random.fraction())
  node.disk.fault = null
}
