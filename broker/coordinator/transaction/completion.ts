// A decision is carried out: its marker is written to every partition of the transaction, and once all of them are
// committed, Complete is written. Partitions that refuse for now are tried again, each attempt an event of the shard:
// none outlives the leadership that it belongs to, or the next transaction might be ended by it. A coordinator that
// loads a decision carries it out from the beginning; a marker that is written twice ends nothing the second time.
// Source: TransactionMarkerChannelManager.

import { NO_PRODUCER_ID } from '../../../protocol/records/layout.ts'
import { NOTHING } from '../runtime/state-machine.ts'
import { isDeciding, NO_PARTITIONS, step, type TopicPartitions, type Transaction } from './transaction.ts'
import type { Marker, TransactionMachine, TransactionOutcome } from './transaction-machine.ts'

/** Between attempts at what a partition, or our own log, has refused. */
const RETRY_MS = 100

/** Of a decision that is committed. */
export function writeMarkers(machine: TransactionMachine, decided: Transaction, partitions: TopicPartitions): void {
  const { transactionalId, producerId, producerEpoch } = decided
  if (partitions.size === 0) {
    machine.timers.post(() => complete(machine, decided))
    return
  }
  const marker: Marker = {
    producerId,
    producerEpoch,
    committed: decided.state === 'PrepareCommit',
    coordinatorEpoch: machine.timers.leaderEpoch,
    transactionVersion: decided.clientVersion,
  }
  machine.surroundings.writeMarker(marker, partitions).then(
    (left) => {
      machine.timers.post(() => {
        if (left.size === 0) return complete(machine, decided)
        machine.timers.schedule(`markers ${transactionalId}`, RETRY_MS, () => retry(machine, decided, left))
        return NOTHING
      })
    },
    (error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      machine.host.logger.error('transaction: markers cannot be written', { transactionalId, error: text })
      machine.timers.post(() => {
        machine.timers.schedule(`markers ${transactionalId}`, RETRY_MS, () => retry(machine, decided, partitions))
        return NOTHING
      })
    },
  )
}

function retry(machine: TransactionMachine, decided: Transaction, partitions: TopicPartitions): TransactionOutcome {
  if (machine.transactions.get(decided.transactionalId) === decided) writeMarkers(machine, decided, partitions)
  return NOTHING
}

function complete(machine: TransactionMachine, decided: Transaction): TransactionOutcome {
  const { transactionalId, nextProducerId } = decided
  if (machine.transactions.get(transactionalId) !== decided || !isDeciding(decided)) {
    throw new Error(`assertion: the transaction of ${transactionalId} has changed while its markers were written`)
  }
  const turn =
    nextProducerId === NO_PRODUCER_ID
      ? {}
      : { producerId: nextProducerId, producerEpoch: 0, nextProducerId: NO_PRODUCER_ID }
  const transaction = step(decided, {
    ...turn,
    state: decided.state === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort',
    partitions: NO_PARTITIONS,
    lastUpdateTimestamp: machine.now(),
  })
  return {
    records: [{ transactionalId, transaction }],
    refused: () => machine.timers.schedule(`markers ${transactionalId}`, RETRY_MS, () => complete(machine, decided)),
  }
}
