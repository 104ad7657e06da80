// The event loop of a Milena under full load, every batch on the disk before it is acknowledged (bench/stalls.ts).

import type { Load } from '../sampler.ts'
import type { Stalls } from '../stalls.ts'
import type { Figures } from '../statistics.ts'
import type { BrokerProcess } from './broker.ts'
import type { Preload } from './preload.ts'

/**
 * Adds to what the load has measured how long the loop kept an event waiting meanwhile; `own`: without the time for
 * which its thread had no processor, which others had.
 */
export async function stallsDuring(broker: BrokerProcess, preload: Preload, load: () => Promise<Load>): Promise<Load> {
  await preload.ask(broker) // what was before does not count
  const { figures, ...amount } = await load()
  const { count, maxMs, quantilesMs, ownQuantilesMs, buckets }: Stalls = JSON.parse(await preload.ask(broker))
  const stalls: Figures = { 'stall max ms': maxMs }
  for (const [name, ms] of Object.entries(quantilesMs)) stalls[`stall ${name} ms`] = ms
  for (const [name, ms] of Object.entries(ownQuantilesMs)) stalls[`own stall ${name} ms`] = ms
  for (const bucket of buckets) stalls[`stalls ≤ ${bucket.toMs ?? '∞'} ms, ‰`] = (bucket.count * 1000) / count
  return { ...amount, figures: { ...figures, ...stalls } }
}
