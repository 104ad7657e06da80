// The transaction coordinator as handlers see it: takes requests, finds the shard of the transactional id, words what
// comes back. Partition leaders of the same process ask it directly whether a batch belongs to a transaction
// (Kafka: AddPartitionsToTxnManager, a request from broker to broker). Source: TransactionCoordinator, KafkaApis.

import type { Host } from '../../../host/host.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { TRANSACTION_TOPIC } from '../../metadata/internal-topics.ts'
import { coordinatorErrorOf } from '../runtime/coordinator-errors.ts'
import type { CoordinatorPartition } from '../runtime/coordinator-partition.ts'
import { CoordinatorRuntime } from '../runtime/coordinator-runtime.ts'
import type { Reply } from '../runtime/reply.ts'
import { NOTHING } from '../runtime/state-machine.ts'
import { type AddRequest, addPartitions, type VerifyRequest, verifyPartition } from './add-partitions.ts'
import {
  AWAITS_PRODUCER_ID,
  type AwaitsProducerId,
  type EndRequest,
  endTransaction,
  failed,
  type ProducerAnswer,
} from './end-transaction.ts'
import { type InitRequest, initProducerId } from './init-producer-id.ts'
import {
  type DescribedTransaction,
  describeError,
  describeTransaction,
  type ListedTransaction,
  type ListFilter,
  listTransactions,
} from './listing.ts'
import type { MarkerWriter } from './marker-writer.ts'
import type { ProducerIds } from './producer-ids.ts'
import { EPOCH_BUMP_VERSION, hasPartition, isDeciding, type TopicPartitions } from './transaction.ts'
import type { TransactionConfig } from './transaction-config.ts'
import type { TransactionMachine, TransactionOutcome } from './transaction-machine.ts'
import { type TransactionRecord, transactionRecordFormat } from './transaction-records.ts'
import { TransactionStateMachine } from './transaction-state-machine.ts'

export interface TransactionCoordinatorOptions {
  readonly host: Host
  readonly config: TransactionConfig
  readonly producerIds: ProducerIds
  readonly markers: Pick<MarkerWriter, 'writeAll'>
  /** 0 while `__transaction_state` does not exist. */
  readonly partitionCount: () => number
}

export class TransactionCoordinator {
  readonly #options: TransactionCoordinatorOptions
  readonly #runtime: CoordinatorRuntime<TransactionStateMachine, TransactionRecord>

