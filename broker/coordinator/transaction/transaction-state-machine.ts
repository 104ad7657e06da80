// The state machine of one shard of `__transaction_state`: its transactional ids, and how records change them. What
// requests do lies in init-producer-id.ts, add-partitions.ts and end-transaction.ts; what happens by itself, in
// completion.ts (markers) and expiry.ts (timeouts, ids that nobody uses).

import type { Host } from '../../../host/host.ts'
import type { ShardTimers } from '../runtime/shard.ts'
import { NOTHING, type StateMachine } from '../runtime/state-machine.ts'
import { writeMarkers } from './completion.ts'
import { scheduleExpiry, scheduleTimeouts } from './expiry.ts'
import { isDeciding, type Transaction } from './transaction.ts'
import type { TransactionConfig } from './transaction-config.ts'
import type { MachineSurroundings, TransactionMachine, TransactionOutcome } from './transaction-machine.ts'
import type { TransactionRecord } from './transaction-records.ts'

export class TransactionStateMachine implements TransactionMachine, StateMachine<TransactionRecord> {
  readonly surroundings: MachineSurroundings
  readonly timers: ShardTimers<TransactionRecord>
  readonly transactions = new Map<string, Transaction>()
  /** Batches that wait for the transaction before their own to be complete, by transactional id. */
  readonly #idleWaiters = new Map<string, Set<() => void>>()

  constructor(surroundings: MachineSurroundings, timers: ShardTimers<TransactionRecord>) {
    this.surroundings = surroundings
    this.timers = timers
  }

  get host(): Host {
    return this.surroundings.host
  }

  get config(): TransactionConfig {
    return this.surroundings.config
  }

  now(): number {
    return this.host.clock.now()
  }

  replay({ transactionalId, transaction }: TransactionRecord): void {
    if (transaction === null) this.transactions.delete(transactionalId)
    else this.transactions.set(transactionalId, transaction)
    if (transaction === null || !isDeciding(transaction)) this.#tellIdle(transactionalId)
  }

  /** Nobody writes to this log in transactions. */
  replayMarker(): void {}

  onLoaded(): TransactionOutcome[] {
    scheduleTimeouts(this)
    scheduleExpiry(this)
    // Decided, and perhaps not carried out everywhere. The end of the log that was read may still be lost, and a
    // decision with it: markers must not come before it.
    const decided = [...this.transactions.values()].filter(isDeciding)
    const carryOut = (): void => {
      for (const transaction of decided) writeMarkers(this, transaction, transaction.partitions)
    }
    return [{ ...NOTHING, committed: carryOut }]
  }

  whenIdle(transactionalId: string, run: () => void): () => void {
    const waiters = this.#idleWaiters.get(transactionalId) ?? new Set()
    this.#idleWaiters.set(transactionalId, waiters.add(run))
    return () => {
      waiters.delete(run)
      if (waiters.size === 0 && this.#idleWaiters.get(transactionalId) === waiters) {
        this.#idleWaiters.delete(transactionalId)
      }
    }
  }

  #tellIdle(transactionalId: string): void {
    const waiters = this.#idleWaiters.get(transactionalId)
    if (waiters === undefined) return
    this.#idleWaiters.delete(transactionalId)
    for (const run of waiters) this.host.timers.endOfTurn(run)
  }
}
