// Transactions as the cleaner meets them, batch by batch: which records belong to an aborted one and may go, and which
// markers have nothing left that they are for. Source: CleanedTransactionMetadata.
//
//   data p1 │ data p2 │ abort p1 │ data p2 │ commit p2 │ … │ abort p3        p3 has no data any more: its marker may go
//   └ goes            └ kept while data was met                             (after its delete horizon)

import * as batch from '../../protocol/records/batch.ts'
import { controlTypeOf } from '../../protocol/records/control.ts'
import { readBatch } from '../../protocol/records/record.ts'
import { type ProducerKey, producerKey } from '../producers/producer-state.ts'
import type { AbortedTransaction } from '../segment/transaction-index.ts'

interface OpenAborted {
  readonly transaction: AbortedTransaction
  hasData: boolean
}

export class CleanedTransactions {
  /** By first offset, not begun yet. */
  #aborted: AbortedTransaction[] = []
  readonly #openAborted = new Map<ProducerKey, OpenAborted>()
  readonly #openCommitted = new Set<ProducerKey>()
  /** Called with each aborted transaction whose marker stays because of data that was met. */
  onKept: ((transaction: AbortedTransaction) => void) | null = null

  /** Those of the segment that is read next; some may have been added with the one before. */
  add(transactions: readonly AbortedTransaction[]): void {
    this.#aborted = [...this.#aborted, ...transactions].sort((a, b) => a.firstOffset - b.firstOffset)
  }

  /** True: the batch belongs to an aborted transaction. */
  onData(view: DataView, position: number): boolean {
    this.#beginUpTo(batch.batchLastOffset(view, position))
    if (!batch.isTransactional(view, position)) return false
    const key = producerKey(view, position)
    const open = this.#openAborted.get(key)
    if (open === undefined) {
      this.#openCommitted.add(key)
      return false
    }
    open.hasData = true
    return true
  }

  /** True: nothing is left of what the marker ends. */
  onMarker(bytes: Uint8Array, view: DataView, position: number): boolean {
    this.#beginUpTo(batch.batchLastOffset(view, position))
    const record = readBatch(bytes, view, position)[0]
    // Emptied by an earlier round.
    if (record === undefined) return true
    const type = controlTypeOf(record.key)
    const key = producerKey(view, position)
    if (type === 'commit') return !this.#openCommitted.delete(key)
    if (type !== 'abort') return false
    const open = this.#openAborted.get(key)
    this.#openAborted.delete(key)
    if (open === undefined || !open.hasData) return true
    this.onKept?.(open.transaction)
    return false
  }

  #beginUpTo(offset: number): void {
    let count = 0
    for (const transaction of this.#aborted) {
      if (transaction.firstOffset > offset) break
      const id = Number(transaction.producerId)
      const key = Number.isSafeInteger(id) ? id : transaction.producerId
      if (!this.#openAborted.has(key)) this.#openAborted.set(key, { transaction, hasData: false })
      count++
    }
    if (count > 0) this.#aborted = this.#aborted.slice(count)
  }
}
