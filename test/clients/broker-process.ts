// A broker in a process of its own, on the same port and data through all its lives.

import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../../cli/milena.mjs', import.meta.url))

export class BrokerProcess {
  readonly #directory: string
  readonly #settings: readonly string[]
  #process: ChildProcess | null = null
  port = 0

  constructor(directory: string, settings: readonly string[] = []) {
    this.#directory = directory
    this.#settings = settings
  }

  async start(): Promise<void> {
    const words = [
      'serve',
      '--listen',
      `127.0.0.1:${this.port}`,
      '--data',
      this.#directory,
      'log.segment.bytes=1048576',
      'group.initial.rebalance.delay.ms=0',
      ...this.#settings,
    ]
    const child = spawn(process.execPath, ['--conditions=milena-source', script, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process = child
    let output = ''
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (text) => {
        output += text
      })
      child.stdout.on('data', (text) => {
        output += text
        const port = / serves \S+:(\d+) /.exec(output)?.[1]
        if (port === undefined) return
        this.port = Number(port)
        resolve()
      })
      child.on('exit', (code) => reject(new Error(`the broker ended with ${code}: ${output}`)))
    })
  }

  /** It stands still, or goes on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(signal)
  }

  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#process
    if (child === null || child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
    return new Promise((resolve) => {
      child.on('exit', () => resolve())
      child.kill(signal)
    })
  }
}
