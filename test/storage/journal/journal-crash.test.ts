// Many logs, a journal that is written over all the time, two records of it under way, faults of the disk, and crashes.
//
// SEED=n replays one seed; SEEDS=n runs that many.

import t, { type Test } from 'tap'
import type { DiskOptions } from '../../../host/simulated/disk-options.ts'
import type { SimulatedNode } from '../../../host/simulated/node.ts'
import { SeededRandom } from '../../../host/simulated/random.ts'
import { type Simulation, simulate } from '../../../host/simulated/simulation.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { Log } from '../../../storage/log/log.ts'
import { open, record, valuesOf } from './journaled-logs.ts'

const firstSeed = Number(process.env['SEED'] ?? 1)
const seedCount = process.env['SEED'] === undefined ? Number(process.env['SEEDS'] ?? 40) : 1

/** Far more than any sync takes. */
const DRAIN_MS = 20_000

interface Model {
  values: string[]
  durableEndOffset: number
}

class Run {
  readonly simulation: Simulation
  readonly node: SimulatedNode
  readonly random: SeededRandom
  readonly models: Model[]
  readonly #t: Test
  #where = ''
  #serial = 0
  replayed = 0
  faults = 0
  drains = 0
  #opened: ReturnType<typeof open>
  #logs: Log[] = []

  constructor(t: Test, seed: number) {
    this.#t = t
    this.simulation = simulate(seed)
    this.random = new SeededRandom(seed)
    const { random } = this
    const [slowestSync, slowestWrite] = [random.pick([1, 20]), random.pick([0.1, 5, 100])]
    const disk: DiskOptions = { syncLatencyMs: [0.5, slowestSync], writeLatencyMs: [0.05, slowestWrite] }
    this.node = this.simulation.node('a', { disk })
    this.models = Array.from({ length: random.between(2, 24) }, () => ({ values: [], durableEndOffset: 0 }))
    this.#opened = this.#open()
  }

  #open(): ReturnType<typeof open> {
    const { random } = this
    return open(this.node, {
      journalBesideSize: random.pick([0, 0, 2000, 16_384]),
      journalSize: random.pick([16_384, 16_384, 16_384, 32_768, 65_536, 262_144, 0]),
      tailCacheSize: random.pick([10_000, 1 << 20]),
      maxOpenFiles: random.pick([2, 100]),
      slowWriteMs: random.pick([0, 0, 1000]),
      poolWriteFromSize: random.pick([1, 1, 500]),
    })
  }

  get #isOffline(): boolean {
    return this.#opened.directory.isOffline
  }

  async life(where: string): Promise<void> {
    const { random, simulation, models } = this
    this.#where = where
    const segmentBytes = random.pick([30_000, 1_000_000])
    this.#logs = models.map((model, partition) => this.#openLog(model, partition, segmentBytes))
    if (random.chance(0.8)) await simulation.complete(this.#opened.directory.whenRecovered())
    const steps = random.pick([5, 50, 200])
    const faultAt = random.chance(0.3) ? random.below(steps) : -1
    for (let step = 0; step < steps && !this.#isOffline; step++) {
      if (step === faultAt) this.#breakDisk()
      this.#step()
      await simulation.run(random.pick([0, 0.1, 1, 3]))
    }
    if (random.chance(0.3)) await this.#drain()
    this.node.disk.fault = null
  }

  #openLog(model: Model, partition: number, segmentBytes: number): Log {
    const log = this.#opened.log(partition, { segmentBytes })
    this.replayed += log.recoveryReport?.replayed ?? 0
    const found = valuesOf(log)
    if (found.length < model.durableEndOffset || found.some((value, offset) => value !== model.values[offset])) {
      const different = found.findIndex((value, offset) => value !== model.values[offset])
      const ends = `ends at ${found.length}, durable ${model.durableEndOffset}; differs at ${different}`
      this.#t.fail(`${this.#where}: ${partition} ${ends}`)
    }
    model.values = found
    log.listener = {
      onWritten() {},
      onDurable: () => {
        model.durableEndOffset = log.durableEndOffset
      },
      onFailed: (error) => {
        if (this.node.disk.fault === null) this.#t.fail(`${this.#where}: ${error.message}`)
      },
    }
    return log
  }

  /** For an operation or some of one kind, on the journal's files. */
  #breakDisk(): void {
    const { random } = this
    const kind = random.pick(['sync', 'sync', 'write', 'open'] as const)
    const reason = { sync: 'failed', write: random.pick(['failed', 'full'] as const), open: 'exhausted' } as const
    let left = random.pick([1, 1, 2, 3])
    this.node.disk.fault = (operation, path) => {
      if (operation !== kind || !path.includes('journal') || left === 0) return null
      left--
      this.faults++
      return reason[kind]
    }
  }

  #step(): void {
    const { random, models } = this
    if (random.chance(0.03)) this.#opened.directory.checkpoint()
    if (random.chance(0.02)) this.#truncate()
    for (let count = random.below(6); count > 0 && !this.#isOffline; count--) {
      const partition = random.below(models.length)
      const value = `${this.#serial++}`
      const log = this.#logs[partition]!
      const size = random.pick([0, 100, 1000, 3000, 9000, 20_000])
      const { errorCode } = log.append(record(value, size), 1, 'client')
      if (errorCode !== ErrorCode.NONE) {
        if (!this.#isOffline) throw new Error(`append answers ${errorCode}`)
        return
      }
      models[partition]!.values.push(value)
      if (random.chance(0.9)) log.requestSync()
    }
  }

  #truncate(): void {
    const { random, models } = this
    const partition = random.below(models.length)
    const model = models[partition]!
    const offset = random.below(model.values.length + 1)
    try {
      this.#logs[partition]!.truncateTo(offset)
    } catch {
      // The pool is still writing there, the journal of the life before has no room, or the disk is broken.
      return
    }
    model.values = model.values.slice(0, offset)
    model.durableEndOffset = Math.min(model.durableEndOffset, offset)
  }

  /** Nobody is left waiting. */
  async #drain(): Promise<void> {
    for (const log of this.#logs) log.requestSync()
    await this.simulation.run(DRAIN_MS)
    if (this.#isOffline) return
    this.drains++
    for (const [index, { durableEndOffset, logEndOffset }] of this.#logs.entries()) {
      if (durableEndOffset < logEndOffset) {
        this.#t.fail(`${this.#where}: ${index} waits at ${durableEndOffset} of ${logEndOffset}`)
      }
    }
  }

  async end(): Promise<void> {
    const { node, random } = this
    const how = this.#isOffline ? 'crash' : random.pick(['crash', 'crash', 'kill', 'close'] as const)
    if (how === 'close') await this.simulation.complete(this.#opened.directory.close(1))
    else node[how]()
    node.restart()
    this.#opened = this.#open()
  }
}

t.setTimeout(3_600_000)
t.test(`crashes, seeds ${firstSeed} to ${firstSeed + seedCount - 1}`, async (t) => {
  const total = { replayed: 0, faults: 0, drains: 0 }
  for (let seed = firstSeed; seed < firstSeed + seedCount && t.passing(); seed++) {
    const run = new Run(t, seed)
    for (let life = 0; life < 5 && t.passing(); life++) {
      await run.life(`seed ${seed}, life ${life}`)
      await run.end()
    }
    total.replayed += run.replayed
    total.faults += run.faults
    total.drains += run.drains
  }
  t.ok(seedCount < 10 || Object.values(total).every((count) => count > 0), JSON.stringify(total))
})
