// AddPartitionsToTxn and AddOffsetsToTxn, and what brokers ask in their place: partitions become part of the
// transaction, which begins with the first of them; or it is only verified that they are (KIP-890).

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { Reply } from '../runtime/reply.ts'
import { NOTHING } from '../runtime/state-machine.ts'
import { hasPartition, includesAll, isDeciding, step, type TopicPartitions, withPartitions } from './transaction.ts'
import type { TransactionMachine, TransactionOutcome } from './transaction-machine.ts'

export interface AddRequest {
  readonly transactionalId: string
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly partitions: TopicPartitions
  readonly clientVersion: number
}

/** One error code for all of them. */
export function addPartitions(
  machine: TransactionMachine,
  request: AddRequest,
  reply: Reply<number>,
): TransactionOutcome {
  const { transactionalId, partitions, clientVersion } = request
  const transaction = machine.transactions.get(transactionalId)
  const errorCode = participantError(machine, request)
  const isOngoing = transaction?.state === 'Ongoing'
  if (transaction === undefined || errorCode !== ErrorCode.NONE) {
    reply.send(errorCode)
    return NOTHING
  }
  if (isOngoing && includesAll(transaction.partitions, partitions)) {
    reply.send(ErrorCode.NONE)
    return NOTHING
  }
  const now = machine.now()
  const ongoing = step(transaction, {
    state: 'Ongoing',
    partitions: withPartitions(transaction.partitions, partitions),
    startTimestamp: isOngoing ? transaction.startTimestamp : now,
    lastUpdateTimestamp: now,
    clientVersion,
  })
  return {
    records: [{ transactionalId, transaction: ongoing }],
    applied: () => reply.send(ErrorCode.NONE),
    refused: (refusal) => reply.sendError(refusal),
  }
}

/** NONE, or why the producer has no transaction that these partitions could be a part of. */
function participantError(
  machine: TransactionMachine,
  { transactionalId, producerId, producerEpoch }: Omit<AddRequest, 'partitions' | 'clientVersion'>,
): number {
  const transaction = machine.transactions.get(transactionalId)
  if (transaction === undefined || transaction.producerId !== producerId) return ErrorCode.INVALID_PRODUCER_ID_MAPPING
  if (transaction.producerEpoch !== producerEpoch) return ErrorCode.PRODUCER_FENCED
  return isDeciding(transaction) ? ErrorCode.CONCURRENT_TRANSACTIONS : ErrorCode.NONE
}

export type VerifyRequest = Omit<AddRequest, 'clientVersion'>

/** TRANSACTION_ABORTABLE for those that are not part of the transaction; any other error is that of all. */
export function verifyPartition(
  machine: TransactionMachine,
  request: Omit<VerifyRequest, 'partitions'>,
  topic: string,
  index: number,
): number {
  const errorCode = participantError(machine, request)
  if (errorCode !== ErrorCode.NONE) return errorCode
  const known = machine.transactions.get(request.transactionalId)?.partitions
  return known !== undefined && hasPartition(known, topic, index) ? ErrorCode.NONE : ErrorCode.TRANSACTION_ABORTABLE
}
