// Several machines in one process, on virtual time, from one seed.
//
//   const simulation = simulate(seed)
//   const node = simulation.node('a')                    a machine: disk, clock, address `a`
//   const log = openLog(node.host)                       node.host: the process that runs on it
//   await simulation.run(1000)                           a second passes
//   await simulation.complete(promise)                   as long as it takes
//   node.crash()                                         power fails; node.kill() is kill -9, the page cache stays
//   const again = openLog(node.restart())                a new process on what is left
//
// An event (a timer, the end of a disk call, bytes that arrive) is run, then every promise that it settled; events that
// are due within a few microseconds share a turn of the event loop, and `endOfTurn` runs after the last of them. Same
// seed, same run, as long as the code under test waits for nothing but its host: libuv's pool (asynchronous zlib) knows
// no virtual time.

import { EventQueue, type SimulatedEvent, type VirtualTime } from './event-queue.ts'
import { SimulatedFabric } from './network.ts'
import { type NodeOptions, SimulatedNode } from './node.ts'
import { SeededRandom } from './random.ts'

/** Events due within this time of the first may share its turn. */
const maxTurnMs = 0.05

/** Virtual milliseconds that `complete` and `runUntil` wait before they call it a hang. */
const defaultLimitMs = 600_000

export function simulate(seed: number): Simulation {
  return new Simulation(seed)
}

export class Simulation implements VirtualTime {
  readonly seed: number
  /** For the test's own choices. */
  readonly random: SeededRandom
  readonly network: SimulatedFabric
  nowMs = 0
  readonly #queue = new EventQueue()
  readonly #nodes = new Map<string, SimulatedNode>()
  readonly #turnRandom: SeededRandom
  readonly #nodeRandom: SeededRandom
  #endOfTurn: (() => void)[] = []
  #eventCount = 0

  constructor(seed: number) {
    this.seed = seed
    this.random = new SeededRandom(seed)
    this.#turnRandom = this.random.fork()
    this.#nodeRandom = this.random.fork()
    this.network = new SimulatedFabric(this, this.random.fork())
  }

  /** The machine of that name, made at its first mention; the name is its network address too. */
  node(name: string, options: NodeOptions = {}): SimulatedNode {
    let node = this.#nodes.get(name)
    if (node === undefined) {
      node = new SimulatedNode(this, this.network, name, this.#nodeRandom.fork(), options)
      this.#nodes.set(name, node)
    }
    return node
  }

  /** Runs what is due in the next `durationMs` virtual milliseconds. */
  async run(durationMs: number): Promise<void> {
    const endMs = this.nowMs + durationMs
    await settle()
    this.#runEndOfTurn()
    await this.#advance(() => false, endMs)
    this.nowMs = endMs
  }

  /** Runs until `isDone`; throws with the seed when that takes more than `limitMs` or nothing more can happen. */
  async runUntil(isDone: () => boolean, limitMs = defaultLimitMs): Promise<void> {
    await settle()
    this.#runEndOfTurn()
    const endMs = this.nowMs + limitMs
    if (isDone() || (await this.#advance(isDone, endMs))) return
    const reason = this.#queue.size === 0 ? 'nothing is left to happen' : `not within ${limitMs} virtual ms`
    throw new Error(`simulation with seed ${this.seed}: the awaited state was not reached: ${reason}`)
  }

  /** Runs until the promise is settled, and hands on its outcome. */
  async complete<T>(promise: Promise<T>, limitMs = defaultLimitMs): Promise<T> {
    let isSettled = false
    const settled = () => {
      isSettled = true
    }
    promise.then(settled, settled)
    await this.runUntil(() => isSettled, limitMs)
    return promise
  }

  /** How many events have run: equal for equal seeds. */
  get eventCount(): number {
    return this.#eventCount
  }

  schedule(delayMs: number, run: () => void): SimulatedEvent {
    if (!(delayMs >= 0)) throw new Error(`event with a delay of ${delayMs} ms`)
    return this.#queue.push(this.nowMs + delayMs, run)
  }

  endOfTurn(run: () => void): void {
    this.#endOfTurn.push(run)
  }

  async #advance(isDone: () => boolean, endMs: number): Promise<boolean> {
    let turnEndMs = this.nowMs
    for (;;) {
      const event = this.#queue.peek()
      const isNewTurn = event === undefined || event.timeMs > turnEndMs
      if (isNewTurn && this.#endOfTurn.length > 0) {
        this.#runEndOfTurn()
        await settle()
        if (isDone()) return true
        continue
      }
      if (event === undefined || event.timeMs > endMs) return false
      this.#queue.pop()
      if (event.run === null) continue
      this.nowMs = Math.max(this.nowMs, event.timeMs)
      if (isNewTurn) turnEndMs = this.nowMs + maxTurnMs * this.#turnRandom.fraction()
      this.#eventCount++
      event.run()
      await settle()
      if (isDone()) return true
    }
  }

  #runEndOfTurn(): void {
    const callbacks = this.#endOfTurn
    this.#endOfTurn = []
    for (const run of callbacks) run()
  }
}

/** Returns when all promises have settled that can: microtasks run before the event loop goes on. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
