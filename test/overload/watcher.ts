// A worker that watches a broker process while the main thread loads it: an ApiVersions request each 100 ms on a
// connection of its own, sent whether or not the last one is answered, and the resident memory once a second.

import { readFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { LoadClient } from './load-client.ts'

const PING_EVERY_MS = 100
const SAMPLE_EVERY_MS = 1_000

const { port, pid }: { port: number; pid: number } = workerData
const residentSizes: number[] = []
const pingMs: number[] = []
const client = await LoadClient.connect(port, 'watcher')

parentPort?.postMessage('connected')

setInterval(() => {
  const sentAt = performance.now()
  client.request('ApiVersions', 0, {}).then((answer) => {
    if (answer !== null) pingMs.push(performance.now() - sentAt)
  })
}, PING_EVERY_MS)

setInterval(() => {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
  residentSizes.push(Math.round((pages * 4096) / 1024 / 1024))
}, SAMPLE_EVERY_MS)

parentPort?.on('message', () => parentPort?.postMessage({ residentSizes, pingMs }))
