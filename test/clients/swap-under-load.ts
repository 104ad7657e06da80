// Clients that work on while the brokers of their directory take turns, each killed in the midst of it:
//
//   Milena ─kill -9─▶ Kafka ─kill -9─▶ Milena ─kill -9─▶ Kafka ─stopped─▶ Milena
//
// Producers and consumers (test/sim/workload.ts), a chain of transactions (test/sim/chain-workload.ts), a share group
// whose workers accept, release, reject and crash (test/broker/share/share-workload.ts), a consumer group
// (swap-group.ts). What must hold in the end each of them says itself: everything acknowledged is there, once and in
// order; nothing aborted is seen; each input is one output; each shared record was accepted or is a dead letter. What
// the last Kafka serves then, Milena serves.

import { strict as assert } from 'node:assert'
import { SeededRandom } from '../../host/simulated/random.ts'
import { ShareWorkload, WORKLOAD_PROPERTIES } from '../broker/share/share-workload.ts'
import { ChainWorkload } from '../sim/chain-workload.ts'
import { partitionCount, topic, Workload } from '../sim/workload.ts'
import { type Report, sleep } from './harness.ts'
import { assertServed, type Served, served } from './served.ts'
import { type BrokerName, SwapDirectory } from './swap-brokers.ts'
import { SwappedGroup } from './swap-group.ts'

const TURNS: readonly BrokerName[] = ['Milena', 'Kafka', 'Milena', 'Kafka']
/** A killed Kafka, or one after a killed Milena, must wait for so long until its node may come back. */
const SESSION_MS = 9000
const SETTINGS = [
  'num.partitions=1',
  `broker.session.timeout.ms=${SESSION_MS}`,
  'transaction.abort.timed.out.transaction.cleanup.interval.ms=500',
  'transaction.state.log.num.partitions=2',
  ...Object.entries(WORKLOAD_PROPERTIES).map(([name, value]) => `${name}=${value}`),
]
const SIZES = [1, 100]
/** Of each kind of load, from broker to broker, before this one may be killed. */
const LEAST_COMMITS = 10
const SHARED_RECORDS = 600
const PATIENCE_MS = 90_000

export class SwapUnderLoad {
  readonly #report: Report
  readonly #directory: SwapDirectory
  readonly #random: SeededRandom
  readonly #workload: Workload
  readonly #chain: ChainWorkload
  readonly #shares: ShareWorkload
  readonly #group: SwappedGroup

  constructor(report: Report, dir: string, ports: readonly number[], seed: number) {
    this.#report = report
    this.#directory = new SwapDirectory(dir, ports, SETTINGS)
    this.#random = new SeededRandom(seed)
    const { host, address } = this.#directory
    const hostOf = () => host
    this.#workload = new Workload(hostOf, address, this.#random.fork(), SIZES, true)
    this.#chain = new ChainWorkload(hostOf, address, this.#random.fork(), true, true)
    this.#shares = new ShareWorkload(host, address, this.#random.fork())
    this.#group = new SwappedGroup({ host, broker: address }, topic, partitionCount)
  }

