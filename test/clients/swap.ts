// One data directory, two brokers in turn, with load on each: Kafka → Milena → Kafka → Milena, stopped cleanly or
// killed. What one serves last, the next one serves first; then dump-log looks at every byte. The shared journal of
// Milena lies in the directory all the time: Kafka must not mind it.
//
//   node --conditions=milena-source test/clients/swap.ts [clean|killed]

import { strict as assert } from 'node:assert'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { realHost } from '../../host/real/host.ts'
import { WireClient } from '../sim/wire-client.ts'
import { BrokerProcess } from './broker-process.ts'
import { freePorts } from './brokers.ts'
import { Report, refuse, sleep } from './harness.ts'
import { KafkaTools, startKafka } from './java/kafka.ts'
import { type Served, served } from './served.ts'
import { SwapLoad } from './swap-load.ts'

const startLimitMs = 180_000
/**
 * On a machine that is busy Kafka's broker is late to tell its controller that it lives, and then leads nothing. As
 * long it must wait, when it was killed, until it may come back.
 */
const PATIENT = 'broker.session.timeout.ms=20000'
/** What a killed Milena may not have made yet; Kafka looks through such a segment anyhow, and makes it. */
const NO_INDEX = /Could not find offset index file/
/** Of what Kafka says on the error level, only what is about files: on a slow machine it complains of much else. */
const faults = /\bERROR\b.*(log dir|checkpoint|segment|snapshot|fault|recover)|\bFATAL\b|[Cc]orrupt|journal/

interface Running {
  stop(isClean: boolean): Promise<void>
}

class Swap {
  readonly #report: Report
  readonly #isClean: boolean
  readonly #dir: string
  readonly #ports: readonly number[]
  readonly #host = realHost()
  #load: SwapLoad | null = null
  #last: Served | null = null

  constructor(report: Report, isClean: boolean, dir: string, ports: readonly number[]) {
    this.#report = report
    this.#isClean = isClean
    this.#dir = dir
    this.#ports = ports
  }

  async run(): Promise<void> {
    const how = this.#isClean ? 'stopped cleanly' : 'killed'
    for (const [turn, name] of ['Kafka', 'Milena', 'Kafka', 'Milena', 'Kafka'].entries()) {
      const what = turn === 0 ? 'begins' : 'serves what the other left, and goes on'
      const passed = await this.#report.check(`${how}: ${turn + 1}. ${name} ${what}`, () =>
        this.#turn(name === 'Kafka' ? () => this.#kafka() : () => this.#milena()),
      )
      if (!passed) return
    }
    await this.#report.check(`${how}: dump-log finds every byte in order`, () => this.#dumpLog())
  }

  async #turn(start: () => Promise<Running>): Promise<void> {
    const broker = await start()
    try {
      const client = await this.#connect()
      if (this.#last !== null) {
        const last = this.#last
        await this.#settled(client, (now) => assert.deepEqual(now, last))
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

  async #connect(): Promise<WireClient> {
    const until = performance.now() + startLimitMs
    for (;;) {
      try {
        const connection = await this.#host.network.connect({ host: '127.0.0.1', port: this.#ports[0]! })
        return new WireClient(connection, 'swap')
      } catch (error) {
        if (performance.now() > until) throw error
        await sleep(200)
      }
    }
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

  async #kafka(): Promise<Running> {
    const child = await startKafka(this.#dir, this.#ports[0]!, this.#ports[1]!, ['num.partitions=1', PATIENT])
    return {
      stop: async (isClean) => {
        child.kill(isClean ? 'SIGTERM' : 'SIGKILL')
        await child.exited()
        const lines = isClean ? child.lines : child.lines.filter((line) => !NO_INDEX.test(line))
        refuse(lines.join('\n'), faults)
      },
    }
  }

  async #milena(): Promise<Running> {
    const data = join(this.#dir, 'data')
    const broker = new BrokerProcess(data, ['milena.journal.after.syncs=20'])
    broker.port = this.#ports[0]!
    await broker.start()
    return {
      stop: async (isClean) => {
        await broker.kill(isClean ? 'SIGTERM' : 'SIGKILL')
        assert.ok(statSync(join(data, '.milena-journal-0')).size > 0, 'no journal was made')
      },
    }
  }

  async #dumpLog(): Promise<void> {
    const tools = await KafkaTools.resolve()
    const data = join(this.#dir, 'data')
    const files = readdirSync(data, { recursive: true, encoding: 'utf8' }).map((name) => join(data, name))
    const kinds: [RegExp, string[]][] = [
      [/\/stage-[^/]*\/\d+\.log$/, ['--deep-iteration']],
      [/\/__consumer_offsets[^/]*\/\d+\.log$/, ['--offsets-decoder']],
      [/\/__transaction_state[^/]*\/\d+\.log$/, ['--transaction-log-decoder']],
      [/\/__share_group_state[^/]*\/\d+\.log$/, ['--share-group-state-decoder']],
      [/\/__cluster_metadata[^/]*\/\d+\.log$/, ['--cluster-metadata-decoder']],
      [/\/stage-[^/]*\/\d+\.(index|timeindex|txnindex|snapshot)$/, []],
    ]
    for (const [pattern, args] of kinds) {
      const some = files.filter((file) => pattern.test(file) && statSync(file).size > 0)
      assert.ok(some.length > 0, `no file matches ${pattern}`)
      const output = await tools.run('kafka-dump-log', [...args, '--files', some.join(',')])
      refuse(output, /isvalid: false|[Mm]ismatch|Exception|ould not|not sane|corrupt/)
    }
  }
}

const report = new Report('swap')
for (const mode of process.argv.length > 2 ? process.argv.slice(2) : ['clean', 'killed']) {
  const dir = mkdtempSync(join(tmpdir(), 'milena-swap-'))
  const failedBefore = report.failed
  await new Swap(report, mode === 'clean', dir, await freePorts(2)).run()
  if (report.failed === failedBefore) rmSync(dir, { recursive: true, force: true })
  else process.stdout.write(`the directory is kept: ${dir}\n`)
}
process.stdout.write(`swap: ${report.passed} passed, ${report.failed} failed\n`)
process.exit(report.failed === 0 ? 0 : 1)
