// A broker of either kind as a process of its own, that can be stopped, killed and started again on its data.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from '../../test/clients/brokers.ts'
import { milenaCommand, sourceCommand } from '../../test/clients/built.ts'
import { Child } from '../../test/clients/harness.ts'
import { startKafka } from '../../test/clients/java/kafka.ts'
import { Peer } from '../../test/conformance/peer.ts'
import type { Load } from '../sampler.ts'

export const kinds = ['kafka', 'milena'] as const
export type Kind = (typeof kinds)[number]

/** What a load is put on. */
export interface Subject {
  readonly kind: Kind
  readonly bootstrap: string
  readonly pid: number
  /** What happens before and after the load itself, topics and data being there. */
  readonly around?: (load: () => Promise<Load>) => Promise<Load>
}

/** MILENA_CHECKOUT=DIR puts the load on the broker of another checkout. */
const root = process.env['MILENA_CHECKOUT'] ?? join(import.meta.dirname, '..', '..')
const probeMs = 2
/**
 * Kafka with thousands of partitions after a kill takes minutes, and is refused by its own controller until the session
 * of the one before has ended.
 */
const startLimitMs = 300_000
/** Kafka with thousands of partitions takes long over a clean stop too. */
const stopLimitMs = 300_000

/** From the server.properties that Apache distributes: a first member does not wait 3 s for others. */
const distributed = ['group.initial.rebalance.delay.ms=0']
/** As kafka-server-start.sh starts it. */
const kafkaJvm = [
  '-Xms1G',
  '-Xmx1G',
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:+ExplicitGCInvokesConcurrent',
]

/** Those that this process has started, and why some are not there any more. */
const brokers = new Set<BrokerProcess>()
const ends: string[] = []

/** Answers a line for each broker that has ended by itself, these and those before. */
export async function disposeAll(): Promise<readonly string[]> {
  for (const broker of brokers) await broker.dispose()
  return ends
}

export interface BrokerOptions {
  readonly settings?: readonly string[]
  /** Of Milena's Node, for profiles and preloads. It runs from source then, whose files a profile names. */
  readonly nodeArguments?: readonly string[]
}

export class BrokerProcess {
  readonly kind: Kind
  readonly dir: string
  readonly #options: BrokerOptions
  #ports: readonly number[] = []
  #child: Child | undefined

  constructor(kind: Kind, options: BrokerOptions = {}) {
    this.kind = kind
    this.dir = mkdtempSync(join(tmpdir(), `milena-bench-${kind}-`))
    brokers.add(this)
    this.#options = options
  }

  static async started(kind: Kind, options?: BrokerOptions): Promise<BrokerProcess> {
    const broker = new BrokerProcess(kind, options)
    await broker.start()
    return broker
  }

  get bootstrap(): string {
    return `127.0.0.1:${this.#ports[0]}`
  }

  get dataDir(): string {
    return join(this.dir, 'data')
  }

  get pid(): number {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error(`${this.kind} does not run`)
    return pid
  }

  get subject(): Subject {
    return { kind: this.kind, bootstrap: this.bootstrap, pid: this.pid }
  }

  /** The end of what it has printed. */
  get lines(): readonly string[] {
    return this.#child?.lines.slice(-20) ?? []
  }

  /** Answers the ms from the start of the process to the first answered Metadata request. */
  async start(): Promise<number> {
    if (this.#ports.length === 0) this.#ports = await freePorts(2)
    const settings = [...distributed, ...(this.#options.settings ?? [])]
    const child = await (this.kind === 'kafka' ? this.#startKafka(settings) : this.#startMilena(settings))
    this.#child = child
    const startedAt = performance.now()
    const peer = new Peer(this.bootstrap)
    try {
      for (;;) {
        if (await answersMetadata(peer)) return performance.now() - startedAt
        if (!child.running) throw new Error(`${this.kind} has ended:\n${this.lines.join('\n')}`)
        if (performance.now() - startedAt > startLimitMs) throw new Error(`${this.kind} does not answer`)
        await sleep(probeMs)
      }
    } finally {
      peer.close()
    }
  }

  #startKafka(settings: readonly string[]): Promise<Child> {
    const [port = 0, controllerPort = 0] = this.#ports
    return startKafka(this.dir, port, controllerPort, settings, kafkaJvm)
  }

  async #startMilena(settings: readonly string[]): Promise<Child> {
    const nodeArguments = this.#options.nodeArguments ?? []
    const command = nodeArguments.length > 0 ? sourceCommand(root) : milenaCommand(root)
    const serve = [...command, 'serve', '--listen', this.bootstrap]
    return new Child(process.execPath, [...nodeArguments, ...serve, '--data', this.dataDir, ...settings])
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  async stop(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined) return
    if (child.running) child.kill(signal)
    else ends.push(`${this.kind} has ended: ${lastWords(child.lines)}`)
    await child.exited(stopLimitMs)
  }

  async dispose(): Promise<void> {
    brokers.delete(this)
    try {
      await this.stop()
    } finally {
      rmSync(this.dir, { recursive: true, force: true })
    }
  }
}

/** A JVM's reason, or what was printed last. */
function lastWords(lines: readonly string[]): string {
  return lines.findLast((line) => /Exception: |Error: /.test(line)) ?? lines.at(-1) ?? ''
}

/** True once it names a broker: Kafka answers before it knows of itself. */
async function answersMetadata(peer: Peer): Promise<boolean> {
  try {
    const answer = await peer.request('Metadata', 5, { topics: [], allowAutoTopicCreation: false })
    return answer.kind === 'body' && answer.body.brokers.length > 0
  } catch {
    return false // nobody listens yet
  }
}
