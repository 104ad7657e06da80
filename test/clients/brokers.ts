// The brokers that suites run on: Milena as `npm start` starts it, Apache Kafka, or one that somebody else runs.

import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { milenaCommand } from './built.ts'
import { Child, sleep, type Target, until } from './harness.ts'
import { startKafka } from './java/kafka.ts'

export interface Broker extends Target {
  /** Of the broker's process; undefined when it is not ours. */
  readonly pid: number | undefined
  /** Stops it, and removes its data unless `keep`. */
  dispose(keep: boolean): Promise<void>
}

const root = join(import.meta.dirname, '..', '..')
const startLimitMs = 60_000

/** Kafka lets members of KIP-848 groups be silent for 45 s; tests that kill one wait for less. */
const briskGroups = [
  'group.consumer.min.heartbeat.interval.ms=500',
  'group.consumer.heartbeat.interval.ms=500',
  'group.consumer.min.session.timeout.ms=6000',
  'group.consumer.session.timeout.ms=6000',
]

/** From the server.properties that Apache distributes: a first member does not wait 3 s for others. */
const distributed = ['group.initial.rebalance.delay.ms=0', ...briskGroups]

export function startBroker(kind: 'milena' | 'kafka', settings: readonly string[] = []): Promise<Broker> {
  const all = [...distributed, ...settings]
  return kind === 'kafka' ? kafka(all) : milena(all)
}

/** MILENA_BOOTSTRAP=HOST:PORT, with MILENA_DATA=DIR where its log directory can be read. */
export function runningBroker(bootstrap: string): Broker {
  const dataDir = process.env['MILENA_DATA']
  return { pid: undefined, bootstrap, controller: undefined, dataDir, stop: async () => false, dispose: async () => {} }
}

async function milena(settings: readonly string[]): Promise<Broker> {
  const dir = mkdtempSync(join(tmpdir(), 'milena-clients-'))
  const dataDir = join(dir, 'data')
  const [controllerPort] = await freePorts(1)
  const isListening = settings.some((setting) => setting.startsWith('listeners='))
  const controller = isListening ? undefined : `127.0.0.1:${controllerPort}`
  const listeners = `listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://${controller}`
  const listen = isListening ? [] : [listeners, 'controller.listener.names=CONTROLLER']
  const serve = [...milenaCommand(root), 'serve', '--data', dataDir, ...listen]
  const child = new Child(process.execPath, [...serve, ...settings], { cwd: dir })
  let port: string | undefined
  child.onLine = (line) => {
    port ??= /127\.0\.0\.1:(\d+)/.exec(line)?.[1]
  }
  await up(child, () => port !== undefined)
  return owned(child, dir, dataDir, `127.0.0.1:${port}`, controller)
}

async function kafka(settings: readonly string[]): Promise<Broker> {
  const dir = mkdtempSync(join(tmpdir(), 'milena-kafka-'))
  const [port, controllerPort] = await freePorts(2)
  const child = await startKafka(dir, port!, controllerPort!, settings)
  let open = false
  void (async () => {
    while (child.running && !open) {
      open = await accepts(port!)
      await sleep(100)
    }
  })()
  await up(child, () => open)
  return owned(child, dir, join(dir, 'data'), `127.0.0.1:${port}`, `127.0.0.1:${controllerPort}`)
}

async function up(child: Child, ready: () => boolean): Promise<void> {
  await until('the broker is up', () => ready() || !child.running, startLimitMs)
  if (!ready()) throw new Error(`the broker ended at once:\n${child.lines.slice(-30).join('\n')}`)
}

function owned(child: Child, dir: string, dataDir: string, bootstrap: string, controller: string | undefined): Broker {
  const stop = async () => {
    if (child.running) child.kill('SIGTERM')
    await child.exited()
    return true
  }
  const dispose = async (keep: boolean) => {
    await stop()
    if (!keep) return rmSync(dir, { recursive: true, force: true })
    const log = child.lines.slice(-30).join('\n')
    process.stdout.write(`The broker's files are kept in ${dir}; the end of its log:\n${log}\n`)
  }
  return { pid: child.pid, bootstrap, controller, dataDir, stop, dispose }
}

/** Ports that were free a moment ago, for a broker that must be told its ports before it starts. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.on('error', reject)
          server.listen(0, '127.0.0.1', () => {
            const address = server.address()
            if (address !== null && typeof address === 'object') resolve(address.port)
          })
        }),
    ),
  )
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
