// The records of `__transaction_state`, by which transaction coordinators rebuild their state.

import { CoordinatorRecords } from '../coordinator-records.ts'
import { TransactionLogKey, TransactionLogValue } from './transaction-log.ts'

/** In the order of their type ids. */
export const transactionRecords = new CoordinatorRecords({
  TransactionLog: [TransactionLogKey, TransactionLogValue],
})
export type TransactionRecord = (typeof transactionRecords)['record']
export type TransactionRecordInput = (typeof transactionRecords)['input']
