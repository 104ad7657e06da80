// Whether records may be appended as part of a transaction: asked of its coordinator by whoever leads the partition,
// the first time in each transaction (KIP-890; Kafka: AddPartitionsToTxnManager, ReplicaManager.handleProduceAppend).
// From Produce v12 and TxnOffsetCommit v5 on the partition is added by that; below, it must have been added.
//
//   batch ──▶ its log has an open transaction of the producer and epoch? ── yes ──▶ append, at once
//                │ no
//                ▼
//             coordinator: added or verified, and committed ──▶ still open? ──▶ append
//
// What comes while a producer's batch waits for the coordinator waits behind it, in order: its batches are numbered.

import { DiskError } from '../../../host/disk.ts'
import type { Host } from '../../../host/host.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { Partition } from '../../replication/partition.ts'
import { EPOCH_BUMP_VERSION, type TopicPartitions } from './transaction.ts'
import type { TransactionCoordinator } from './transaction-coordinator.ts'

/** What a request's version lets its client understand: nothing new, TRANSACTION_ABORTABLE, added partitions. */
export type AdmissionMode = 'verify' | 'verify-abortable' | 'add'

export interface Participant {
  readonly transactionalId: string
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** An error code for each partition that was asked about. */
export type Verdicts = (topic: string, index: number) => number

export class Admission {
  readonly #host: Host
  readonly #transactions: TransactionCoordinator
  /** The last of those that wait, by transactional id. */
  readonly #lines = new Map<string, Promise<void>>()

  constructor(host: Host, transactions: TransactionCoordinator) {
    this.#host = host
    this.#transactions = transactions
  }

  /** Whether the coordinator has to be asked about a batch of this producer. */
  isNeeded(partition: Partition, { producerId, producerEpoch }: Participant, mode: AdmissionMode): boolean {
    if (mode !== 'add' && !this.#transactions.config.verifiesPartitions) return false
    return orOnBadDisk(() => !partition.log.producers.hasOpenTransaction(producerId, producerEpoch), true)
  }

  hasLine(transactionalId: string): boolean {
    return this.#lines.has(transactionalId)
  }

  /** Runs a task after those before it with the same transactional id. It answers for its own failures. */
  inTurn(transactionalId: string, task: () => Promise<void>): void {
    const before = this.#lines.get(transactionalId) ?? Promise.resolve()
    const last = before.then(task).catch((error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      this.#host.logger.error('transaction: an append has failed', { transactionalId, error: text })
    })
    this.#lines.set(transactionalId, last)
    last.finally(() => {
      if (this.#lines.get(transactionalId) === last) this.#lines.delete(transactionalId)
    })
  }

  /** The coordinator's word, committed, in error codes that clients of records and offsets know. */
  async ask(participant: Participant, partitions: TopicPartitions, mode: AdmissionMode): Promise<Verdicts> {
    if (mode === 'add') {
      const request = { ...participant, partitions, clientVersion: EPOCH_BUMP_VERSION }
      const errorCode = wording(await this.#transactions.addPartitionsWhenIdle(request), mode)
      return () => errorCode
    }
    const verdicts = await this.#transactions.verifyPartitions({ ...participant, partitions })
    return (topic, index) => wording(verdicts(topic, index), mode)
  }

  /** Of what the coordinator has agreed to a moment ago: NONE, or what has happened since. */
  check(partition: Partition, participant: Participant): number {
    const { topic, index } = partition
    if (this.#transactions.isOpen(participant, topic, index)) return ErrorCode.NONE
    const hasGoneOn = this.lastEpoch(partition, participant) > participant.producerEpoch
    return hasGoneOn ? ErrorCode.INVALID_PRODUCER_EPOCH : ErrorCode.INVALID_TXN_STATE
  }

  /** In which the log has heard of the producer; -1: in none. */
  lastEpoch({ log }: Partition, { producerId }: Participant): number {
    return orOnBadDisk(() => log.producers.epochOf(producerId), -1)
  }
}

/** What a log knows of producers may have to be read. When that fails, the append that follows fails and says so. */
function orOnBadDisk<T>(look: () => T, otherwise: T): T {
  try {
    return look()
  } catch (error) {
    if (error instanceof DiskError) return otherwise
    throw error
  }
}

function wording(errorCode: number, mode: AdmissionMode): number {
  if (errorCode === ErrorCode.PRODUCER_FENCED) return ErrorCode.INVALID_PRODUCER_EPOCH
  if (errorCode === ErrorCode.TRANSACTION_ABORTABLE && mode === 'verify') return ErrorCode.INVALID_TXN_STATE
  return errorCode
}
