// The records of an outcome as batches of a coordinator's log: one, or, of those that may take effect piece by piece,
// as many as it takes to keep each below the size that the log takes.

import type { Host } from '../../../host/host.ts'
import { BatchBuilder, type BatchOptions, type RecordInput } from '../../../protocol/records/builder.ts'
import { buildEndTransactionBatch } from '../../../protocol/records/control.ts'
import type { Codec } from '../../../protocol/records/layout.ts'
import type { Outcome, RecordFormat, TransactionEnd } from './state-machine.ts'

export interface OutcomeBatch<R> {
  readonly batch: Uint8Array
  readonly records: readonly R[]
}

export interface BatchSurroundings<R> {
  readonly host: Host
  readonly format: RecordFormat<R>
  readonly compression: () => Codec
}

export function outcomeBatches<R>(
  { host, format, compression }: BatchSurroundings<R>,
  outcome: Outcome<R>,
  maxBatchSize: number,
): OutcomeBatch<R>[] {
  const timestamp = host.clock.now()
  const { marker, records, producer } = outcome
  if (marker !== undefined) return [{ batch: markerBatch(marker, timestamp), records: [] }]
  const transactional = producer !== undefined
  const options = {
    timestamp,
    baseSequence: format.baseSequence,
    compression: compression(),
    ...producer,
    transactional,
  }
  if (outcome.inPieces) return pieces(outcome, format, options, maxBatchSize)
  const builder = new BatchBuilder(options)
  for (const record of records) builder.append(format.encode(record))
  return [{ batch: builder.build(), records }]
}

function pieces<R>(
  { records, beginsPiece }: Outcome<R>,
  format: RecordFormat<R>,
  options: BatchOptions,
  maxBatchSize: number,
): OutcomeBatch<R>[] {
  const batches: OutcomeBatch<R>[] = []
  let builder = new BatchBuilder(options)
  /** First record of the batch under way. */
  let first = 0
  for (let index = 0; index < records.length; ) {
    const unit: RecordInput[] = []
    let size = 0
    do {
      const input = format.encode(records[index++]!)
      unit.push(input)
      size += builder.sizeOf(input) + OFFSET_GROWTH
    } while (index < records.length && beginsPiece?.(records[index]!) === false)
    if (builder.count > 0 && builder.size + size > maxBatchSize) {
      batches.push({ batch: builder.build(), records: records.slice(first, index - unit.length) })
      builder = new BatchBuilder(options)
      first = index - unit.length
    }
    for (const input of unit) builder.append(input)
  }
  batches.push({ batch: builder.build(), records: records.slice(first) })
  return batches
}

/** What stays together is measured before it is appended: meanwhile offsets may come to take a byte more. */
const OFFSET_GROWTH = 1

function markerBatch(
  { producerId, producerEpoch, committed, coordinatorEpoch }: TransactionEnd,
  timestamp: number,
): Uint8Array {
  return buildEndTransactionBatch(
    { producerId, producerEpoch, timestamp },
    committed ? 'commit' : 'abort',
    coordinatorEpoch,
  )
}
