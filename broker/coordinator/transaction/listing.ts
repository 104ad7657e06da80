// ListTransactions and DescribeTransactions (KIP-664, KIP-994): what a shard knows, as tools ask for it.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { Transaction } from './transaction.ts'
import type { TransactionMachine } from './transaction-machine.ts'

export interface ListFilter {
  /** Empty: all. */
  readonly states: ReadonlySet<string>
  /** Empty: all. */
  readonly producerIds: ReadonlySet<bigint>
  /** Those that are open for longer; -1: all. */
  readonly durationMs: number
}

export interface ListedTransaction {
  readonly transactionalId: string
  readonly producerId: bigint
  readonly transactionState: string
}

export function listTransactions(machine: TransactionMachine, filter: ListFilter): ListedTransaction[] {
  const now = machine.now()
  const listed: ListedTransaction[] = []
  for (const transaction of machine.transactions.values()) {
    if (!isWanted(transaction, filter, now)) continue
    const { transactionalId, producerId, state } = transaction
    listed.push({ transactionalId, producerId, transactionState: state })
  }
  return listed
}

function isWanted(transaction: Transaction, filter: ListFilter, now: number): boolean {
  const { states, producerIds, durationMs } = filter
  if (producerIds.size > 0 && !producerIds.has(transaction.producerId)) return false
  if (states.size > 0 && !states.has(transaction.state)) return false
  return durationMs < 0 || now - transaction.startTimestamp > durationMs
}

export interface DescribedTransaction {
  readonly errorCode: number
  readonly transactionalId: string
  readonly transactionState: string
  readonly transactionTimeoutMs: number
  readonly transactionStartTimeMs: bigint
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[]
}

export function describeTransaction(machine: TransactionMachine, transactionalId: string): DescribedTransaction {
  const transaction = machine.transactions.get(transactionalId)
  if (transaction === undefined) return describeError(transactionalId, ErrorCode.TRANSACTIONAL_ID_NOT_FOUND)
  return {
    errorCode: ErrorCode.NONE,
    transactionalId,
    transactionState: transaction.state,
    transactionTimeoutMs: transaction.timeoutMs,
    transactionStartTimeMs: BigInt(transaction.startTimestamp),
    producerId: transaction.producerId,
    producerEpoch: transaction.producerEpoch,
    topics: Array.from(transaction.partitions, ([topic, indexes]) => ({ topic, partitions: [...indexes] })),
  }
}

export function describeError(transactionalId: string, errorCode: number): DescribedTransaction {
  return {
    errorCode,
    transactionalId,
    transactionState: '',
    transactionTimeoutMs: 0,
    transactionStartTimeMs: 0n,
    producerId: 0n,
    producerEpoch: 0,
    topics: [],
  }
}
