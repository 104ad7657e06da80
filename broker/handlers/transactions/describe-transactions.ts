// DescribeTransactions (65), v0. KIP-664.

import { handler } from '../handler.ts'

export const describeTransactions = handler('DescribeTransactions', async ({ transactions }, { transactionalIds }) => ({
  transactionStates: await Promise.all(
    transactionalIds.map((transactionalId) => transactions.describe(transactionalId)),
  ),
}))
