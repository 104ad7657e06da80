// What Kafka checks of produced batches before they get their offsets, in the header wherever the header can tell.
// Source: LogValidator, UnifiedLog.analyzeAndValidateRecords, ProduceRequest.validateRecords.
//
// Kafka decodes every record, also compressed ones, to check offset deltas, keys and timestamps, and sets the
// header's max timestamp from them. Here records are decoded only where a rule needs it and the header cannot answer:
// keys on compacted topics, timestamps with message.timestamp.before.max.ms set or a max timestamp too far ahead, sizes
// of compressed records with max.decompressed.message.bytes set, and recompression. A producer whose header contradicts
// its records harms its own consumers alone; the checksum says that nothing was damaged on the way.

import { ErrorCode } from '../../protocol/error-codes.ts'
import * as batch from '../../protocol/records/batch.ts'
import { CorruptBatch } from '../../protocol/records/errors.ts'
import type { Codec } from '../../protocol/records/layout.ts'
import * as layout from '../../protocol/records/layout.ts'
import { recompressBatch } from '../../protocol/records/recompress.ts'
import { type RecordFault, recordFaults } from '../../protocol/records/record.ts'
import { type AppendResult, appendError, type RecordError } from './append-result.ts'
import { type LogConfig, UNLIMITED } from './log-config.ts'

/**
 * Who appends. `client`: exactly one batch, everything is checked. `coordinator`: group, share and transaction
 * coordinators, trusted, may write control batches. `controller`: records of the metadata log, kept as they are.
 */
export type AppendOrigin = 'client' | 'coordinator' | 'controller'

/** What a client has produced as it may be appended (under another codec, where the topic wants that), or an error. */
export function acceptProduced(
  records: Uint8Array,
  view: DataView,
  config: LogConfig,
  now: number,
): Uint8Array | AppendResult {
  const error = produceError(records, view, config, now)
  if (error !== null) return error
  const codec = wantedCodec(view, config)
  if (codec === null) return records
  const changed = recompress(records, view, codec, config)
  if (changed instanceof Uint8Array && changed.length > config.maxMessageBytes) return sizeError(changed.length, config)
  return changed
}

/** null: the batch may be appended. A timestamp type that only the log may set is then gone from its header. */
function produceError(bytes: Uint8Array, view: DataView, config: LogConfig, now: number): AppendResult | null {
  if (bytes.length === 0) {
    return appendError(ErrorCode.INVALID_RECORD, 'there must be exactly one record batch per partition')
  }
  if (bytes.length >= layout.RECORDS && batch.batchSize(view, 0) > config.maxMessageBytes) {
    return sizeError(batch.batchSize(view, 0), config)
  }
  const fault = batch.producedBatchFault(bytes, view, 0, bytes.length)
  if (fault !== null) return faultError(fault)
  if (bytes.length > config.segmentBytes) {
    const text = `a batch of ${bytes.length} bytes exceeds segment.bytes ${config.segmentBytes}`
    return appendError(ErrorCode.RECORD_LIST_TOO_LARGE, text)
  }
  const error = recordsError(bytes, view, config, now)
  if (error === null && batch.isLogAppendTime(view, 0)) batch.clearLogAppendTime(bytes, view, 0)
  return error
}

function sizeError(size: number, config: LogConfig): AppendResult {
  const text = `a batch of ${size} bytes exceeds max.message.bytes ${config.maxMessageBytes}`
  return appendError(ErrorCode.MESSAGE_TOO_LARGE, text)
}

function faultError(fault: batch.BatchFault): AppendResult {
  const { kind, text } = batch.BATCH_FAULTS[fault]
  if (kind === 'corrupt') return appendError(ErrorCode.CORRUPT_MESSAGE, text)
  if (kind === 'codec') return appendError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, text)
  if (kind === 'epoch') return appendError(ErrorCode.INVALID_PRODUCER_EPOCH, text)
  // Kafka answers so for magic 0 and 1 too: no version of Produce that is left allows them.
  return appendError(ErrorCode.INVALID_RECORD, text)
}

