// The records of `__transaction_state`: a transaction as it stands after each of its steps, by its transactional id.
// Written as Kafka writes them: at version 0 under transaction.version 0, at version 1 from there on.

import { transactionRecords } from '../../../protocol/messages/transaction-state/transaction-records.ts'
import { Reader } from '../../../protocol/reader.ts'
import { NO_SEQUENCE } from '../../../protocol/records/layout.ts'
import type { RecordFormat } from '../runtime/state-machine.ts'
import { NO_EPOCH, NO_PARTITIONS, type TopicPartitions, TRANSACTION_STATES, type Transaction } from './transaction.ts'

export interface TransactionRecord {
  readonly transactionalId: string
  /** null: it has expired. */
  readonly transaction: Transaction | null
}

/** The first version of the value that has tagged fields, and so room for everything. */
const FLEXIBLE_VERSION = 1

export function transactionRecordFormat(transactionVersion: () => number): RecordFormat<TransactionRecord> {
  return {
    baseSequence: NO_SEQUENCE,

    encode({ transactionalId, transaction }) {
      const key = { transactionalId }
      if (transaction === null) return transactionRecords.encode({ type: 'TransactionLog', key, value: null })
      const version = transactionVersion() > 0 ? FLEXIBLE_VERSION : 0
      return transactionRecords.encode({ type: 'TransactionLog', version, key, value: logValue(transaction) })
    },

    decode(key, value) {
      const record = transactionRecords.decode(key, value)
      if (record === undefined) return null
      const { transactionalId } = record.key
      if (record.value === null) return { transactionalId, transaction: null }
      const state = TRANSACTION_STATES[record.value.transactionStatus]
      if (state === undefined) throw new Error(`a transaction in state ${record.value.transactionStatus}`)
      const transaction: Transaction = {
        transactionalId,
        producerId: record.value.producerId,
        previousProducerId: record.value.previousProducerId,
        nextProducerId: record.value.nextProducerId,
        producerEpoch: record.value.producerEpoch,
        lastProducerEpoch: NO_EPOCH,
        timeoutMs: record.value.transactionTimeoutMs,
        state,
        partitions: partitionsOf(record.value.transactionPartitions),
        startTimestamp: Number(record.value.transactionStartTimestampMs),
        lastUpdateTimestamp: Number(record.value.transactionLastUpdateTimestampMs),
        clientVersion: record.value.clientTransactionVersion,
      }
      return { transactionalId, transaction }
    },

    describe(key) {
      return { type: key.length < 2 ? 'none' : new Reader(key).int16() }
    },
  }
}

function logValue(transaction: Transaction) {
  const { state, partitions } = transaction
  return {
    producerId: transaction.producerId,
    producerEpoch: transaction.producerEpoch,
    transactionTimeoutMs: transaction.timeoutMs,
    transactionStatus: TRANSACTION_STATES.indexOf(state),
    transactionPartitions:
      state === 'Empty' ? null : Array.from(partitions, ([topic, indexes]) => ({ topic, partitionIds: [...indexes] })),
    transactionLastUpdateTimestampMs: BigInt(transaction.lastUpdateTimestamp),
    transactionStartTimestampMs: BigInt(transaction.startTimestamp),
    previousProducerId: transaction.previousProducerId,
    nextProducerId: transaction.nextProducerId,
    clientTransactionVersion: transaction.clientVersion,
  }
}

function partitionsOf(topics: readonly { topic: string; partitionIds: readonly number[] }[] | null): TopicPartitions {
  if (topics === null || topics.length === 0) return NO_PARTITIONS
  return new Map(topics.map(({ topic, partitionIds }) => [topic, new Set(partitionIds)]))
}
