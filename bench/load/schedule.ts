// An open loop: record i is meant to be sent at `base + i × gap`, whatever the broker does, and its latency counts from
// then; a stall counts for every record that it delays. Two threads share it:
//
//   pacer thread   sleeps in the kernel until a record is due (Node's timers know whole milliseconds only), then writes
//                  a ready-made request straight to the socket's descriptor
//   main thread    owns the sockets, reads answers as they come, and makes room for the next request
//
// A request takes the records that are due when there is room for it, as a client does without linger: one connection
// has at most `window` requests in flight. Record i goes to partition i mod partitions. A request of several records
// covers all partitions evenly, so that few different frames are enough.

import { Worker } from 'node:worker_threads'
import type { ProduceTarget } from './frames.ts'

export interface Schedule extends ProduceTarget {
  readonly descriptors: readonly number[]
  readonly partitions: number
  readonly recordSize: number
  /** Records a second. */
  readonly rate: number
  readonly records: number
  /** Requests in flight, over all descriptors. */
  readonly window: number
  readonly maxRecordsPerRequest: number
  /** When record 0 is meant to be sent, by nowMs(): the pacer thread says so once it can keep to it. */
  readonly base: Float64Array
  /** See `control`. */
  readonly control: Int32Array
  /** For each request the record after its last one. */
  readonly ends: Int32Array
}

export const control = { inFlight: 0, size: 1 } as const

/** The same clock in all threads, which performance.now() is not. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

export type Plan = Omit<Schedule, 'base' | 'control' | 'ends'>

/** What the main thread knows of a pacer. */
export class Pacer {
  readonly #schedule: Schedule
  readonly #worker: Worker

  constructor(plan: Plan) {
    const shared = (length: number) => new Int32Array(new SharedArrayBuffer(4 * length))
    const base = new Float64Array(new SharedArrayBuffer(8))
    this.#schedule = { ...plan, base, control: shared(control.size), ends: shared(plan.records) }
    this.#worker = new Worker(new URL('pacer.ts', import.meta.url), { workerData: this.#schedule })
    this.#worker.on('error', (error) => {
      throw error
    })
  }

  /** When record `index` was meant to be sent. */
  due(index: number): number {
    return this.#schedule.base[0]! + (index * 1000) / this.#schedule.rate
  }

  /** The request of this number (its correlation id) is answered: calls back for each of its records. */
  answered(request: number, onRecord: (index: number) => void): void {
    const { ends } = this.#schedule
    Atomics.sub(this.#schedule.control, control.inFlight, 1)
    Atomics.notify(this.#schedule.control, control.inFlight)
    const from = request === 0 ? 0 : Atomics.load(ends, request - 1)
    const to = Atomics.load(ends, request)
    for (let index = from; index < to; index++) onRecord(index)
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }
}
