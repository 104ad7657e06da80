// Milena beside Apache Kafka under the same load: npm run bench -- compare [options]
//
//   --cases GLOB,GLOB   of cases.ts; all by default
//   --rounds N          3 by default; in each round every case runs on Kafka and then on Milena
//   --quick             a third of the load, one round, nothing of very many partitions or connections
//   --continue          keeps what today's results have and runs what they lack
//
// Needs Java 17, and Maven for the first time; Linux. Both brokers stand all the while; cases about starting, memory
// and connections start their own. Every run is kept in bench/results/DATE-compare.json as soon as it is there.

import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { run } from '../test/clients/harness.ts'
import { allCases, limitMs } from './cases.ts'
import { matches, type Run } from './goals.ts'
import { BrokerProcess, type Kind, kinds, type Subject } from './load/broker.ts'
import { machine } from './machine.ts'
import { type Comparison, page, picture, reason } from './report.ts'
import { format } from './table.ts'

const kafkaVersion = '4.4.0'
const quickScale = 0.3
const tooLong = ['parts/5000', 'parts/10000', 'parts/20000', 'conns/10000', 'many-groups/1000']
/** Half a minute: both run on virtual machines that compile what they run often. */
const warmUps = [
  'raw-produce/1024/acks1/p12/none/b16k',
  'raw-produce/100/acksall/p12/none/b128k',
  'raw-consume/1024/p12/none',
  'lat/1000/1024/acksall/p1',
]
/** For the end of a case that was too long. */
const endLimitMs = 60_000
const syncLimitMs = 60_000
/** Cases that take pages from the kernel by the GB, and how much at most. */
const appending = /^(raw-produce|sync-produce|stalls)\//
const appendedSize = 4e9

export async function compare(args: readonly string[]): Promise<void> {
  const options = {
    cases: { type: 'string', default: '*' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    continue: { type: 'boolean', default: false },
  } as const
  const { values } = parseArgs({ args: [...args], options })
  await run('java', ['-version']).catch(() => {
    throw new Error('Apache Kafka needs Java 17, and Maven to be fetched: neither is here')
  })
  const names = chosen(values.cases).filter((name) => !values.quick || !tooLong.includes(name))
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
  const scale = values.quick ? quickScale : 1

  const file = resultFile('compare.json')
  const before = values.continue && existsSync(file) ? readRuns(file) : []
  const runs: Run[] = [...before]
  const done = (name: string, kind: Kind, round: number) =>
    runs.some((each) => each.name === name && each.kind === kind && each.round === round && each.error === undefined)
  const brokers = new Map<Kind, BrokerProcess>()
  try {
    for (const kind of kinds) {
      const broker = await BrokerProcess.started(kind)
      brokers.set(kind, broker)
      for (const name of warmUps) await runOnce(name, scale, broker.subject)
    }
    for (const name of names) {
      for (let round = 1; round <= rounds; round++) {
        for (const [kind, broker] of brokers) {
          if (done(name, kind, round) || (kind === 'kafka' && name.startsWith('stalls/'))) continue
          const outcome = await runOnce(name, scale, broker.subject)
          runs.push({ name, kind, round, ...outcome })
          print(`${name} ${kind} ${round}/${rounds}: ${inShort(outcome)}`)
          save(file, runs)
        }
      }
    }
  } finally {
    for (const broker of brokers.values()) await broker.dispose()
  }
}

/** A name that is no pattern may be any that cases.ts understands. */
function chosen(globs: string): string[] {
  const patterns = globs.split(',')
  const names = allCases.filter((name) => patterns.some((pattern) => matches(name, pattern)))
  const exact = patterns.filter((pattern) => !pattern.includes('*') && !names.includes(pattern))
  return [...names, ...exact]
}

const print = (line: string) => process.stdout.write(`${line}\n`)

type Outcome = Pick<Run, 'figures'> | Pick<Run, 'error'>

/**
 * In a process of its own; no case pays for the dirty pages of the one before, nor for free memory that the host of a
 * virtual machine has taken back: a page of that costs up to ten times as much, so which broker gets it would decide.
 */
export async function runOnce(name: string, scale: number, { kind, bootstrap, pid }: Subject): Promise<Outcome> {
  try {
    await run('sync', [], { timeoutMs: syncLimitMs })
    if (appending.test(name)) touchFreeMemory()
    const main = new URL('load/main.ts', import.meta.url).pathname
    const args = ['--conditions=milena-source', main, name, String(scale), kind, bootstrap, String(pid)]
    const printed = await run(process.execPath, args, { timeoutMs: limitMs(name) + endLimitMs })
    return { figures: JSON.parse(printed.split('\n').findLast((line) => line.startsWith('{')) ?? '{}') }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

function touchFreeMemory(): void {
  const path = join(tmpdir(), `milena-bench-${process.pid}`)
  const block = Buffer.alloc(1024 * 1024, 7)
  const file = openSync(path, 'w')
  for (let written = 0; written < appendedSize; written += block.length) writeSync(file, block)
  closeSync(file)
  rmSync(path)
}

export function inShort(outcome: Outcome): string {
  if ('error' in outcome) return `ERROR ${reason(outcome.error)}`
  const figures = Object.entries('figures' in outcome ? (outcome.figures ?? {}) : {})
  return figures.map(([name, value]) => `${name} ${format(value)}`).join(', ')
}

export function resultFile(name: string): string {
  return new URL(`results/${new Date().toISOString().slice(0, 10)}-${name}`, import.meta.url).pathname
}

function readRuns(file: string): readonly Run[] {
  const comparison: Comparison = JSON.parse(readFileSync(file, 'utf8'))
  return comparison.runs
}

function save(file: string, runs: readonly Run[]): void {
  const comparison: Comparison = { machine: { ...machine(), kafka: kafkaVersion }, runs }
  const rows = runs.map((each) => `  ${JSON.stringify(each)}`).join(',\n')
  writeFileSync(file, `{"machine": ${JSON.stringify(comparison.machine)},\n"runs": [\n${rows}\n]}\n`)
  const svg = file.replace('.json', '.svg')
  writeFileSync(svg, picture(comparison))
  writeFileSync(file.replace('.json', '.md'), page(comparison, svg.split('/').at(-1) ?? ''))
}
