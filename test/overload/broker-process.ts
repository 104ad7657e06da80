// A broker in a process of its own, seen from outside: its memory, its sockets, and how soon it answers a ping.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'

const MILENA = fileURLToPath(new URL('../../cli/milena.mjs', import.meta.url))
const SLOW_BROKER = fileURLToPath(new URL('slow-broker.ts', import.meta.url))
const COLLECTOR = new URL('collector.ts', import.meta.url).href
const WATCHER = new URL('watcher.ts', import.meta.url)
/** It may be behind with its work. */
const COLLECTION_MS = 30_000
const KEPT_LOG_LINES = 2_000
const SHOWN_LOG_LINES = 8

export const MIB = 1024 * 1024

export interface BrokerSetting {
  readonly properties: Readonly<Record<string, string>>
  /** Bytes per second that its disk takes; the real disk when not given. */
  readonly diskRate?: number
}

/** What watcher.ts has seen, once a second and at each ping. */
export interface Watched {
  /** MiB. */
  readonly residentSizes: readonly number[]
  readonly pingMs: readonly number[]
}

/** A case with its broker, which is gone in the end; what it has said last is told when the case fails. */
export async function withBroker(setting: BrokerSetting, run: (broker: BrokerProcess) => Promise<void>): Promise<void> {
  const broker = new BrokerProcess(setting.properties)
  try {
    await broker.start(setting.diskRate)
    await run(broker)
  } catch (error) {
    const state = broker.isRunning ? 'runs' : 'is gone'
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${reason}; the broker ${state}\n${broker.logLines.slice(-SHOWN_LOG_LINES).join('\n')}`)
  } finally {
    await broker.remove()
  }
}

export class BrokerProcess {
  port = 0
  /** MiB resident when it was ready. */
  idleSize = 0
  readonly logLines: string[] = []
  readonly #directory = mkdtempSync(join(tmpdir(), 'milena-overload-'))
  readonly #properties: readonly string[]
  #child: ChildProcess | null = null
  #watcher: Worker | null = null

  constructor(properties: Readonly<Record<string, string>>) {
    this.#properties = Object.entries(properties).map(([key, value]) => `${key}=${value}`)
    process.on('exit', () => this.#child?.kill('SIGKILL'))
  }

  /** On the same port and data, after `kill`. `diskRate` as in BrokerSetting. */
  async start(diskRate?: number): Promise<void> {
    const address = `127.0.0.1:${this.port}`
    const words =
      diskRate === undefined
        ? [MILENA, 'serve', '--listen', address, '--data', this.#directory]
        : [SLOW_BROKER, `${diskRate}`, `listeners=PLAINTEXT://${address}`, `log.dirs=${this.#directory}`]
    const nodeWords = ['--conditions=milena-source', '--expose-gc', '--import', COLLECTOR]
    const child = spawn(process.execPath, [...nodeWords, ...words, ...this.#properties], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.logLines.push(...text.split('\n').filter((line) => line !== ''))
      if (this.logLines.length > KEPT_LOG_LINES) this.logLines.splice(0, this.logLines.length - KEPT_LOG_LINES)
    })
    this.port = await new Promise<number>((resolve, reject) => {
      child.on('exit', (code, signal) => {
        this.logLines.push(`(ended with ${code ?? signal})`)
        reject(new Error('the broker does not start'))
      })
      child.stdout.on('data', (text) => {
        const port = / serves \S+:(\d+) /.exec(`${text}`)?.[1]
        if (port !== undefined) resolve(Number(port))
      })
    })
    this.idleSize = this.memory('VmRSS')
    const watcher = new Worker(WATCHER, { workerData: { port: this.port, pid: child.pid } })
    this.#watcher = watcher
    await new Promise((resolve) => watcher.once('message', resolve))
  }

  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** MiB: VmRSS now, VmHWM the most since it began. */
  memory(name: 'VmRSS' | 'VmHWM'): number {
    const status = readFileSync(`/proc/${this.#child?.pid}/status`, 'utf8')
    return Math.round(Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024)
  }

  /** MiB that are left on its heap when all garbage is collected. */
  async heapSize(): Promise<number> {
    const told = () => this.logLines.flatMap((line) => /^heap (\d+)$/.exec(line)?.[1] ?? [])
    const before = told().length
    this.#child?.kill('SIGUSR2')
    const endAt = performance.now() + COLLECTION_MS
    while (told().length === before) {
      if (performance.now() > endAt) throw new Error('the broker does not collect')
      await sleep(20)
    }
    return Number(told().at(-1)) / MIB
  }

  /** Sockets it holds, its listener and the watcher's connection among them. */
  socketCount(): number {
    const directory = `/proc/${this.#child?.pid}/fd`
    return readdirSync(directory).filter((name) => {
      try {
        return readlinkSync(join(directory, name)).startsWith('socket:')
      } catch {
        return false // closed meanwhile
      }
    }).length
  }

  /** What was seen until now; the watching ends. */
  watched(): Promise<Watched> {
    const watcher = this.#watcher
    if (watcher === null) throw new Error('asked twice')
    this.#watcher = null
    return new Promise((resolve) => {
      watcher.on('message', (seen: Watched) => {
        resolve(seen)
        watcher.terminate()
      })
      watcher.postMessage('done')
    })
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#watcher?.terminate()
    this.#watcher = null
    const child = this.#child
    if (child === null || !this.isRunning) return
    await new Promise((resolve) => {
      child.on('exit', resolve)
      child.kill('SIGKILL')
    })
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
