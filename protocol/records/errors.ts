/**
 * The one way in which stored or received records are refused by throwing: the bytes are not what a writer wrote
 * (sizes, checksums, compression). Kafka: CorruptRecordException. `reason` is fit for a log line or an answer. What a
 * produced batch gets wrong by its header is a value instead: BatchFault and RecordFault.
 */

export class CorruptBatch extends Error {
  override readonly name = 'CorruptBatch'
  readonly reason: string

  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options)
    this.reason = reason
  }
}

/** Decompressed it is, or would be, larger than the limit. */
export class OversizeBatch extends CorruptBatch {}
