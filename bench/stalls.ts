// How long an event that arrives now has to wait for the event loop. Preloaded into a broker (load/preload.ts).
//
// A thread sends a message every millisecond, whether or not the ones before have been received, and the main thread
// notes how late each comes: a stall of 20 ms counts twenty times, as it would for twenty clients. (A timer of the loop
// itself, as monitorEventLoopDelay has it, would see it once.) Each question is answered with the histogram since the
// one before.

import { createHistogram } from 'node:perf_hooks'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { onQuestion } from './watch.ts'

const gapMs = 1
const quantiles = [50, 90, 99, 99.9, 99.99]
/** Upper ends of the buckets that the histogram is printed in. */
const bucketsMs = [0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, Number.POSITIVE_INFINITY]

export interface Stalls {
  readonly count: number
  readonly maxMs: number
  readonly quantilesMs: Readonly<Record<string, number>>
  /** No upper end for the last. */
  readonly buckets: readonly { readonly toMs: number | null; readonly count: number }[]
}

if (isMainThread) watch()
else tick()

function tick(): void {
  const nothing = new Int32Array(new SharedArrayBuffer(4))
  for (;;) {
    Atomics.wait(nothing, 0, 0, gapMs)
    parentPort?.postMessage(process.hrtime.bigint())
  }
}

function watch(): void {
  const histogram = createHistogram()
  const counts = bucketsMs.map(() => 0)
  const worker = new Worker(new URL(import.meta.url))
  worker.on('message', (sentAt: bigint) => {
    const ns = Math.max(1, Number(process.hrtime.bigint() - sentAt))
    histogram.record(ns)
    const bucket = bucketsMs.findIndex((toMs) => ns <= toMs * 1e6)
    counts[bucket] = (counts[bucket] ?? 0) + 1
  })
  worker.unref()
  onQuestion(() => {
    const stalls: Stalls = {
      count: histogram.count,
      maxMs: histogram.max / 1e6,
      quantilesMs: Object.fromEntries(quantiles.map((each) => [`p${each}`, histogram.percentile(each) / 1e6])),
      buckets: bucketsMs.map((toMs, index) => ({
        toMs: Number.isFinite(toMs) ? toMs : null,
        count: counts[index] ?? 0,
      })),
    }
    histogram.reset()
    counts.fill(0)
    return JSON.stringify(stalls)
  })
}
