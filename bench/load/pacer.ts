// The thread of schedule.ts that sends.

import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import { correlationPosition, produceFrame, readyBatch } from './frames.ts'
import { control, nowMs, type Schedule } from './schedule.ts'

/** The longest sleep while the window is full: an answer wakes it before. */
const fullWindowMs = 100
const fullSocketMs = 0.2
/** From the thread being ready to the first record. */
const leadMs = 100

const schedule: Schedule = workerData
const frames = new Map<string, Buffer>()
const nothing = new Int32Array(new SharedArrayBuffer(4))

const sleep = (ms: number) => Atomics.wait(nothing, 0, 0, ms)

run()

function run(): void {
  const { records, descriptors, ends, rate, window, partitions } = schedule
  for (let partition = 0; partition < partitions; partition++) frameOf(partition, 1)
  const base = nowMs() + leadMs
  schedule.base[0] = base
  for (let next = 0, request = 0; next < records; request++) {
    const due = base + (next * 1000) / rate
    const early = due - nowMs()
    if (early > 0) sleep(early)
    const inFlight = Atomics.load(schedule.control, control.inFlight)
    if (inFlight >= window) {
      Atomics.wait(schedule.control, control.inFlight, inFlight, fullWindowMs)
      request--
      continue
    }
    const arrived = Math.min(records, Math.floor(((nowMs() - base) * rate) / 1000) + 1)
    const count = requestSize(Math.max(1, arrived - next))
    const frame = frameOf(next % schedule.partitions, count)
    frame.writeInt32BE(request, correlationPosition)
    next += count
    Atomics.store(ends, request, next)
    Atomics.add(schedule.control, control.inFlight, 1)
    write(descriptors[request % descriptors.length]!, frame)
  }
}

/** Fewer than there are partitions, or as many for each. */
function requestSize(waiting: number): number {
  const count = Math.min(waiting, schedule.maxRecordsPerRequest)
  return count < schedule.partitions ? count : count - (count % schedule.partitions)
}

function frameOf(firstPartition: number, count: number): Buffer {
  const { partitions, recordSize } = schedule
  const each = Math.max(1, count / partitions)
  const first = each > 1 ? 0 : firstPartition
  const key = `${first}/${count}`
  const known = frames.get(key)
  if (known !== undefined) return known
  const records = readyBatch({ recordSize, count: each, codec: 'none' })
  const indexes = Array.from({ length: Math.min(count, partitions) }, (_, step) => (first + step) % partitions)
  const frame = produceFrame(
    schedule,
    indexes.map((index) => ({ index, records })),
  )
  frames.set(key, frame)
  return frame
}

/** The descriptor does not block: what it does not take now is tried again. */
function write(descriptor: number, frame: Buffer): void {
  for (let position = 0; position < frame.length; ) {
    try {
      position += writeSync(descriptor, frame, position)
    } catch (error) {
      if (!(error instanceof Error) || Reflect.get(error, 'code') !== 'EAGAIN') throw error
      sleep(fullSocketMs)
    }
  }
}
