// What is loaded into a broker's process before the broker, to watch it from within, while its own code knows nothing
// of it: it is asked by a signal, and answers with a file.

import { existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BrokerProcess } from './broker.ts'

const pollMs = 5

export class Preload {
  readonly nodeArguments: readonly string[]
  readonly #file: string

  /** A file of bench/; it learns from MILENA_WATCH where to write. Once in a process of a load. */
  constructor(name: string) {
    this.#file = join(tmpdir(), `milena-${name}-${process.pid}`)
    this.nodeArguments = ['--import', join(import.meta.dirname, '..', name)]
    process.env['MILENA_WATCH'] = this.#file // the broker is a child of this process
  }

  async ask(broker: BrokerProcess): Promise<string> {
    rmSync(this.#file, { force: true })
    broker.signal('SIGUSR2')
    while (!existsSync(this.#file)) await sleep(pollMs)
    const answer = readFileSync(this.#file, 'utf8')
    rmSync(this.#file)
    return answer
  }
}
