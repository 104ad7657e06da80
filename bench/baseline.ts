// Milena beside Apache Kafka, by Kafka's own clients: node --conditions=milena-source bench/baseline.ts [ROUNDS]
//
// Alternates the brokers round by round, each time a fresh one: idle memory, then Kafka's producer and consumer perf
// tools with their default settings (acks=all, idempotent). Prints the medians as a table and keeps every round in
// bench/results/baseline.json. Needs Java 17 and Maven, as the client suites do. Milena's acks=all waits for the disk,
// Kafka's does not.

import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Broker, startBroker } from '../test/clients/brokers.ts'
import { KafkaTools } from '../test/clients/java/kafka.ts'

type Kind = 'kafka' | 'milena'
type Figures = Record<string, number>

const KINDS: readonly Kind[] = ['kafka', 'milena']
const SIZES = [
  { name: '100 B', size: 100, count: 3_000_000 },
  { name: '1 KiB', size: 1024, count: 500_000 },
]
const IDLE_MS = 5000
const TICKS_PER_SECOND = 100

const rounds = Number(process.argv[2] ?? 3)
const tools = await KafkaTools.resolve()
const raw: { kind: Kind; round: number; figures: Figures }[] = []
for (let round = 1; round <= rounds; round++) {
  for (const kind of KINDS) {
    const figures = await measure(kind)
    raw.push({ kind, round, figures })
    process.stderr.write(`round ${round} ${kind}: ${JSON.stringify(figures)}\n`)
  }
}
const machine = { processors: cpus().length, model: cpus()[0]?.model, memory: totalmem(), node: process.version }
writeFileSync(new URL('results/baseline.json', import.meta.url), `${JSON.stringify({ machine, raw }, null, 1)}\n`)
const page = `${table()}\n`
writeFileSync(new URL('results/baseline.md', import.meta.url), page)
process.stdout.write(page)

async function measure(kind: Kind): Promise<Figures> {
  const broker = await startBroker(kind)
  try {
    await sleep(IDLE_MS)
    const figures: Figures = { 'idle memory, MB': residentSize(broker) / 1e6 }
    for (const { name, size, count } of SIZES) Object.assign(figures, await load(broker, name, size, count))
    figures['peak memory, MB'] = residentSize(broker, 'VmHWM') / 1e6
    return figures
  } finally {
    await broker.dispose(false)
  }
}

async function load(broker: Broker, name: string, size: number, count: number): Promise<Figures> {
  const topic = `bench-${size}`
  const server = ['--bootstrap-server', broker.bootstrap]
  await tools.run('kafka-topics', [...server, '--create', '--topic', topic, '--partitions', '6'])
  const gigabytes = (size * count) / 1e9
  const limits = { timeoutMs: 300_000 }
  const amount = ['--num-records', String(count)]

  let cpu = cpuSeconds(broker)
  const producerArgs = [...server, '--topic', topic, ...amount, '--record-size', String(size), '--throughput', '-1']
  const produced = await tools.run('kafka-producer-perf-test', producerArgs, limits)
  const sent = /([\d.]+) records\/sec .* ([\d.]+) ms 99th/.exec(produced.trim().split('\n').at(-1) ?? '')
  const produceCpu = cpuSeconds(broker) - cpu

  cpu = cpuSeconds(broker)
  const consumed = await tools.run('kafka-consumer-perf-test', [...server, '--topic', topic, ...amount], limits)
  const columns = (consumed.trim().split('\n').at(-1) ?? '').split(',').map(Number)
  const consumeCpu = cpuSeconds(broker) - cpu
  return {
    [`produce ${name}, MB/s`]: (Number(sent?.[1]) * size) / 1e6,
    [`produce ${name}, p99 ms`]: Number(sent?.[2]),
    [`produce ${name}, CPU s/GB`]: produceCpu / gigabytes,
    // fetch.MB.sec is of 2^20 bytes; the time to join the group is not in it.
    [`consume ${name}, MB/s`]: (columns[8] ?? Number.NaN) * 1.048576,
    [`consume ${name}, CPU s/GB`]: consumeCpu / gigabytes,
  }
}

/** User and system time of the process, from the kernel's own accounting. */
function cpuSeconds({ pid }: Broker): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

function residentSize({ pid }: Broker, field: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
  const match = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(match?.[1]) * 1024
}

function median(kind: Kind, figure: string): number {
  const values = raw.filter((one) => one.kind === kind).map(({ figures }) => figures[figure] ?? Number.NaN)
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function table(): string {
  const lines = ['| figure | Apache Kafka 4.4 | Milena | Milena ÷ Kafka |', '|---|---|---|---|']
  for (const figure of Object.keys(raw[0]?.figures ?? {})) {
    const [kafka, milena] = [median('kafka', figure), median('milena', figure)]
    lines.push(`| ${figure} | ${kafka.toFixed(1)} | ${milena.toFixed(1)} | ${(milena / kafka).toFixed(2)} |`)
  }
  return lines.join('\n')
}
