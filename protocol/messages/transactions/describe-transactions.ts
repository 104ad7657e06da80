// DescribeTransactions (65): state of transactions by transactional id.

import { array, type Infer, int16, int32, int64, request, response, string, versions } from '../../schema.ts'

export const DescribeTransactionsRequest = request('DescribeTransactions', 65, versions(0, 0, { flexible: 0 }), {
  transactionalIds: array(string()),
})
export type DescribeTransactionsRequest = Infer<typeof DescribeTransactionsRequest>

export const TransactionState = {
  errorCode: int16(),
  transactionalId: string(),
  transactionState: string(),
  transactionTimeoutMs: int32(),
  transactionStartTimeMs: int64(),
  producerId: int64(),
  producerEpoch: int16(),
  topics: array({ topic: string(), partitions: array(int32()) }),
}

export const DescribeTransactionsResponse = response('DescribeTransactions', 65, versions(0, 0, { flexible: 0 }), {
  throttleTimeMs: int32(),
  transactionStates: array(TransactionState),
})
export type DescribeTransactionsResponse = Infer<typeof DescribeTransactionsResponse>
