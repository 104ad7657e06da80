// Produce as fast as the broker answers: ready-made batches, so many requests in flight on each connection, a new one
// for every answer. What it measures is the broker, not a client.

import type { Codec } from '../../protocol/records/layout.ts'
import type { Load } from '../sampler.ts'
import { Latencies } from '../statistics.ts'
import { Connection, splitFrames } from './connection.ts'
import { produceFrame, readyBatch, recordsPerBatch } from './frames.ts'
import { checkProduced } from './produce-answer.ts'

export interface ProduceOptions {
  readonly topic: string
  readonly partitions: number
  readonly acks: number
  readonly recordSize: number
  readonly batchSize: number
  readonly codec: Codec
  /** A request has a batch for one partition; or for each, as clients send whose records go round. */
  readonly shape: 'one partition' | 'each partition'
  readonly connections: number
  readonly inFlight: number
  /** Ends when either is reached; bytes of record values. */
  readonly seconds: number
  readonly maxBytes: number
}

export const usual = { codec: 'none', shape: 'one partition', inFlight: 5, seconds: 8, maxBytes: 1.5e9 } as const

export async function produce(bootstrap: string, options: ProduceOptions): Promise<Load> {
  const { recordSize, batchSize, codec, shape, partitions, connections } = options
  const count = recordsPerBatch(batchSize, recordSize)
  const records = readyBatch({ recordSize, count, codec })
  const latencies = new Latencies()
  const budget = { requests: options.maxBytes / (count * recordSize * (shape === 'each partition' ? partitions : 1)) }
  const startedAt = performance.now()
  const endAt = startedAt + options.seconds * 1000
  const lanes = Array.from({ length: connections }, (_, lane) => {
    const mine = range(partitions).filter((partition) => partition % connections === lane)
    const batches = mine.map((index) => ({ index, records }))
    const requests = shape === 'each partition' ? [batches] : batches.map((batch) => [batch])
    return runLane(
      bootstrap,
      requests.map((each) => produceFrame(options, each)),
      options.inFlight,
      latencies,
      () => budget.requests-- > 0 && performance.now() < endAt,
    )
  })
  const requests = (await Promise.all(lanes)).reduce((sum, sent) => sum + sent, 0)
  const seconds = (performance.now() - startedAt) / 1000
  const batchesPerRequest = shape === 'each partition' ? partitions / connections : 1
  const produced = requests * count * batchesPerRequest
  const bytes = produced * recordSize
  const figures = { 'MB/s': bytes / 1e6 / seconds, 'records/s': produced / seconds, ...latencies.figures('request') }
  return { bytes, records: produced, figures }
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** One connection until `goesOn` says no and all is answered. Answers the number of requests. */
async function runLane(
  bootstrap: string,
  frames: readonly Buffer[],
  inFlight: number,
  latencies: Latencies,
  goesOn: () => boolean,
): Promise<number> {
  const sentAt: number[] = []
  let sent = 0
  let answered = 0
  let finish: () => void = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const split = splitFrames((frame) => {
    checkProduced(frame)
    latencies.add(performance.now() - sentAt[answered++ % inFlight]!)
  })
  const connection = await Connection.open(bootstrap, (bytes) => {
    split(bytes)
    send()
  })
  function send(): void {
    while (sent - answered < inFlight && goesOn()) {
      sentAt[sent % inFlight] = performance.now()
      connection.write(frames[sent % frames.length]!)
      sent++
    }
    if (sent === answered) finish()
  }
  send()
  await finished
  connection.close()
  return answered
}
