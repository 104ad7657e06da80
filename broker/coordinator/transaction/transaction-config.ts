// The server properties that transactions depend on, read anew at each use. Names are those of the properties.

import type { BrokerConfig } from '../../config/broker-config.ts'
import type { MetadataImage } from '../../metadata/image.ts'

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

export function transactionConfigOf(config: BrokerConfig, image: () => MetadataImage): TransactionConfig {
  return {
    get maxTimeoutMs() {
      return config.get('transaction.max.timeout.ms')
    },
    get idExpirationMs() {
      return config.get('transactional.id.expiration.ms')
    },
    get abortTimedOutIntervalMs() {
      return config.get('transaction.abort.timed.out.transaction.cleanup.interval.ms')
    },
    get removeExpiredIntervalMs() {
      return config.get('transaction.remove.expired.transaction.cleanup.interval.ms')
    },
    get commitTimeoutMs() {
      return config.get('request.timeout.ms')
    },
    get addPartitionsWaitMs() {
      return config.get('add.partitions.to.txn.retry.backoff.max.ms')
    },
    get verifiesPartitions() {
      return config.get('transaction.partition.verification.enable')
    },
    get transactionVersion() {
      return image().features.get('transaction.version')
    },
  }
}