  constructor(options: TransactionCoordinatorOptions) {
    this.#options = options
    const { host, config, producerIds, markers, partitionCount } = options
    const surroundings = {
      host,
      config,
      takeProducerId: () => takeProducerId(host, producerIds),
      writeMarker: (marker: Parameters<MarkerWriter['writeAll']>[0], partitions: TopicPartitions) =>
        markers.writeAll(marker, partitions),
    }
    this.#runtime = new CoordinatorRuntime({
      host,
      topic: TRANSACTION_TOPIC,
      format: transactionRecordFormat(() => config.transactionVersion),
      createMachine: (timers) => new TransactionStateMachine(surroundings, timers),
      partitionCount,
      commitTimeoutMs: () => config.commitTimeoutMs,
      compression: () => 'none',
    })
  }

  /** Looks at every state that is loaded, without changing it. */
  forEachMachine(look: (machine: TransactionMachine) => void): void {
    this.#runtime.forEachMachine(look)
  }

  get config(): TransactionConfig {
    return this.#options.config
  }

  /** The partition of `__transaction_state` that an id belongs to; undefined while the topic does not exist. */
  partitionOf(transactionalId: string): number | undefined {
    return this.#runtime.partitionOf(transactionalId)
  }

  /** This broker leads a partition of `__transaction_state` from now on. */
  onElected(index: number, partition: CoordinatorPartition): void {
    this.#runtime.onElected(index, partition)
  }

  onResigned(index: number): void {
    this.#runtime.onResigned(index)
  }

  close(): void {
    this.#runtime.close()
  }

  async initProducerId(request: InitRequest): Promise<ProducerAnswer> {
    const { transactionalId, timeoutMs } = request
    if (transactionalId === '') return failed(ErrorCode.INVALID_REQUEST)
    if (timeoutMs <= 0 || timeoutMs > this.config.maxTimeoutMs) return failed(ErrorCode.INVALID_TRANSACTION_TIMEOUT)
    return this.#withProducerIds(transactionalId, (machine, reply) => initProducerId(machine, request, reply))
  }

  async endTransaction(request: EndRequest): Promise<ProducerAnswer> {
    const { transactionalId } = request
    if (transactionalId === '') return failed(ErrorCode.INVALID_REQUEST)
    return this.#withProducerIds(transactionalId, (machine, reply) => endTransaction(machine, request, reply))
  }

  /** Runs an event that may want a producer id, again once there are some. */
  async #withProducerIds(
    transactionalId: string,
    event: (machine: TransactionMachine, reply: Reply<ProducerAnswer | AwaitsProducerId>) => TransactionOutcome,
  ): Promise<ProducerAnswer> {
    for (;;) {
      const answer = await this.#run<ProducerAnswer | AwaitsProducerId>(transactionalId, event, failed)
      if (answer !== AWAITS_PRODUCER_ID) return answer
      const errorCode = await this.#options.producerIds.replenish()
      // Kafka hides the controller's reason: the coordinator is loading, try again.
      if (errorCode !== ErrorCode.NONE) return failed(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
    }
  }

  addPartitions(request: AddRequest): Promise<number> {
    if (request.transactionalId === '') return Promise.resolve(ErrorCode.INVALID_REQUEST)
    return this.#run<number>(
      request.transactionalId,
      (machine, reply) => addPartitions(machine, request, reply),
      (errorCode) => errorCode,
    )
  }

  /** The error code of each partition, by topic and partition. */
  verifyPartitions(request: VerifyRequest): Promise<(topic: string, index: number) => number> {
    if (request.transactionalId === '') return Promise.resolve(() => ErrorCode.INVALID_REQUEST)
    return this.#run<(topic: string, index: number) => number>(
      request.transactionalId,
      (machine, reply) => {
        const codes = new Map<string, Map<number, number>>()
        for (const [topic, indexes] of request.partitions) {
          codes.set(
            topic,
            new Map(Array.from(indexes, (index) => [index, verifyPartition(machine, request, topic, index)])),
          )
        }
        reply.send((topic, index) => codes.get(topic)?.get(index) ?? ErrorCode.UNKNOWN_SERVER_ERROR)
        return NOTHING
      },
      (errorCode) => () => errorCode,
    )
  }

  /** As addPartitions, but waits for a while for the transaction before this one to be complete. */
  async addPartitionsWhenIdle(request: AddRequest): Promise<number> {
    const { clock, timers } = this.#options.host
    const deadline = clock.monotonic() + this.config.addPartitionsWaitMs
    for (;;) {
      const errorCode = await this.addPartitions(request)
      const left = deadline - clock.monotonic()
      if (errorCode !== ErrorCode.CONCURRENT_TRANSACTIONS || left <= 0) return errorCode
      const machine = this.#machineOf(request.transactionalId)
      const transaction = machine?.transactions.get(request.transactionalId)
      // It has become so while the answer was under way.
      if (transaction !== undefined && !isDeciding(transaction)) continue
      await new Promise<void>((resolve) => {
        const forget = machine?.whenIdle(request.transactionalId, () => {
          timer.cancel()
          resolve()
        })
        const timer = timers.after(left, () => {
          forget?.()
          resolve()
        })
      })
    }
  }

  /** Whether a batch may be appended now: what has been added or verified may have ended since. */
  isOpen(
    { transactionalId, producerId, producerEpoch }: Omit<VerifyRequest, 'partitions'>,
    topic: string,
    index: number,
  ) {
    const transaction = this.#machineOf(transactionalId)?.transactions.get(transactionalId)
    return (
      transaction?.state === 'Ongoing' &&
      transaction.producerId === producerId &&
      transaction.producerEpoch === producerEpoch &&
      hasPartition(transaction.partitions, topic, index)
    )
  }

  async list(filter: ListFilter): Promise<{ errorCode: number; transactions: readonly ListedTransaction[] }> {
    const answers = await this.#runtime.runOnAll<readonly ListedTransaction[] | number>(
      (machine, reply) => {
        reply.send(listTransactions(machine, filter))
        return NOTHING
      },
      (errorCode) => (errorCode === ErrorCode.NOT_COORDINATOR ? [] : coordinatorErrorOf(errorCode)),
    )
    const transactions: ListedTransaction[] = []
    for (const answer of answers) {
      if (typeof answer === 'number') return { errorCode: answer, transactions: [] }
      transactions.push(...answer)
    }
    return { errorCode: ErrorCode.NONE, transactions }
  }

  describe(transactionalId: string): Promise<DescribedTransaction> {
    if (transactionalId === '') return Promise.resolve(describeError(transactionalId, ErrorCode.INVALID_REQUEST))
    return this.#run<DescribedTransaction>(
      transactionalId,
      (machine, reply) => {
        reply.send(describeTransaction(machine, transactionalId))
        return NOTHING
      },
      (errorCode) => describeError(transactionalId, errorCode),
    )
  }

  #machineOf(transactionalId: string): TransactionMachine | undefined {
    const partition = this.partitionOf(transactionalId)
    return partition === undefined ? undefined : this.#runtime.shard(partition)?.machine
  }

  #run<T>(
    transactionalId: string,
    event: (machine: TransactionMachine, reply: Reply<T>) => TransactionOutcome,
    onError: (errorCode: number) => T,
  ): Promise<T> {
    return this.#runtime.run(this.partitionOf(transactionalId), event, (errorCode) =>
      onError(coordinatorErrorOf(errorCode)),
    )
  }
}

/** By the version of an EndTxn. */
export function clientVersionOfEnd(apiVersion: number): number {
  return apiVersion >= 5 ? EPOCH_BUMP_VERSION : 0
}

/** By the version of an AddPartitionsToTxn. */
export function clientVersionOfAdd(apiVersion: number): number {
  return apiVersion >= 4 ? EPOCH_BUMP_VERSION : 0
}

function takeProducerId(host: Host, producerIds: ProducerIds): bigint | undefined {
  const id = producerIds.take()
  if (id !== undefined) return id
  producerIds.replenish().catch((error: unknown) => {
    host.logger.error('transaction: no producer ids', { error: String(error) })
  })
  return undefined
}
