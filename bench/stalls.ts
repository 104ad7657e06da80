// How long an event that arrives now has to wait for the event loop. Preloaded into a broker (load/preload.ts).
//
// A thread sends a message every millisecond, whether or not the ones before have been received, and the main thread
// notes how late each comes: a stall of 20 ms counts twenty times, as it would for twenty clients. (A timer of the loop
// itself, as monitorEventLoopDelay has it, would see it once.) Each question is answered with the histogram since the
// one before.
//
// On a machine that does other things too, the thread waits for its processor: what the kernel says of that is taken
// off in a second histogram, which shows the broker's own part.

import { openSync, readSync } from 'node:fs'
import { createHistogram, type Histogram } from 'node:perf_hooks'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { onQuestion } from './watch.ts'

const gapMs = 1
const quantiles = [50, 90, 99, 99.9, 99.99]
const maxSeen = 10_000
/** Upper ends of the buckets that the histogram is printed in. */
const bucketsMs = [0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, Number.POSITIVE_INFINITY]

export interface Stalls {
  readonly count: number
  readonly maxMs: number
  readonly quantilesMs: Readonly<Record<string, number>>
  /** Without the time for which the thread could have run, and had no processor. Linux; elsewhere as the others. */
  readonly ownQuantilesMs: Readonly<Record<string, number>>
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

/** Nanoseconds for which this thread has waited for a processor, by the kernel's account. */
function processorWait(): () => number {
  try {
    const file = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r')
    const text = Buffer.alloc(80)
    return () => Number(text.toString('latin1', 0, readSync(file, text, 0, 80, 0)).split(' ')[1])
  } catch {
    return () => 0
  }
}

/** What of the time since `sentAt` was such a wait, as far as the messages received since then tell. */
function waitsByTime(): (sentAt: number, now: number) => number {
  const read = processorWait()
  let seen = [{ at: 0, total: read() }]
  return (sentAt, now) => {
    const total = read()
    let first = seen.length - 1
    while (first > 0 && seen[first]!.at > sentAt) first--
    const { total: before } = seen[first]!
    seen.push({ at: now, total })
    if (seen.length > maxSeen) seen = seen.slice(first)
    return Math.min(total - before, now - sentAt)
  }
}

function watch(): void {
  const histogram = createHistogram()
  const own = createHistogram()
  const waitSince = waitsByTime()
  const counts = bucketsMs.map(() => 0)
  const worker = new Worker(new URL(import.meta.url))
  worker.on('message', (sentAt: bigint) => {
    const now = process.hrtime.bigint()
    const ns = Math.max(1, Number(now - sentAt))
    histogram.record(ns)
    own.record(Math.max(1, Math.round(ns - waitSince(Number(sentAt), Number(now)))))
    const bucket = bucketsMs.findIndex((toMs) => ns <= toMs * 1e6)
    counts[bucket] = (counts[bucket] ?? 0) + 1
  })
  worker.unref()
  onQuestion(() => {
    const stalls: Stalls = {
      count: histogram.count,
      maxMs: histogram.max / 1e6,
      quantilesMs: quantilesOf(histogram),
      ownQuantilesMs: quantilesOf(own),
      buckets: bucketsMs.map((toMs, index) => ({
        toMs: Number.isFinite(toMs) ? toMs : null,
        count: counts[index] ?? 0,
      })),
    }
    histogram.reset()
    own.reset()
    counts.fill(0)
    return JSON.stringify(stalls)
  })
}

function quantilesOf(histogram: Histogram): Record<string, number> {
  return Object.fromEntries(quantiles.map((each) => [`p${each}`, histogram.percentile(each) / 1e6]))
}