  async run(): Promise<void> {
    let last: Served | null = null
    for (const [turn, name] of TURNS.entries()) {
      const isLast = turn === TURNS.length - 1
      const passed = await this.#report.check(
        `under load: ${turn + 1}. ${name} is ${isLast ? 'stopped' : 'killed'}`,
        async () => {
          const broker = await this.#directory.start(name)
          try {
            if (turn === 0) await this.#start()
            this.#chain.release()
            await this.#work()
            if (isLast) last = await this.#finish()
            else if (TURNS[turn + 1] === 'Kafka') await this.#endTransactions()
          } catch (error) {
            await broker.stop(false).catch(() => {}) // what went wrong first is told
            throw error
          }
          await broker.stop(isLast)
        },
      )
      if (!passed) return
    }
    await this.#report.check('under load: 5. Milena serves what Kafka served last', async () => {
      const broker = await this.#directory.start('Milena')
      await this.#settled(last)
      await broker.stop(true)
    })
    await this.#report.check('under load: dump-log finds every byte in order', () =>
      this.#directory.dumpLog(`${topic}|input|output|q`),
    )
  }

  async #start(): Promise<void> {
    await this.#workload.start()
    await this.#chain.start()
    await this.#shares.start()
    this.#group.start()
  }

  /** Until every kind of load has got somewhere, and a moment longer. */
  async #work(): Promise<void> {
    const end = performance.now() + PATIENCE_MS
    const before = this.#progress()
    await this.#produceShared(end)
    const goals = [LEAST_COMMITS, LEAST_COMMITS, SHARED_RECORDS, LEAST_COMMITS]
    for (;;) {
      this.#check()
      const done = this.#progress().map((value, index) => value - before[index]!)
      if (done.every((value, index) => value >= goals[index]!)) break
      assert.ok(performance.now() < end, `too little in ${PATIENCE_MS / 1000} s: ${done} of ${goals}`)
      await sleep(20)
    }
    await sleep(this.#random.between(1, 1000))
  }

  #progress(): number[] {
    return [this.#workload.acknowledged, this.#chain.transactions, this.#shares.deliveries, this.#group.commits]
  }

  #check(): void {
    this.#workload.check()
    this.#chain.check()
    this.#group.check()
  }

  /** A broker that has just come back may not lead its partitions yet. */
  async #produceShared(end: number): Promise<void> {
    for (;;) {
      try {
        return await this.#shares.produce(SHARED_RECORDS)
      } catch (error) {
        if (performance.now() > end) throw error
        await sleep(200)
      }
    }
  }

  /**
   * Those whose end is decided are ended before Kafka comes. It writes no markers for what it finds decided while its
   * partitions have no leader, as after every kill, but calls the transaction complete (DIFFERENCES): what it wrote
   * would be pending for ever. Transactions that are open stay so.
   */
  async #endTransactions(): Promise<void> {
    this.#chain.hold()
    await this.#until('no end is under way', () => this.#chain.isHeld)
    const client = await this.#directory.connect()
    const request = { stateFilters: ['PrepareCommit', 'PrepareAbort'], producerIdFilters: [] }
    const end = performance.now() + PATIENCE_MS
    for (;;) {
      const answer = await client.send('ListTransactions', 0, request)
      if (answer?.errorCode === 0 && answer.transactionStates.length === 0) break
      assert.ok(performance.now() < end, `transactions that do not end: ${JSON.stringify(answer?.transactionStates)}`)
      await sleep(50)
    }
    client.close()
  }

  async #finish(): Promise<Served> {
    this.#workload.finish()
    this.#chain.finish()
    await this.#until('everything sent is acknowledged', () => this.#workload.isDone && this.#chain.isDone)
    await sleep(1000) // what should not come may come late
    const { logs, givenUp } = await this.#workload.verify()
    assert.equal(givenUp, 0, 'producers of which a broker has forgotten what it has')
    await this.#until('the group has read everything', () => this.#group.hasRead(logs))
    this.#group.verify(logs)
    const { faults } = await this.#shares.finish(PATIENCE_MS)
    assert.deepEqual(faults, [])
    this.#chain.verify()
    return this.#settled(null)
  }

  async #until(what: string, holds: () => boolean): Promise<void> {
    const end = performance.now() + PATIENCE_MS
    while (!holds()) {
      this.#check()
      assert.ok(performance.now() < end, `${what}: not within ${PATIENCE_MS / 1000} s`)
      await sleep(50)
    }
    this.#check()
  }

  /** Coordinators load, and transactions end, a moment later: asked again until it is as expected. */
  async #settled(expected: Served | null): Promise<Served> {
    const end = performance.now() + PATIENCE_MS
    const client = await this.#directory.connect()
    for (;;) {
      try {
        const now = await served(client)
        const open = Object.entries(now.transactions).filter(([, state]) => /^(Ongoing|Prepare)/.test(state))
        assert.deepEqual(open, [])
        if (expected !== null) assertServed(now, expected)
        client.close()
        return now
      } catch (error) {
        if (performance.now() > end) throw error
        await sleep(500)
      }
    }
  }
}
