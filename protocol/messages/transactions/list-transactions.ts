// ListTransactions (66): transactions of a coordinator, filtered by state, producer, duration and name.

import { array, type Infer, int16, int32, int64, request, response, string, versions } from '../../schema.ts'

export const ListTransactionsRequest = request('ListTransactions', 66, versions(0, 2, { flexible: 0 }), {
  stateFilters: array(string()),
  producerIdFilters: array(int64()),
  durationFilter: int64({ since: 1, default: -1n }),
  transactionalIdPattern: string({ since: 2, nullable: true, default: null }),
})
export type ListTransactionsRequest = Infer<typeof ListTransactionsRequest>

export const ListTransactionsResponse = response('ListTransactions', 66, versions(0, 2, { flexible: 0 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  unknownStateFilters: array(string()),
  transactionStates: array({
    transactionalId: string(),
    producerId: int64(),
    transactionState: string(),
  }),
})
export type ListTransactionsResponse = Infer<typeof ListTransactionsResponse>
