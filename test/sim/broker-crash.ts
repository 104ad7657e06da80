// A whole broker on a simulated machine through loss of power, kill -9, clean stops and starts that fail, under a
// workload that is checked in the end.

import { strict as assert } from 'node:assert'
import { Broker } from '../../broker/broker.ts'
import type { SimulatedNode } from '../../host/simulated/node.ts'
import { type Simulation, simulate } from '../../host/simulated/simulation.ts'
import { RecreatedTopic } from './recreated-topic.ts'
import { Workload } from './workload.ts'

const properties = {
  listeners: 'PLAINTEXT://broker:9092',
  'log.dirs': '/data',
  'offsets.topic.num.partitions': '1',
  'group.initial.rebalance.delay.ms': '0',
  'log.segment.bytes': '1048576',
  'log.index.interval.bytes': '1000',
  // So often that crashes meet it.
  'log.flush.offset.checkpoint.interval.ms': '300',
  'log.flush.start.offset.checkpoint.interval.ms': '300',
  'replica.high.watermark.checkpoint.interval.ms': '200',
  'metadata.log.max.record.bytes.between.snapshots': '2000',
}

/** So that a segment of the least size is full now and then. */
const sizes = [1, 100, 1000, 20_000]

/** Small enough to be written over within a life. */
const journalSizes = ['0', '32768', '65536', '1048576']

export interface BrokerCrashReport {
  readonly crashes: number
  readonly records: number
  readonly events: number
}

/** The files on which writes fail now and then. */
const faultyFiles = { logs: /(letters|offsets)-\d\/\d+\.log/, all: /./ }
export type FaultyFiles = keyof typeof faultyFiles

export async function runBrokerCrash(
  seed: number,
  onLog: (line: string) => void = () => {},
  faulty: FaultyFiles = 'logs',
): Promise<BrokerCrashReport> {
  const run = new BrokerCrashRun(seed, faultyFiles[faulty])
  try {
    return await run.all()
  } catch (error) {
    for (const line of run.node.logger.lines()) onLog(line)
    throw error
  }
}

class BrokerCrashRun {
  readonly node: SimulatedNode
  readonly #simulation: Simulation
  readonly #workload: Workload
  readonly #faultyFiles: RegExp
  readonly #recreated: RecreatedTopic
  #properties = properties
  #broker: Broker | null = null

  constructor(seed: number, faultyFiles: RegExp) {
    this.#faultyFiles = faultyFiles
    const simulation = simulate(seed)
    this.#simulation = simulation
    this.node = simulation.node('broker', { clockSkewMs: simulation.random.between(-1000, 1000) })
    const hostOf = (name: string) => simulation.node(name).host
    const address = { host: 'broker', port: 9092 }
    this.#workload = new Workload(hostOf, address, simulation.random.fork(), sizes)
    this.#recreated = new RecreatedTopic(hostOf('recreator'), address, simulation.random.fork())
  }

  async all(): Promise<BrokerCrashReport> {
    const { random } = this.#simulation
    await this.#start()
    await this.#simulation.complete(this.#workload.start())
    const crashes = random.between(1, 4)
    for (let count = 0; count < crashes; count++) {
      if (random.chance(0.5)) await this.#simulation.complete(this.#workload.createTopic(`new-${count}`, 1))
      if (random.chance(0.5)) await this.#simulation.complete(this.#recreated.work())
      if (random.chance(0.3)) await this.#runOnBadDisk()
      await this.#simulation.run(random.pick([5, 50, 200, 1000]) * random.fraction())
      this.#workload.check()
      await this.#end(random.pick(['crash', 'crash', 'kill', 'stop']))
      if (random.chance(0.2)) await this.#crashInRecovery()
      if (random.chance(0.2)) await this.#failToStart()
      await this.#start()
      await this.#simulation.complete(this.#recreated.verify())
    }
    this.#workload.finish()
    await this.#simulation.runUntil(() => this.#workload.isDone, 120_000)
    const { records, givenUp } = await this.#simulation.complete(this.#workload.verify())
    assert.equal(givenUp, 0, 'every idempotent producer is told what became of its batches')
    return { crashes, records, events: this.#simulation.eventCount }
  }

  /**
   * Writes fail, all or some of them. (Not syncs: as on Linux, what a failed sync should have
   * written counts as written, and only a machine that starts again shows that it is not.)
   */
  async #runOnBadDisk(): Promise<void> {
    const { random } = this.#simulation
    const { disk } = this.node
    const reason = random.pick(['full', 'failed'] as const)
    const chance = random.pick([0.01, 0.3, 1])
    this.node.logger.info(`simulation: writes fail, ${reason}, chance ${chance}`)
    disk.fault = (operation, path) => {
      return operation === 'write' && this.#faultyFiles.test(path) && random.chance(chance) ? reason : null
    }
    await this.#simulation.run(random.pick([5, 50, 300]) * random.fraction())
    disk.fault = null
  }

  async #start(): Promise<void> {
    // Another one in each life: what is there is read whatever its size.
    const { random } = this.#simulation
    const journal = {
      'milena.journal.size': random.pick(journalSizes),
      'milena.journal.after.syncs': random.pick(['0', '5']),
      'milena.journal.beside.size': random.pick(['0', '16384']),
    }
    this.#properties = { ...properties, ...journal }
    const start = Broker.start({ host: this.node.host, properties: this.#properties })
    this.#broker = await this.#simulation.complete(start)
  }

  async #end(how: 'crash' | 'kill' | 'stop'): Promise<void> {
    this.node.logger.info(`simulation: ${how}`)
    if (how === 'stop') await this.#simulation.complete(this.#broker!.stop())
    else this.node[how]()
    this.node.restart()
  }

  async #crashInRecovery(): Promise<void> {
    const { random } = this.#simulation
    void Broker.start({ host: this.node.host, properties: this.#properties })
    await this.#simulation.run(random.pick([1, 5, 20]) * random.fraction())
    await this.#end('crash')
  }

  /** The port is in use, or the metadata log cannot be read; the next start is in the same process, or in another. */
  async #failToStart(): Promise<void> {
    const { random } = this.#simulation
    this.node.logger.info('simulation: a start fails')
    const taken = { host: 'broker', port: 9093 }
    const listener = await this.#simulation.complete(this.node.host.network.listen(taken, () => {}))
    const isPortTaken = random.chance(0.5)
    if (!isPortTaken) this.node.disk.fault = (_operation, path) => (/__cluster_metadata/.test(path) ? 'denied' : null)
    const listeners = isPortTaken ? 'PLAINTEXT://broker:9093' : properties.listeners
    const start = Broker.start({ host: this.node.host, properties: { ...this.#properties, listeners } })
    const hasFailed = start.then(
      () => false,
      () => true,
    )
    assert.ok(await this.#simulation.complete(hasFailed), 'the start fails')
    this.node.disk.fault = null
    await this.#simulation.complete(listener.close())
    if (random.chance(0.5)) await this.#end(random.pick(['crash', 'kill']))
  }
}
