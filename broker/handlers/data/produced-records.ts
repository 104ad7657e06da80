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
import * as at from '../../../protocol/records/layout.ts'

const ZSTD_SINCE = 7
const ZSTD = at.CODECS.indexOf('zstd')
/** All that is looked at here is in the lower byte. */
const FLAGS = at.ATTRIBUTES + 1

/** What stands at a position. `nothing`: the bytes end before a whole batch does. `corrupt`: no batch looks so. */
type Frame = 'batch' | 'nothing' | 'corrupt'

// Bytes are read one by one: a view for each batch would cost more than all of this.

function frameAt(bytes: Uint8Array, position: number): Frame {
  const left = bytes.length - position
  if (left <= at.MAGIC) return 'nothing'
  const size = sizeAt(bytes, position)
  if (size < at.LEGACY_MIN_SIZE_V0 || bytes[position + at.MAGIC]! > 2) return 'corrupt'
  return size > left ? 'nothing' : 'batch'
}

function sizeAt(bytes: Uint8Array, position: number): number {
  const start = position + at.BATCH_LENGTH
  const length = (bytes[start]! << 24) | (bytes[start + 1]! << 16) | (bytes[start + 2]! << 8) | bytes[start + 3]!
  return length + at.LOG_OVERHEAD
}

/** Of a batch of magic 2. */
export function isTransactional(batch: Uint8Array): boolean {
  return (batch[FLAGS]! & at.TRANSACTIONAL_FLAG) !== 0
}

/** The error of a request that none of its partitions can be served for; NONE when there is none. */
export function requestError({ topicData, transactionalId }: ProduceRequest): number {
  for (const { partitionData } of topicData) {
    for (const { records } of partitionData) {
      if (records === null) continue
      const frame = frameAt(records, 0)
      if (frame === 'corrupt') return ErrorCode.CORRUPT_MESSAGE
      if (frame === 'batch' && records[at.MAGIC] === 2 && isTransactional(records)) {
        return transactionalId === null ? ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED : ErrorCode.NONE
      }
    }
  }
  return ErrorCode.NONE
}

/** The batch, without what follows it; or the error code that says why there is not exactly one. */
export function producedBatch(records: Uint8Array, apiVersion: number): Uint8Array | number {
  if (frameAt(records, 0) !== 'batch' || records[at.MAGIC] !== 2) return ErrorCode.INVALID_RECORD
  if (apiVersion < ZSTD_SINCE && (records[FLAGS]! & at.COMPRESSION_MASK) === ZSTD) {
    return ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
  }
  const size = sizeAt(records, 0)
  if (size === records.length) return records
  const next = frameAt(records, size)
  if (next === 'nothing') return records.subarray(0, size)
  return next === 'corrupt' ? ErrorCode.CORRUPT_MESSAGE : ErrorCode.INVALID_RECORD
}
