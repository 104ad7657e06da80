// Exactly once through kill -9 of the broker and of the application, again and again: each input becomes one output, in
// order, and nobody who reads committed records ever sees anything else.
//
//   node --conditions=milena-source test/clients/eos.ts --rounds 200 [--seed N]

import { strict as assert } from 'node:assert'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { realHost } from '../../host/real/host.ts'
import { SeededRandom } from '../../host/simulated/random.ts'
import { ChainWorkload } from '../sim/chain-workload.ts'
import { BrokerProcess } from './broker-process.ts'

const script = fileURLToPath(new URL('eos-application.ts', import.meta.url))
const SETTINGS = ['transaction.abort.timed.out.transaction.cleanup.interval.ms=500']

export interface EosReport {
  readonly inputs: number
  readonly aborted: number
  readonly brokerKills: number
  readonly applicationKills: number
}

/** What it finds wrong ends it, and then the run. */
class Application {
  readonly #port: number
  #process: ChildProcess | null = null
  fault: string | null = null

  constructor(port: number) {
    this.#port = port
  }

  start(seed: number): void {
    const words = ['--conditions=milena-source', script, String(this.#port), String(seed)]
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] })
    let output = ''
    child.stderr.on('data', (text) => {
      output += text
    })
    child.on('exit', (code) => {
      if (code !== null) this.fault ??= `the application ended with ${code}: ${output}`
    })
    this.#process = child
  }

  kill(): Promise<void> {
    const child = this.#process
    if (child === null || child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
    return new Promise((resolve) => {
      child.on('exit', () => resolve())
      child.kill('SIGKILL')
    })
  }
}

export async function runEos(rounds: number, seed: number, print: (line: string) => void): Promise<EosReport> {
  const random = new SeededRandom(seed)
  const directory = mkdtempSync(join(tmpdir(), 'milena-eos-'))
  const broker = new BrokerProcess(directory, SETTINGS)
  await broker.start()
  const application = new Application(broker.port)
  const kills = { brokerKills: 0, applicationKills: 0 }
  try {
    const host = realHost()
    const workload = new ChainWorkload(() => host, { host: '127.0.0.1', port: broker.port }, random.fork(), false)
    await workload.start()
    application.start(seed)
    const check = (): void => {
      workload.check()
      assert.equal(application.fault, null)
    }
    for (let round = 1; round <= rounds; round++) {
      await sleep(random.between(1, 1500))
      check()
      const what = random.pick(['broker', 'application', 'both'])
      if (what !== 'broker') await application.kill()
      if (what !== 'application') await broker.kill('SIGKILL')
      if (what !== 'application') await broker.start()
      if (what !== 'broker') application.start(seed + round)
      if (what !== 'application') kills.brokerKills++
      if (what !== 'broker') kills.applicationKills++
      if (round % 10 === 0) print(`${round} rounds`)
    }
    workload.finish()
    while (!workload.isDone) {
      check()
      await sleep(50)
    }
    // What should not come may come late.
    await sleep(1000)
    check()
    const { inputs, aborted } = workload.verify()
    await application.kill()
    await broker.kill('SIGTERM')
    return { inputs, aborted, ...kills }
  } finally {
    await application.kill()
    await broker.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
  })
  const print = (line: string) => process.stdout.write(`${line}\n`)
  const report = await runEos(Number(values.rounds), Number(values.seed), print)
  print(`${values.rounds} rounds of kill -9, each input one output: ${JSON.stringify(report)}`)
  process.exit()
}
