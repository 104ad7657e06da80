// What time does to transactions: those that take longer than their producer has said are aborted, by an epoch that
// shuts it out; ids that nobody has used for transactional.id.expiration.ms are forgotten.

import { decision, fence } from './end-transaction.ts'
import type { Transaction } from './transaction.ts'
import type { TransactionMachine, TransactionOutcome } from './transaction-machine.ts'
import type { TransactionRecord } from './transaction-records.ts'

const TIMEOUTS_TIMER = 'timeouts'
const EXPIRY_TIMER = 'expiry'
const EXPIRING: ReadonlySet<Transaction['state']> = new Set(['Empty', 'CompleteCommit', 'CompleteAbort'])

export function scheduleTimeouts(machine: TransactionMachine): void {
  machine.timers.schedule(TIMEOUTS_TIMER, machine.config.abortTimedOutIntervalMs, () => {
    scheduleTimeouts(machine)
    return abortTimedOut(machine)
  })
}

function abortTimedOut(machine: TransactionMachine): TransactionOutcome {
  const now = machine.now()
  const aborted: Transaction[] = []
  for (const transaction of machine.transactions.values()) {
    if (transaction.state !== 'Ongoing' || transaction.startTimestamp + transaction.timeoutMs >= now) continue
    const fenced = fence(machine, transaction)
    if (fenced === undefined) continue
    aborted.push(fenced)
    machine.host.logger.info('transaction: aborted, for it takes longer than its producer has said', {
      transactionalId: transaction.transactionalId,
      timeoutMs: transaction.timeoutMs,
    })
  }
  // Those that are refused are as late the next time.
  return { ...decision(machine, ...aborted), refused: () => {} }
}

export function scheduleExpiry(machine: TransactionMachine): void {
  machine.timers.schedule(EXPIRY_TIMER, machine.config.removeExpiredIntervalMs, () => {
    scheduleExpiry(machine)
    return expire(machine)
  })
}

function expire(machine: TransactionMachine): TransactionOutcome {
  const since = machine.now() - machine.config.idExpirationMs
  const records: TransactionRecord[] = []
  for (const { transactionalId, state, lastUpdateTimestamp } of machine.transactions.values()) {
    if (EXPIRING.has(state) && lastUpdateTimestamp <= since) records.push({ transactionalId, transaction: null })
  }
  return { records, inPieces: true, refused: () => {} }
}
