// InitProducerId with a transactional id: the producer gets the next epoch of the id, which shuts out whoever had it
// before; an open transaction of theirs is aborted first, while the new producer is told to ask again. A producer that
// names the id and epoch that it has goes on after an error (KIP-360): it is let in if nobody else has come meanwhile.
// Source: TransactionCoordinator.prepareInitProducerIdTransit, TransactionMetadata.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { NO_PRODUCER_ID } from '../../../protocol/records/layout.ts'
import type { Reply } from '../runtime/reply.ts'
import { NOTHING } from '../runtime/state-machine.ts'
import {
  AWAITS_PRODUCER_ID,
  type AwaitsProducerId,
  decision,
  failed,
  fence,
  type ProducerAnswer,
} from './end-transaction.ts'
import { isExhausted, NO_EPOCH, NO_PARTITIONS, step, type Transaction } from './transaction.ts'
import type { TransactionMachine, TransactionOutcome } from './transaction-machine.ts'

export interface InitRequest {
  readonly transactionalId: string
  readonly timeoutMs: number
  /** What the producer has; null: nothing. */
  readonly current: { readonly producerId: bigint; readonly producerEpoch: number } | null
}

export function initProducerId(
  machine: TransactionMachine,
  request: InitRequest,
  reply: Reply<ProducerAnswer | AwaitsProducerId>,
): TransactionOutcome {
  const { transactionalId, current } = request
  const transaction = machine.transactions.get(transactionalId) ?? create(machine, request)
  if (transaction === undefined) {
    reply.send(AWAITS_PRODUCER_ID)
    return NOTHING
  }
  if (current !== null && (!mayBe(transaction, current) || isZombie(transaction, current))) {
    reply.send(failed(ErrorCode.PRODUCER_FENCED))
    return NOTHING
  }
  switch (transaction.state) {
    case 'Ongoing': {
      const fenced = fence(machine, transaction)
      if (fenced === undefined) {
        reply.send(AWAITS_PRODUCER_ID)
        return NOTHING
      }
      return {
        ...decision(machine, fenced),
        // The epoch that shuts them out is nobody's: the next one comes when the abort is complete.
        applied: () => reply.send(failed(ErrorCode.CONCURRENT_TRANSACTIONS)),
        refused: (errorCode) => reply.sendError(errorCode),
      }
    }
    case 'PrepareCommit':
    case 'PrepareAbort':
      reply.send(failed(ErrorCode.CONCURRENT_TRANSACTIONS))
      return NOTHING
    case 'Empty':
    case 'CompleteCommit':
    case 'CompleteAbort':
      return begin(machine, transaction, request, reply)
    default:
      throw new Error(`assertion: the transaction of ${transactionalId} is in state ${transaction.state}`)
  }
}

function create(machine: TransactionMachine, { transactionalId, timeoutMs }: InitRequest): Transaction | undefined {
  const producerId = machine.surroundings.takeProducerId()
  if (producerId === undefined) return undefined
  return {
    transactionalId,
    producerId,
    previousProducerId: NO_PRODUCER_ID,
    nextProducerId: NO_PRODUCER_ID,
    producerEpoch: NO_EPOCH,
    lastProducerEpoch: NO_EPOCH,
    timeoutMs,
    state: 'Empty',
    partitions: NO_PARTITIONS,
    startTimestamp: -1,
    lastUpdateTimestamp: machine.now(),
    clientVersion: 0,
  }
}

/** Its id is the one of now, or the one before, whose epochs are spent; or this broker knows of none. */
function mayBe(transaction: Transaction, current: NonNullable<InitRequest['current']>): boolean {
  return (
    transaction.producerEpoch === NO_EPOCH ||
    transaction.producerId === current.producerId ||
    (transaction.previousProducerId === current.producerId && isExhausted(current.producerEpoch))
  )
}

/**
 * Somebody else has opened the transaction, who has a later epoch. Kafka aborts it and shuts its producer out, before
 * the zombie finds with its next attempt that it is one.
 */
function isZombie({ state, producerId, producerEpoch }: Transaction, current: NonNullable<InitRequest['current']>) {
  return state === 'Ongoing' && (producerId !== current.producerId || producerEpoch !== current.producerEpoch)
}

function begin(
  machine: TransactionMachine,
  transaction: Transaction,
  { transactionalId, timeoutMs, current }: InitRequest,
  reply: Reply<ProducerAnswer | AwaitsProducerId>,
): TransactionOutcome {
  const producer = nextProducer(machine, transaction, current)
  if (producer === AWAITS_PRODUCER_ID || producer === 'fenced') {
    reply.send(producer === 'fenced' ? failed(ErrorCode.PRODUCER_FENCED) : producer)
    return NOTHING
  }
  const begun = step(transaction, {
    ...producer,
    state: 'Empty',
    timeoutMs,
    partitions: NO_PARTITIONS,
    startTimestamp: -1,
    lastUpdateTimestamp: machine.now(),
  })
  return {
    records: [{ transactionalId, transaction: begun }],
    applied: () => {
      const { producerId, producerEpoch } = begun
      reply.send({ errorCode: ErrorCode.NONE, producerId, producerEpoch })
    },
    refused: (errorCode) => reply.sendError(errorCode),
  }
}

function nextProducer(
  machine: TransactionMachine,
  { producerEpoch, lastProducerEpoch }: Transaction,
  current: InitRequest['current'],
): Partial<Transaction> | AwaitsProducerId | 'fenced' {
  const isCurrent = current === null || producerEpoch === NO_EPOCH || current.producerEpoch === producerEpoch
  if (isCurrent && isExhausted(producerEpoch)) {
    const producerId = machine.surroundings.takeProducerId()
    if (producerId === undefined) return AWAITS_PRODUCER_ID
    return { producerId, producerEpoch: 0, lastProducerEpoch: current === null ? NO_EPOCH : producerEpoch }
  }
  if (isCurrent) {
    return { producerEpoch: producerEpoch + 1, lastProducerEpoch: current === null ? NO_EPOCH : producerEpoch }
  }
  // It asks again, for it has not got the answer; had anybody else come since, there would be no last epoch.
  return current.producerEpoch === lastProducerEpoch ? {} : 'fenced'
}
