// Consume as fast as the broker answers: one Fetch in flight a connection, whose bytes are thrown away but for the
// headers of the batches. At the end of the log it begins again, until time or bytes are used up.

import type { Load } from '../sampler.ts'
import { Latencies } from '../statistics.ts'
import { Admin } from './admin.ts'
import { Connection } from './connection.ts'
import { FetchRequest } from './fetch-request.ts'
import { FetchScanner } from './fetch-scanner.ts'

export interface ConsumeOptions {
  readonly topic: string
  readonly partitions: number
  readonly connections: number
  readonly seconds: number
  /** Of record batches. */
  readonly maxBytes: number
}

export async function consume(bootstrap: string, options: ConsumeOptions): Promise<Load> {
  const admin = new Admin(bootstrap)
  const from = await admin.startOffsets(options.topic, options.partitions)
  const to = await admin.endOffsets(options.topic, options.partitions)
  admin.close()
  const total = { bytes: 0, records: 0 }
  const latencies = new Latencies()
  const startedAt = performance.now()
  const goesOn = () => performance.now() < startedAt + options.seconds * 1000 && total.bytes < options.maxBytes
  const lanes = Array.from({ length: options.connections }, async (_, lane) => {
    const mine = new Map([...from].filter(([partition]) => partition % options.connections === lane))
    const request = new FetchRequest(options.topic, mine)
    let askedAt = performance.now()
    await new Promise<void>((resolve, reject) => {
      const scanner = new FetchScanner({
        onBatch: ({ partition, lastOffset, recordCount, size }) => {
          total.bytes += size
          total.records += recordCount
          const end = to.get(partition) ?? 0
          request.offsets.set(partition, lastOffset + 1 < end ? lastOffset + 1 : (from.get(partition) ?? 0))
        },
        onAnswer: () => {
          latencies.add(performance.now() - askedAt)
          askedAt = performance.now()
          if (goesOn()) return connection?.write(request.next())
          connection?.close()
          resolve()
        },
      })
      let connection: Connection | undefined
      Connection.open(bootstrap, (bytes) => scanner.push(bytes)).then((opened) => {
        connection = opened
        connection.write(request.next())
      }, reject)
    })
  })
  await Promise.all(lanes)
  const seconds = (performance.now() - startedAt) / 1000
  const { bytes, records } = total
  const figures = { 'MB/s': bytes / 1e6 / seconds, 'records/s': records / seconds, ...latencies.figures('request') }
  return { bytes, records, figures }
}
