// EndTxn, and the ends that the coordinator itself brings about: a timeout, a new producer of the same transactional
// id. The answer tells of the decision, not of its being carried out.
//
// Below EndTxn v5 (transaction version 0 and 1) the epoch stays, and a request that comes late, or again, looks like
// one of the transaction that is open by then: only the state tells them apart. From v5 on (version 2) the epoch rises
// with the decision. What a producer of the current epoch, or of the one before it, is answered:
//
//                     abort                     commit
//                     before      current       before      current
//   Empty             fenced      rises         fenced      INVALID_TXN_STATE
//   CompleteAbort     done        rises         INVALID…    INVALID_TXN_STATE
//   CompleteCommit    INVALID…    rises         done        INVALID_TXN_STATE
//
// An abort of nothing counts as a transaction, since its producer may have failed before the coordinator heard of it.
// Source: TransactionCoordinator.endTransaction; KIP-890.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { NO_PRODUCER_ID } from '../../../protocol/records/layout.ts'
import type { Reply } from '../runtime/reply.ts'
import { NOTHING } from '../runtime/state-machine.ts'
import { writeMarkers } from './completion.ts'
import {
  EPOCH_BUMP_VERSION,
  isDeciding,
  isExhausted,
  MAX_EPOCH,
  NO_EPOCH,
  step,
  type Transaction,
} from './transaction.ts'
import type { TransactionMachine, TransactionOutcome } from './transaction-machine.ts'

export interface EndRequest {
  readonly transactionalId: string
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly committed: boolean
  /** 0, or EPOCH_BUMP_VERSION: by the version of the request. */
  readonly clientVersion: number
}

