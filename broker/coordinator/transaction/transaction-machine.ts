// The state machine of one shard of `__transaction_state` as the functions of requests see it: its transactional ids,
// and what they stand on. State changes by replay alone (transaction-state-machine.ts, which implements this).

import type { Host } from '../../../host/host.ts'
import type { ShardTimers } from '../runtime/shard.ts'
import type { Outcome, TransactionEnd } from '../runtime/state-machine.ts'
import type { TopicPartitions, Transaction } from './transaction.ts'
import type { TransactionConfig } from './transaction-config.ts'
import type { TransactionRecord } from './transaction-records.ts'

export type TransactionOutcome = Outcome<TransactionRecord>

/** How a transaction ended, for the partitions that it has touched. */
export interface Marker extends TransactionEnd {
  /** By whose rules: from EPOCH_BUMP_VERSION on, its epoch is later than that of the records. */
  readonly transactionVersion: number
}

export interface MachineSurroundings {
  readonly host: Host
  readonly config: TransactionConfig
  /** undefined: none at hand, more are on their way. */
  takeProducerId(): bigint | undefined
  /**
   * One attempt at writing a marker to partitions, which appends before it returns. Those that have to be tried again
   * come when the others are committed, or fail.
   */
  writeMarker(marker: Marker, partitions: TopicPartitions): Promise<TopicPartitions>
}

export interface TransactionMachine {
  readonly surroundings: MachineSurroundings
  readonly host: Host
  readonly config: TransactionConfig
  readonly timers: ShardTimers<TransactionRecord>
  readonly transactions: ReadonlyMap<string, Transaction>

  now(): number

  /**
   * Called once, when no decision about a transaction of this id is under way any more. What is answered is called by
   * whoever does not wait any longer.
   */
  whenIdle(transactionalId: string, run: () => void): () => void
}
