// The two brokers that take turns on one data directory, by the same server.properties, and a look at every byte that
// they leave. The shared journal of Milena lies in the directory all the time: Kafka must not mind it.

import { strict as assert } from 'node:assert'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { realHost } from '../../host/real/host.ts'
import { WireClient } from '../wire-client.ts'
import { sourceCommand } from './built.ts'
import { Child, refuse, sleep, until } from './harness.ts'
import { KafkaTools, startKafka, writeProperties } from './java/kafka.ts'

const root = join(import.meta.dirname, '..', '..')
const startLimitMs = 180_000
/** What a killed Milena may not have made yet; Kafka looks through such a segment anyhow, and makes it. */
const NO_INDEX = /Could not find offset index file/
/** Of what Kafka says on the error level, only what is about files: on a slow machine it complains of much else. */
const faults = /\bERROR\b.*(log dir|checkpoint|segment|snapshot|\bfault\b|recover)|\bFATAL\b|[Cc]orrupt|journal/
/** Small segments, so that there are several; a journal soon. */
const ofMilena = ['log.segment.bytes=1048576']

export type BrokerName = 'Kafka' | 'Milena'

export interface Running {
  stop(isClean: boolean): Promise<void>
}

export class SwapDirectory {
  readonly #dir: string
  readonly #port: number
  readonly #controllerPort: number
  readonly #settings: readonly string[]
  #turn = 0
  readonly host = realHost()

  /** `settings`: of both brokers. */
  constructor(dir: string, [port, controllerPort]: readonly number[], settings: readonly string[]) {
    this.#dir = dir
    this.#port = port!
    this.#controllerPort = controllerPort!
    this.#settings = settings
  }

  get address() {
    return { host: '127.0.0.1', port: this.#port }
  }

  start(name: BrokerName): Promise<Running> {
    return name === 'Kafka' ? this.#kafka() : this.#milena()
  }

  async connect(): Promise<WireClient> {
    const end = performance.now() + startLimitMs
    for (;;) {
      try {
        return new WireClient(await this.host.network.connect(this.address), 'swap')
      } catch (error) {
        if (performance.now() > end) throw error
        await sleep(200)
      }
    }
  }

  async #kafka(): Promise<Running> {
    const child = await startKafka(this.#dir, this.#port, this.#controllerPort, this.#settings)
    return {
      stop: async (isClean) => {
        await this.#ended('kafka', child, isClean)
        const lines = isClean ? child.lines : child.lines.filter((line) => !NO_INDEX.test(line))
        refuse(lines.join('\n'), faults)
      },
    }
  }

  async #milena(): Promise<Running> {
    const config = writeProperties(this.#dir, this.#port, this.#controllerPort, this.#settings)
    const data = join(this.#dir, 'data')
    mkdirSync(data, { recursive: true })
    const child = new Child(process.execPath, [...sourceCommand(root), 'serve', '--config', config, ...ofMilena])
    const isUp = () => child.lines.some((line) => line.includes(` serves 127.0.0.1:${this.#port}`))
    await until('Milena serves', () => isUp() || !child.running)
    if (!isUp()) throw new Error(`Milena ended at once:\n${child.lines.join('\n')}`)
    return {
      stop: async (isClean) => {
        await this.#ended('milena', child, isClean)
        assert.ok(statSync(join(data, '.milena-journal-0')).size > 0, 'no journal was made')
      },
    }
  }

  /** What it has said is kept with the directory. */
  async #ended(name: string, child: Child, isClean: boolean): Promise<void> {
    child.kill(isClean ? 'SIGTERM' : 'SIGKILL')
    await child.exited()
    writeFileSync(join(this.#dir, `${++this.#turn}-${name}.log`), child.lines.join('\n'))
  }

  /** `topics`: the start of the names of those that were written to. */
  async dumpLog(topics: string): Promise<void> {
    const tools = await KafkaTools.resolve()
    const data = join(this.#dir, 'data')
    const files = readdirSync(data, { recursive: true, encoding: 'utf8' }).map((name) => join(data, name))
    const kinds: [RegExp, string[]][] = [
      [new RegExp(`/(${topics})[^/]*/\\d+\\.log$`), ['--deep-iteration']],
      [/\/__consumer_offsets[^/]*\/\d+\.log$/, ['--offsets-decoder']],
      [/\/__transaction_state[^/]*\/\d+\.log$/, ['--transaction-log-decoder']],
      [/\/__share_group_state[^/]*\/\d+\.log$/, ['--share-group-state-decoder']],
      [/\/__cluster_metadata[^/]*\/\d+\.log$/, ['--cluster-metadata-decoder']],
      [new RegExp(`/(${topics})[^/]*/\\d+\\.(index|timeindex|txnindex|snapshot)$`), []],
    ]
    for (const [pattern, args] of kinds) {
      const some = files.filter((file) => pattern.test(file) && statSync(file).size > 0)
      assert.ok(some.length > 0, `no file matches ${pattern}`)
      const output = await tools.run('kafka-dump-log', [...args, '--files', some.join(',')])
      refuse(output, /isvalid: false|[Mm]ismatch|Exception|ould not|not sane|corrupt/)
    }
  }
}
