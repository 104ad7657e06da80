// The event loop of a Milena under full load, every batch on the disk before it is acknowledged (bench/stalls.ts).

import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Load } from '../sampler.ts'
import type { Stalls } from '../stalls.ts'
import type { Figures } from '../statistics.ts'
import type { BrokerProcess } from './broker.ts'

const preload = join(import.meta.dirname, '..', 'stalls.ts')
const pollMs = 10

/** Arguments of the broker's Node, and the file that it is to write. */
export function watched(): { nodeArguments: string[]; file: string } {
  const file = join(process.env['TMPDIR'] ?? '/tmp', `milena-stalls-${process.pid}.json`)
  process.env['MILENA_STALLS'] = file // the broker is a child of this process
  return { nodeArguments: ['--import', preload], file }
}

/** Adds to what the load has measured how long the loop kept an event waiting meanwhile. */
export async function stallsDuring(broker: BrokerProcess, file: string, load: () => Promise<Load>): Promise<Load> {
  await histogram(broker, file) // what was before does not count
  const { figures, ...amount } = await load()
  const { count, maxMs, quantilesMs, buckets } = await histogram(broker, file)
  const stalls: Figures = { 'stall max ms': maxMs }
  for (const [name, ms] of Object.entries(quantilesMs)) stalls[`stall ${name} ms`] = ms
  for (const bucket of buckets) stalls[`stalls ≤ ${bucket.toMs ?? '∞'} ms, ‰`] = (bucket.count * 1000) / count
  return { ...amount, figures: { ...figures, ...stalls } }
}

async function histogram(broker: BrokerProcess, file: string): Promise<Stalls> {
  rmSync(file, { force: true })
  broker.signal('SIGUSR2')
  while (!existsSync(file)) await sleep(pollMs)
  return JSON.parse(readFileSync(file, 'utf8'))
}
