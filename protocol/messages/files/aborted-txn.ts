// One entry of a `.txnindex` file, after the version that precedes it there: a transaction that was aborted.

import { type Infer, int64, record, versions } from '../../schema.ts'

export const AbortedTxn = record('AbortedTxn', -1, versions(0, 0), {
  producerId: int64(),
  firstOffset: int64(),
  lastOffset: int64(),
  lastStableOffset: int64(),
})
export type AbortedTxn = Infer<typeof AbortedTxn>
