// Kafka Connect as it comes, in distributed mode: lines of a file become records by its file source, and records lines
// of another file by its file sink, through a restart of the worker. Its settings, offsets and states lie in topics of
// the broker under test.

import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../brokers.ts'
import { Child, type Report, sleep, type Target } from '../harness.ts'
import { jars, toolJvm } from './kafka.ts'

const startLimitMs = 120_000
const lineCount = 200

export async function suite(target: Target, report: Report): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'milena-connect-'))
  try {
    await new ConnectSuite(target, report, dir).run()
  } finally {
    rmSync(dir, { recursive: true })
  }
}

class ConnectSuite {
  readonly #target: Target
  readonly #report: Report
  readonly #dir: string
  readonly #name = `connect-${Date.now().toString(36)}`
  #worker: Child | null = null
  #port = 0
  readonly #written: string[] = []

  constructor(target: Target, report: Report, dir: string) {
    this.#target = target
    this.#report = report
    this.#dir = dir
  }

  async run(): Promise<void> {
    try {
      await this.#report.check('a distributed worker starts', () => this.#start())
      await this.#report.check('file source and file sink are created', () => this.#create())
      await this.#report.check('every line of one file comes out of the other', () => this.#lines())
      await this.#report.check('after a restart it goes on where it was', async () => {
        await this.#stop()
        this.#append()
        await this.#start()
        await this.#lines()
      })
      await this.#report.check('connectors are listed and deleted', () => this.#delete())
    } finally {
      await this.#stop()
    }
  }

  async #start(): Promise<void> {
    const [port] = await freePorts(1)
    this.#port = port!
    const converter = 'org.apache.kafka.connect.storage.StringConverter'
    const file = join(this.#dir, 'worker.properties')
    const topics = ['config', 'offset', 'status'].flatMap((kind) => [
      `${kind}.storage.topic=${this.#name}-${kind}`,
      `${kind}.storage.replication.factor=1`,
    ])
    const properties = [
      `bootstrap.servers=${this.#target.bootstrap}`,
      `group.id=${this.#name}`,
      `key.converter=${converter}`,
      `value.converter=${converter}`,
      ...topics,
      'offset.storage.partitions=3',
      'offset.flush.interval.ms=1000',
      `listeners=http://127.0.0.1:${this.#port}`,
      'rest.advertised.host.name=127.0.0.1',
      'scheduled.rebalance.max.delay.ms=0',
      'plugin.discovery=service_load',
    ]
    writeFileSync(file, `${properties.join('\n')}\n`)
    const main = 'org.apache.kafka.connect.cli.ConnectDistributed'
    this.#worker = new Child('java', [...toolJvm, '-cp', `${await jars('connect')}/*`, main, file])
    await this.#until('the worker answers', async () => (await this.#ask('GET', '/connectors')) !== null)
  }

  async #stop(): Promise<void> {
    const worker = this.#worker
    this.#worker = null
    if (!worker?.running) return
    worker.kill('SIGTERM')
    await worker.exited()
  }

  async #create(): Promise<void> {
    this.#append()
    const topic = this.#name
    const tasks = { 'tasks.max': '1' }
    const source = { ...tasks, file: join(this.#dir, 'in.txt'), topic, 'connector.class': 'FileStreamSource' }
    const sink = { ...tasks, file: join(this.#dir, 'out.txt'), topics: topic, 'connector.class': 'FileStreamSink' }
    for (const [name, config] of Object.entries({ source, sink })) {
      await this.#until(
        `${name} is created`,
        async () => (await this.#ask('PUT', `/connectors/${name}/config`, config)) !== null,
      )
    }
  }

  #append(): void {
    const first = this.#written.length
    const lines = Array.from({ length: lineCount }, (_, index) => `line ${first + index}`)
    this.#written.push(...lines)
    appendFileSync(join(this.#dir, 'in.txt'), `${lines.join('\n')}\n`)
  }

  async #lines(): Promise<void> {
    const file = join(this.#dir, 'out.txt')
    const read = () => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [])
    await this.#until('all lines are there', async () => read().length >= this.#written.length)
    assert.deepEqual(read(), this.#written)
  }

  async #delete(): Promise<void> {
    assert.deepEqual(((await this.#ask('GET', '/connectors')) as string[]).sort(), ['sink', 'source'])
    for (const name of ['source', 'sink']) await this.#ask('DELETE', `/connectors/${name}`)
    await this.#until('they are gone', async () => JSON.stringify(await this.#ask('GET', '/connectors')) === '[]')
  }

  /** null: it does not answer yet, or refuses for now. */
  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    try {
      const answer = await fetch(`http://127.0.0.1:${this.#port}${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      if (!answer.ok) return null
      const text = await answer.text()
      return text === '' ? {} : JSON.parse(text)
    } catch {
      return null
    }
  }

  async #until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + startLimitMs
    while (!(await holds())) {
      const end_ = this.#worker?.lines.slice(-20).join('\n') ?? ''
      if (this.#worker?.running === false) throw new Error(`the worker has ended:\n${end_}`)
      if (performance.now() > end) throw new Error(`${what}: not within ${startLimitMs / 1000} s\n${end_}`)
      await sleep(300)
    }
  }
}
