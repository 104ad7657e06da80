// ListTransactions (66), v0–2. KIP-664, KIP-994 (duration, v1), KIP-1152 (a pattern, v2). Of this broker's own
// partitions.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { loadRegexEngine, regexFault, regexMatcher } from '../../coordinator/group/consumer/regex.ts'
import { TRANSACTION_STATES } from '../../coordinator/transaction/transaction.ts'
import { handler } from '../handler.ts'

const KNOWN_STATES: ReadonlySet<string> = new Set(TRANSACTION_STATES)

export const listTransactions = handler('ListTransactions', async ({ transactions }, request) => {
  const { stateFilters, producerIdFilters, durationFilter, transactionalIdPattern: pattern } = request
  const unknownStateFilters = stateFilters.filter((state) => !KNOWN_STATES.has(state))
  if (pattern !== null) await loadRegexEngine()
  if (pattern !== null && regexFault(pattern) !== null) {
    return { errorCode: ErrorCode.INVALID_REGULAR_EXPRESSION, unknownStateFilters: [], transactionStates: [] }
  }
  const { errorCode, transactions: listed } = await transactions.list({
    states: new Set(stateFilters),
    producerIds: new Set(producerIdFilters),
    durationMs: Number(durationFilter),
  })
  if (pattern === null || pattern === '') return { errorCode, unknownStateFilters, transactionStates: [...listed] }
  const matches = regexMatcher(pattern)
  const transactionStates = listed.filter(({ transactionalId }) => matches(transactionalId))
  return { errorCode, unknownStateFilters, transactionStates }
})
