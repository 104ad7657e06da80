// Requests as ready-made frames, and batches as ready-made bytes: a load sends the same bytes again and again, so that
// what it costs itself is little more than the system calls.
//
//   frame   size i32 │ api key i16 │ version i16 │ correlation id i32 │ client id │ … body
//           0          4             6             8

import type { ApiName, RequestInputOf } from '../../protocol/apis.ts'
import { BatchBuilder } from '../../protocol/records/builder.ts'
import type { Codec } from '../../protocol/records/layout.ts'
import { encodeRequest } from '../../test/frames.ts'

export const correlationPosition = 8

/** Versions that every broker of the last years speaks; Produce of this version is flexible, as modern clients' are. */
export const produceVersion = 9
export const fetchVersion = 11

export function requestFrame<N extends ApiName>(name: N, version: number, body: RequestInputOf<N>): Buffer {
  return encodeRequest(name, version, body, 'milena-bench', 1)
}

export interface BatchShape {
  /** Bytes of a record's value. */
  readonly recordSize: number
  readonly count: number
  readonly codec: Codec
}

/** Bytes of a record beside its value, and what of the batch's header falls on it. */
const recordOverhead = 12

/** As many records as a producer with this batch.size would put into a batch. */
export function recordsPerBatch(batchSize: number, recordSize: number): number {
  return Math.max(1, Math.floor(batchSize / (recordSize + recordOverhead)))
}

const words = (
  'order created payment user region eu-west us-east status pending shipped amount currency EUR USD item quantity ' +
  'warehouse session checkout delivery'
).split(' ')

/** Values like events in JSON; they compress two to four times. The same in every run. */
export function readyBatch({ recordSize, count, codec }: BatchShape): Uint8Array {
  let seed = recordSize
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    return (seed >>> 8) % below
  }
  const builder = new BatchBuilder({ compression: codec, timestamp: Date.now() })
  for (let index = 0; index < count; index++) {
    let text = `{"id":"${random(1 << 24).toString(16)}","ts":${1_700_000_000_000 + random(1e7)}`
    while (text.length < recordSize) {
      text += `,"${words[random(words.length)]}_${random(10)}":"${words[random(words.length)]}-${random(65536)}"`
    }
    builder.append({ key: null, value: Buffer.from(`${text.slice(0, recordSize - 1)}}`) })
  }
  return builder.build()
}

export interface ProduceTarget {
  readonly topic: string
  readonly acks: number
}

export function produceFrame(
  { topic, acks }: ProduceTarget,
  batches: readonly { index: number; records: Uint8Array }[],
): Buffer {
  const partitionData = batches.map(({ index, records }) => ({ index, records }))
  return requestFrame('Produce', produceVersion, {
    acks,
    timeoutMs: 30_000,
    topicData: [{ name: topic, partitionData }],
  })
}