function recordsError(bytes: Uint8Array, view: DataView, config: LogConfig, now: number): AppendResult | null {
  const isCompacted = config.cleanupPolicy.includes('compact')
  const isCreateTime = config.messageTimestampType === 'CreateTime'
  if (!isCreateTime && batch.isLogAppendTime(view, 0)) return timestampTypeError(view)
  const newest = now + config.messageTimestampAfterMaxMs
  const oldest = now - config.messageTimestampBeforeMaxMs
  const isBounded = Number.isSafeInteger(oldest) && oldest > 0
  const isSized = config.maxDecompressedMessageBytes < UNLIMITED && batch.batchCodec(view, 0) !== 'none'
  const isTimed = isCreateTime && (isBounded || batch.batchMaxTimestamp(view, 0) > newest)
  if (!isCompacted && !isSized && !isTimed) return null
  const faults = recordFaults(bytes, view, 0, {
    keysRequired: isCompacted,
    ...(isCreateTime ? { newestTimestamp: newest } : {}),
    ...(isCreateTime && isBounded ? { oldestTimestamp: oldest } : {}),
    ...(isSized ? { maxRecordSize: config.maxDecompressedMessageBytes } : {}),
  })
  return faults === null ? null : recordFaultsError(faults)
}

/** Kafka blames every record. A header may claim more of them than there are bytes. */
function timestampTypeError(view: DataView): AppendResult {
  const count = Math.min(batch.batchRecordCount(view, 0), view.byteLength)
  const message = 'only the log may set the timestamp type LogAppendTime'
  const errors = Array.from({ length: count }, (_, batchIndex) => ({ batchIndex, message }))
  return appendError(ErrorCode.INVALID_TIMESTAMP, message, errors)
}

function recordFaultsError(faults: readonly RecordFault[]): AppendResult {
  const damage = faults.find((fault) => fault.fault === 'corrupt')
  if (damage !== undefined) return appendError(ErrorCode.CORRUPT_MESSAGE, damage.text)
  const tooLarge = faults.find((fault) => fault.fault === 'size')
  if (tooLarge !== undefined) return appendError(ErrorCode.INVALID_RECORD, tooLarge.text)
  const errors: RecordError[] = faults.map((fault) => ({ batchIndex: fault.index, message: fault.text }))
  if (faults.some((fault) => fault.fault === 'timestamp')) {
    const text = 'One or more records have been rejected due to invalid timestamp'
    return appendError(ErrorCode.INVALID_TIMESTAMP, text, errors)
  }
  const text = `One or more records have been rejected due to ${errors.length} record errors in total`
  return appendError(ErrorCode.INVALID_RECORD, text, errors)
}

/** The codec that the topic wants instead of the batch's; null when it may stay as it is. */
function wantedCodec(view: DataView, config: LogConfig): Codec | null {
  const { compressionType } = config
  if (compressionType === 'producer' || compressionType === batch.batchCodec(view, 0)) return null
  return compressionType
}

/** The same records under another codec. Dear, and only for topics that ask for it. */
function recompress(bytes: Uint8Array, view: DataView, codec: Codec, config: LogConfig): Uint8Array | AppendResult {
  try {
    return recompressBatch(bytes, view, 0, codec, compressionLevel(codec, config))
  } catch (error) {
    if (!(error instanceof CorruptBatch)) throw error
    return appendError(ErrorCode.CORRUPT_MESSAGE, error.reason)
  }
}

function compressionLevel(codec: Codec, config: LogConfig): number | undefined {
  if (codec === 'gzip' && config.compressionGzipLevel !== -1) return config.compressionGzipLevel
  if (codec === 'lz4') return config.compressionLz4Level
  if (codec === 'zstd') return config.compressionZstdLevel
  return undefined
}