/** The producer's next id and epoch; -1 both where there are none to tell. */
export interface ProducerAnswer {
  readonly errorCode: number
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** A new producer id is needed, and none is at hand: to be asked again when there is. */
export const AWAITS_PRODUCER_ID = Symbol('awaits a producer id')
export type AwaitsProducerId = typeof AWAITS_PRODUCER_ID

export function failed(errorCode: number): ProducerAnswer {
  return { errorCode, producerId: NO_PRODUCER_ID, producerEpoch: NO_EPOCH }
}

export function endTransaction(
  machine: TransactionMachine,
  request: EndRequest,
  reply: Reply<ProducerAnswer | AwaitsProducerId>,
): TransactionOutcome {
  const { transactionalId, committed, clientVersion } = request
  const transaction = machine.transactions.get(transactionalId)
  if (transaction === undefined) {
    reply.send(failed(ErrorCode.INVALID_PRODUCER_ID_MAPPING))
    return NOTHING
  }
  const verdictOf = clientVersion >= EPOCH_BUMP_VERSION ? bumpingVerdict : classicVerdict
  const verdict = verdictOf(transaction, request)
  if (verdict !== 'end') {
    reply.send(verdict === 'done' ? doneAnswer(transaction, clientVersion) : failed(verdict))
    return NOTHING
  }
  const decided = decide(machine, transaction, committed, clientVersion)
  if (decided === AWAITS_PRODUCER_ID) {
    reply.send(AWAITS_PRODUCER_ID)
    return NOTHING
  }
  return {
    ...decision(machine, decided),
    applied: () => reply.send(doneAnswer(decided, clientVersion)),
    refused: (errorCode) => reply.sendError(errorCode),
  }
}

/** `end`: decide now. `done`: this has been decided before, and is complete. Otherwise an error code. */
type Verdict = 'end' | 'done' | number

function classicVerdict(transaction: Transaction, { producerId, producerEpoch, committed }: EndRequest): Verdict {
  if (transaction.producerId !== producerId) return ErrorCode.INVALID_PRODUCER_ID_MAPPING
  if (transaction.producerEpoch !== producerEpoch) return ErrorCode.PRODUCER_FENCED
  switch (transaction.state) {
    case 'Ongoing':
      return 'end'
    case 'CompleteCommit':
    case 'CompleteAbort':
      return isSameEnd(transaction, committed) ? 'done' : ErrorCode.INVALID_TXN_STATE
    case 'PrepareCommit':
    case 'PrepareAbort':
      return isSameEnd(transaction, committed) ? ErrorCode.CONCURRENT_TRANSACTIONS : ErrorCode.INVALID_TXN_STATE
    default:
      return ErrorCode.INVALID_TXN_STATE
  }
}

function bumpingVerdict(transaction: Transaction, { producerId, producerEpoch, committed }: EndRequest): Verdict {
  const { state } = transaction
  // It has not heard that its epoch has risen, or that its id has been replaced with its epochs.
  const hasRisen = transaction.producerEpoch === producerEpoch + 1
  const isReplaced =
    transaction.previousProducerId === producerId && producerEpoch === MAX_EPOCH - 1 && transaction.producerEpoch === 0
  const isComplete = state === 'CompleteCommit' || state === 'CompleteAbort'
  const isRetry = hasRisen || isReplaced
  if (transaction.producerId !== producerId && !isReplaced) return ErrorCode.INVALID_PRODUCER_ID_MAPPING
  const isCurrent = transaction.producerEpoch === producerEpoch
  if (!isCurrent && !(isRetry && state !== 'Empty' && state !== 'Ongoing')) return ErrorCode.PRODUCER_FENCED
  if (state === 'Ongoing') return 'end'
  // The end of the next transaction, while this one is being carried out: franz-go aborts what it has not begun.
  if (isDeciding(transaction) && isCurrent) return ErrorCode.CONCURRENT_TRANSACTIONS
  if (isDeciding(transaction)) {
    return isSameEnd(transaction, committed) ? ErrorCode.CONCURRENT_TRANSACTIONS : ErrorCode.INVALID_TXN_STATE
  }
  if (isRetry && isComplete) return isSameEnd(transaction, committed) ? 'done' : ErrorCode.INVALID_TXN_STATE
  return committed ? ErrorCode.INVALID_TXN_STATE : 'end'
}

/** Of a transaction that has been decided. */
function isSameEnd({ state }: Transaction, committed: boolean): boolean {
  return committed === (state === 'PrepareCommit' || state === 'CompleteCommit')
}

/** The transaction as its client is to go on with it; below v5 it is told nothing. */
function doneAnswer(transaction: Transaction, clientVersion: number): ProducerAnswer {
  if (clientVersion < EPOCH_BUMP_VERSION) return failed(ErrorCode.NONE)
  const { nextProducerId, producerId, producerEpoch } = transaction
  return nextProducerId === NO_PRODUCER_ID
    ? { errorCode: ErrorCode.NONE, producerId, producerEpoch }
    : { errorCode: ErrorCode.NONE, producerId: nextProducerId, producerEpoch: 0 }
}

function decide(
  machine: TransactionMachine,
  transaction: Transaction,
  committed: boolean,
  clientVersion: number,
): Transaction | AwaitsProducerId {
  const now = machine.now()
  const decided = step(transaction, {
    state: committed ? 'PrepareCommit' : 'PrepareAbort',
    // An abort of nothing begins with its end.
    startTimestamp: transaction.state === 'Ongoing' ? transaction.startTimestamp : now,
    lastUpdateTimestamp: now,
    clientVersion,
  })
  return clientVersion < EPOCH_BUMP_VERSION ? decided : raiseEpoch(machine, decided)
}

function raiseEpoch(machine: TransactionMachine, decided: Transaction): Transaction | AwaitsProducerId {
  const lastProducerEpoch = decided.producerEpoch
  const producerEpoch = Math.min(decided.producerEpoch + 1, MAX_EPOCH)
  if (!isExhausted(decided.producerEpoch)) return { ...decided, producerEpoch, lastProducerEpoch }
  const nextProducerId = machine.surroundings.takeProducerId()
  if (nextProducerId === undefined) return AWAITS_PRODUCER_ID
  return { ...decided, producerEpoch, lastProducerEpoch, nextProducerId }
}

/**
 * An open transaction aborted by the coordinator, with an epoch that shuts its producer out; undefined when that takes
 * a producer id that is not at hand.
 */
export function fence(machine: TransactionMachine, transaction: Transaction): Transaction | undefined {
  const clientVersion = machine.config.transactionVersion >= EPOCH_BUMP_VERSION ? EPOCH_BUMP_VERSION : 0
  const decided = decide(machine, transaction, false, clientVersion)
  if (decided === AWAITS_PRODUCER_ID) return undefined
  if (clientVersion >= EPOCH_BUMP_VERSION) return decided
  return { ...decided, producerEpoch: Math.min(decided.producerEpoch + 1, MAX_EPOCH), lastProducerEpoch: NO_EPOCH }
}

/** Writes decisions, and has them carried out when they are committed. */
export function decision(machine: TransactionMachine, ...decided: readonly Transaction[]): TransactionOutcome {
  return {
    records: decided.map((transaction) => ({ transactionalId: transaction.transactionalId, transaction })),
    inPieces: true,
    committed: () => {
      for (const transaction of decided) writeMarkers(machine, transaction, transaction.partitions)
    },
  }
}
