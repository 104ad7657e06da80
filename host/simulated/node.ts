// A simulated machine, and the process that runs on it.

import type { Clock, Host, Random, Timers } from '../host.ts'
import { SlabPool } from '../slab.ts'
import { SimulatedDisk } from './disk.ts'
import type { DiskOptions } from './disk-options.ts'
import type { Process } from './endpoint.ts'
import type { VirtualTime } from './event-queue.ts'
import { SimulatedLogger } from './logger.ts'
import type { SimulatedFabric } from './network.ts'
import type { SeededRandom } from './random.ts'

export interface NodeOptions {
  readonly disk?: DiskOptions
  /** What the wall clock shows beyond the simulation's time. */
  readonly clockSkewMs?: number
  /** Directories that exist, durably, from the start; `/data` when not given. */
  readonly directories?: readonly string[]
}

/** 2026-01-01T00:00:00Z: a run does not depend on the day. */
const startOfTimeMs = 1_767_225_600_000

/** A device about as fast as a small SSD; a sync is far dearer than the rest. */
const defaultDisk: DiskOptions = { readLatencyMs: [0.02, 0.3], writeLatencyMs: [0.01, 0.1], syncLatencyMs: [0.3, 3] }

export class SimulatedNode {
  readonly name: string
  readonly disk: SimulatedDisk
  readonly logger: SimulatedLogger
  /** Changes take effect at once: a clock that steps. */
  clockSkewMs: number
  #host: SimulatedHost
  readonly #time: VirtualTime
  readonly #network: SimulatedFabric
  readonly #random: SeededRandom

  constructor(time: VirtualTime, network: SimulatedFabric, name: string, random: SeededRandom, options: NodeOptions) {
    this.name = name
    this.clockSkewMs = options.clockSkewMs ?? 0
    this.#time = time
    this.#network = network
    this.#random = random
    this.disk = new SimulatedDisk(random.fork(), { ...defaultDisk, ...options.disk })
    this.logger = new SimulatedLogger(() => this.wallClockMs())
    this.#host = this.#boot()
    for (const directory of options.directories ?? ['/data']) this.#makeDurably(directory)
  }

  /** The process that runs now (after a crash: the one that has ended, until the restart). */
  get host(): Host {
    return this.#host
  }

  wallClockMs(): number {
    return Math.floor(startOfTimeMs + this.#time.nowMs + this.clockSkewMs)
  }

  /** Power fails: of what was not synced anything may be lost; peers hear nothing for a while. */
  crash(): void {
    this.#end('crash')
    this.disk.crash()
  }

  /** kill -9: the process ends, the operating system goes on. */
  kill(): void {
    this.#end('kill')
    this.disk.kill()
  }

  /** A new process on the same disk; ends the one before as `kill` does when it still runs. */
  restart(): Host {
    if (this.#host.isAlive) this.kill()
    this.#host = this.#boot()
    return this.#host
  }

  #end(how: 'crash' | 'kill'): void {
    this.#host.isAlive = false
    this.#network.endProcess(this.#host, how)
  }

  #boot(): SimulatedHost {
    return new SimulatedHost(this, this.#time, this.#network, this.#random.fork())
  }

  #makeDurably(path: string): void {
    const names = path.split('/').filter((name) => name !== '')
    this.#host.disk.makeDirectory(path)
    for (let depth = 0; depth < names.length; depth++) {
      this.#host.disk.syncDirectory(`/${names.slice(0, depth).join('/')}`)
    }
  }
}

export class SimulatedHost implements Host, Process {
  isAlive = true
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly disk: Host['disk']
  readonly network: Host['network']
  readonly slabs = new SlabPool({ poisons: true })
  readonly logger: SimulatedLogger

  constructor(node: SimulatedNode, time: VirtualTime, network: SimulatedFabric, random: SeededRandom) {
    this.random = random
    this.logger = node.logger
    this.clock = { now: () => node.wallClockMs(), monotonic: () => time.nowMs }
    const whileAlive = (run: () => void) => () => {
      if (this.isAlive) run()
    }
    this.timers = {
      after: (delayMs, run) => {
        const event = time.schedule(Math.max(0, Math.ceil(delayMs)), whileAlive(run))
        return {
          cancel: () => {
            event.run = null
          },
        }
      },
      endOfTurn: (run) => time.endOfTurn(whileAlive(run)),
    }
    this.disk = node.disk.session((delayMs, run) => time.schedule(delayMs, whileAlive(run)))
    this.network = network.session(this, node.name)
  }
}
