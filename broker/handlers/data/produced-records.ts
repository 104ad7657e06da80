// What a produce request carries for a partition, before any log sees it: one whole batch of magic 2, and what its
// request must say of it. Source: ProduceRequest.validateRecords, RequestUtils.hasTransactionalRecords and
// ByteBufferLogInputStream.nextBatch of Apache Kafka.
//
//   │ batch ──────────────────────────────── │ a piece of another, which is dropped │
//   0                                        batchSize                              length
//
// Kafka looks at the first batch of every partition before it looks at anything else, so a first batch whose frame is
// broken refuses the whole request, with all of its partitions.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { ProduceRequest } from '../../../protocol/messages/data/produce.ts'
import { batchCodec, batchMagic, batchSize, isTransactional, viewOf } from '../../../protocol/records/batch.ts'
import { LEGACY_MIN_SIZE_V0, MAGIC } from '../../../protocol/records/layout.ts'

const ZSTD_SINCE = 7

/** What stands at a position. `nothing`: the bytes end before a whole batch does. `corrupt`: no batch looks so. */
type Frame = 'batch' | 'nothing' | 'corrupt'

function frameAt(view: DataView, position: number): Frame {
  const left = view.byteLength - position
  if (left <= MAGIC) return 'nothing'
  const size = batchSize(view, position)
  const magic = batchMagic(view, position)
  if (size < LEGACY_MIN_SIZE_V0 || magic < 0 || magic > 2) return 'corrupt'
  return size > left ? 'nothing' : 'batch'
}

/** The error of a request that none of its partitions can be served for; NONE when there is none. */
export function requestError({ topicData, transactionalId }: ProduceRequest): number {
  for (const { partitionData } of topicData) {
    for (const { records } of partitionData) {
      if (records === null) continue
      const view = viewOf(records)
      const frame = frameAt(view, 0)
      if (frame === 'corrupt') return ErrorCode.CORRUPT_MESSAGE
      if (frame === 'batch' && batchMagic(view, 0) === 2 && isTransactional(view, 0)) {
        return transactionalId === null ? ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED : ErrorCode.NONE
      }
    }
  }
  return ErrorCode.NONE
}

/** The batch, without what follows it; or the error code that says why there is not exactly one. */
export function producedBatch(records: Uint8Array, apiVersion: number): Uint8Array | number {
  const view = viewOf(records)
  if (frameAt(view, 0) !== 'batch' || batchMagic(view, 0) !== 2) return ErrorCode.INVALID_RECORD
  if (apiVersion < ZSTD_SINCE && batchCodec(view, 0) === 'zstd') return ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
  const size = batchSize(view, 0)
  if (size === records.length) return records
  const next = frameAt(view, size)
  if (next === 'nothing') return records.subarray(0, size)
  return next === 'corrupt' ? ErrorCode.CORRUPT_MESSAGE : ErrorCode.INVALID_RECORD
}
