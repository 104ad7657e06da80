// Latency at a fixed rate, from the moment a record was meant to be sent (schedule.ts): until its acknowledgement, and
// until a consumer that follows the log has it. No client batching: what is due is sent, at most five requests in
// flight. A record is known by its offset, so nothing of it needs to be read.

import type { Load } from '../sampler.ts'
import { Latencies } from '../statistics.ts'
import { Admin } from './admin.ts'
import { Connection, splitFrames } from './connection.ts'
import { FetchRequest } from './fetch-request.ts'
import { FetchScanner } from './fetch-scanner.ts'
import { type ProduceTarget, recordsPerBatch } from './frames.ts'
import { produce, usual } from './produce.ts'
import { checkProduced, correlationIdOf } from './produce-answer.ts'
import { nowMs, Pacer } from './schedule.ts'

export interface LatencyOptions extends ProduceTarget {
  readonly partitions: number
  readonly recordSize: number
  readonly rate: number
  readonly seconds: number
}

const warmUp = { seconds: 1, maxBytes: 1e6, batchSize: 1 }
const defaultBatchSize = 16384
/** More than the records' own time: the pacer's start, and a broker that is behind. */
const drainMs = 10_000

export async function latency(bootstrap: string, options: LatencyOptions): Promise<Load> {
  const { topic, acks, partitions, recordSize, rate } = options
  await produce(bootstrap, { ...usual, ...options, ...warmUp, connections: 1 })
  const admin = new Admin(bootstrap)
  const start = await admin.endOffsets(topic, partitions)
  admin.close()
  const records = Math.round(rate * options.seconds)
  const acknowledged = new Latencies()
  const received = new Latencies()
  let finish: (value: boolean) => void = () => {}
  const finished = new Promise<boolean>((resolve) => {
    finish = resolve
  })
  const count = (latencies: Latencies, index: number) => {
    latencies.add(nowMs() - pacer.due(index))
    if (acknowledged.count === records && received.count === records) finish(true)
  }
  const answers = splitFrames((frame) => {
    checkProduced(frame)
    pacer.answered(correlationIdOf(frame), (index) => count(acknowledged, index))
  })
  const producer = await Connection.open(bootstrap, answers)

  const request = new FetchRequest(topic, start)
  const scanner = new FetchScanner({
    onBatch: ({ partition, lastOffset }) => {
      const first = start.get(partition) ?? 0
      for (let offset = request.offsets.get(partition) ?? 0; offset <= lastOffset; offset++) {
        count(received, (offset - first) * partitions + partition)
      }
      request.offsets.set(partition, lastOffset + 1)
    },
    onAnswer: () => consumer.write(request.next()),
  })
  const consumer = await Connection.open(bootstrap, (bytes) => scanner.push(bytes))
  consumer.write(request.next())

  const maxRecordsPerRequest = partitions * recordsPerBatch(defaultBatchSize, recordSize)
  const shape = { topic, acks, partitions, recordSize, rate, records, maxRecordsPerRequest }
  const pacer = new Pacer({ ...shape, descriptors: [producer.descriptor], window: usual.inFlight })
  setTimeout(finish, options.seconds * 1000 + drainMs, false).unref()
  const all = await finished
  await pacer.stop()
  producer.close()
  consumer.close()
  if (!all) throw new Error(`${acknowledged.count} of ${records} acknowledged, ${received.count} received`)
  const seconds = (nowMs() - pacer.due(0)) / 1000
  const figures = { 'records/s': records / seconds, ...acknowledged.figures('ack'), ...received.figures('e2e') }
  return { bytes: records * recordSize, records, figures }
}
