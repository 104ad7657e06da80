// The server properties that transactions depend on, read anew at each use. Names are those of the properties.

export interface TransactionConfig {
  /** transaction.max.timeout.ms */
  readonly maxTimeoutMs: number
  /** transactional.id.expiration.ms */
  readonly idExpirationMs: number
  /** transaction.abort.timed.out.transaction.cleanup.interval.ms */
  readonly abortTimedOutIntervalMs: number
  /** transaction.remove.expired.transaction.cleanup.interval.ms */
  readonly removeExpiredIntervalMs: number
  /** How long an answer may wait for its records to be committed: request.timeout.ms. */
  readonly commitTimeoutMs: number
  /** add.partitions.to.txn.retry.backoff.max.ms: how long a batch waits for the transaction before its own. */
  readonly addPartitionsWaitMs: number
  /** transaction.partition.verification.enable */
  readonly verifiesPartitions: boolean
  /** The finalised level of transaction.version. */
  readonly transactionVersion: number
}

/** Kafka 4.4's defaults. */
export const DEFAULT_TRANSACTION_CONFIG: TransactionConfig = {
  maxTimeoutMs: 900_000,
  idExpirationMs: 604_800_000,
  abortTimedOutIntervalMs: 10_000,
  removeExpiredIntervalMs: 3_600_000,
  commitTimeoutMs: 30_000,
  addPartitionsWaitMs: 100,
  verifiesPartitions: true,
  transactionVersion: 2,
}
