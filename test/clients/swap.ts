// One data directory, two brokers in turn, with load on each: Kafka → Milena → Kafka → Milena, stopped cleanly or
// killed when the load is done: what one serves last, the next one serves first. And Milena → Kafka → Milena → Kafka,
// killed under load (swap-under-load.ts). Then dump-log looks at every byte.
//
//   node --conditions=milena-source test/clients/swap.ts [clean] [killed] [loaded] [--seed N]

import { strict as assert } from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { WireClient } from '../wire-client.ts'
import { freePorts } from './brokers.ts'
import { Report, sleep } from './harness.ts'
import { assertServed, type Served, served } from './served.ts'
import { type BrokerName, SwapDirectory } from './swap-brokers.ts'
import { SwapLoad } from './swap-load.ts'
import { SwapUnderLoad } from './swap-under-load.ts'

const startLimitMs = 180_000
/**
 * On a machine that is busy Kafka's broker is late to tell its controller that it lives, and then leads nothing. As
 * long it must wait, when it was killed, until it may come back.
 */
const PATIENT = 'broker.session.timeout.ms=20000'
class Swap {
  readonly #report: Report
  readonly #isClean: boolean
  readonly #directory: SwapDirectory
  #load: SwapLoad | null = null
  #last: Served | null = null

  constructor(report: Report, isClean: boolean, dir: string, ports: readonly number[]) {
    this.#report = report
    this.#isClean = isClean
    this.#directory = new SwapDirectory(dir, ports, ['num.partitions=1', PATIENT, 'group.initial.rebalance.delay.ms=0'])
  }

  async run(): Promise<void> {
    const how = this.#isClean ? 'stopped cleanly' : 'killed'
    const turns: readonly BrokerName[] = ['Kafka', 'Milena', 'Kafka', 'Milena', 'Kafka']
    for (const [turn, name] of turns.entries()) {
      const what = turn === 0 ? 'begins' : 'serves what the other left, and goes on'
      const passed = await this.#report.check(`${how}: ${turn + 1}. ${name} ${what}`, () => this.#turn(name))
      if (!passed) return
    }
    await this.#report.check(`${how}: dump-log finds every byte in order`, () => this.#directory.dumpLog('stage-'))
  }

  async #turn(name: BrokerName): Promise<void> {
    const broker = await this.#directory.start(name)
    try {
      const client = await this.#directory.connect()
      if (this.#last !== null) {
        const last = this.#last
        await this.#settled(client, (now) => assertServed(now, last))
      }
      this.#load ??= new SwapLoad(client)
      await this.#load.run(client)
      await this.#settled(client, (now) => {
        const ending = Object.entries(now.transactions).filter(([, state]) => state.startsWith('Prepare'))
        assert.deepEqual(ending, [])
        this.#last = now
      })
      client.close()
    } catch (error) {
      await broker.stop(this.#isClean).catch(() => {}) // what went wrong first is told
      throw error
    }
    await broker.stop(this.#isClean)
  }

  /** Coordinators load, and markers are written, a moment after the start: asked again until it holds. */
  async #settled(client: WireClient, check: (now: Served) => void): Promise<void> {
    const until = performance.now() + startLimitMs
    for (;;) {
      try {
        check(await served(client))
        return
      } catch (error) {
        if (performance.now() > until) throw error
        await sleep(500)
      }
    }
  }
}

const { values, positionals } = parseArgs({
  options: { seed: { type: 'string', default: String(Date.now() % 1_000_000) } },
  allowPositionals: true,
})
const report = new Report('swap')
for (const mode of positionals.length > 0 ? positionals : ['clean', 'killed', 'loaded']) {
  const dir = mkdtempSync(join(tmpdir(), 'milena-swap-'))
  const failedBefore = report.failed
  const ports = await freePorts(2)
  if (mode === 'loaded') await new SwapUnderLoad(report, dir, ports, Number(values.seed)).run()
  else await new Swap(report, mode === 'clean', dir, ports).run()
  if (report.failed === failedBefore) rmSync(dir, { recursive: true, force: true })
  else process.stdout.write(`the directory is kept: ${dir}; the seed is ${values.seed}\n`)
}
process.stdout.write(`swap: ${report.passed} passed, ${report.failed} failed\n`)
process.exit(report.failed === 0 ? 0 : 1)
