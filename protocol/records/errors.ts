/**
 * The two ways in which stored or received records can be wrong. Both carry a `reason` fit for a log line or an answer.
 *
 * CorruptBatch: the bytes are not what a writer wrote (sizes, checksums, compression). Kafka: CorruptRecordException.
 * InvalidBatch: the bytes are sound, yet break a rule (a codec the format does not have). Kafka: InvalidRecordException.
 */

export class CorruptBatch extends Error {
  override readonly name = 'CorruptBatch'
  readonly reason: string

  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options)
    this.reason = reason
  }
}

export class InvalidBatch extends Error {
  override readonly name = 'InvalidBatch'
  readonly reason: string

  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options)
    this.reason = reason
  }
}
