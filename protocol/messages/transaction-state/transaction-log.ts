// Transactions in `__transaction_state`: the last state of every transactional id.

import { array, type Infer, int8, int16, int32, int64, record, string, versions } from '../../schema.ts'

export const TransactionLogKey = record('TransactionLogKey', 0, versions(0, 0), {
  transactionalId: string(),
})
export type TransactionLogKey = Infer<typeof TransactionLogKey>

export const PartitionsSchema = {
  topic: string(),
  partitionIds: array(int32()),
}

export const TransactionLogValue = record('TransactionLogValue', 0, versions(0, 1, { flexible: 1 }), {
  producerId: int64(),
  producerEpoch: int16(),
  transactionTimeoutMs: int32(),
  transactionStatus: int8(),
  transactionPartitions: array(PartitionsSchema, { nullable: true }),
  transactionLastUpdateTimestampMs: int64(),
  transactionStartTimestampMs: int64(),
  previousProducerId: int64({ since: 1, tag: 0, default: -1n }),
  nextProducerId: int64({ since: 1, tag: 1, default: -1n }),
  clientTransactionVersion: int16({ since: 1, tag: 2 }),
  nextProducerEpoch: int16({ since: 1, tag: 3, default: -1 }),
})
export type TransactionLogValue = Infer<typeof TransactionLogValue>
