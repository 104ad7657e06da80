// Writes transaction markers to the partitions that this broker leads: control batches in the logs of topics, and in
// `__consumer_offsets`, where they decide about the offsets that a transaction has committed. Sent by coordinators
// (completion.ts), and by tools that end what hangs (WriteTxnMarkers, KIP-664).
//
// From transaction version 2 on a marker's epoch is later than that of the records it decides about: one of the same
// epoch is late, and ends nothing, unless it is only repeated, after everything of its epoch has ended (KAFKA-19999).

import { DiskError } from '../../../host/disk.ts'
import type { Host } from '../../../host/host.ts'
import { ErrorCode, errorName } from '../../../protocol/error-codes.ts'
import { buildEndTransactionBatch } from '../../../protocol/records/control.ts'
import type { Partition } from '../../replication/partition.ts'
import { EPOCH_BUMP_VERSION, type TopicPartitions } from './transaction.ts'
import type { Marker } from './transaction-machine.ts'

export interface MarkerWriterOptions {
  readonly host: Host
  readonly partition: (topic: string, index: number) => Partition | undefined
  /** Whether the cluster has the partition at all, here or elsewhere. */
  readonly exists: (topic: string, index: number) => boolean
  /** The topic whose partitions group coordinators write to themselves. */
  readonly groupTopic: string
  /** Appends before it returns; kept when the marker is committed, or refused. */
  readonly endGroupTransaction: (index: number, marker: Marker) => Promise<number>
}

/** Refused for now: the partition moves, its disk is busy, its coordinator loads. */
const RETRIABLE: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.NOT_ENOUGH_REPLICAS,
  ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
  ErrorCode.REQUEST_TIMED_OUT,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
])

export class MarkerWriter {
  readonly #options: MarkerWriterOptions

  constructor(options: MarkerWriterOptions) {
    this.#options = options
  }

  /** Appends before it returns; the error code comes when the marker is committed, or refused. */
  write(marker: Marker, topic: string, index: number): Promise<number> {
    const { partition: find, groupTopic, endGroupTransaction } = this.#options
    const partition = find(topic, index)
    if (partition === undefined) return Promise.resolve(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    const errorCode = epochError(partition, marker)
    if (errorCode !== ErrorCode.NONE) return Promise.resolve(errorCode)
    return topic === groupTopic ? endGroupTransaction(index, marker) : this.#append(partition, marker)
  }

  /** To all of them. Resolves to those that have to be tried again. */
  async writeAll(marker: Marker, partitions: TopicPartitions): Promise<TopicPartitions> {
    const writes: { topic: string; index: number; done: Promise<number> }[] = []
    for (const [topic, indexes] of partitions) {
      for (const index of indexes) writes.push({ topic, index, done: this.write(marker, topic, index) })
    }
    const left = new Map<string, Set<number>>()
    for (const { topic, index, done } of writes) {
      if (!this.#isLeft(marker, topic, index, await done)) continue
      left.set(topic, (left.get(topic) ?? new Set()).add(index))
    }
    return left
  }

  #isLeft(marker: Marker, topic: string, index: number, errorCode: number): boolean {
    if (errorCode === ErrorCode.NONE) return false
    // Its topic has been deleted, and the records with it.
    if (!this.#options.exists(topic, index)) return false
    if (RETRIABLE.has(errorCode)) return true
    // The producer has gone on, or another coordinator has spoken: there is nothing left here for this one to end.
    this.#options.host.logger.warn('transaction: a partition refuses a marker for good', {
      partition: `${topic}-${index}`,
      producerId: String(marker.producerId),
      producerEpoch: marker.producerEpoch,
      error: errorName(errorCode),
    })
    return false
  }

  #append(partition: Partition, marker: Marker): Promise<number> {
    const { producerId, producerEpoch, coordinatorEpoch, committed } = marker
    const timestamp = this.#options.host.clock.now()
    const type = committed ? 'commit' : 'abort'
    const batch = buildEndTransactionBatch({ producerId, producerEpoch, timestamp }, type, coordinatorEpoch)
    const { errorCode, lastOffset } = partition.appendAsLeader(batch, 'coordinator')
    if (errorCode !== ErrorCode.NONE) return Promise.resolve(errorCode)
    return new Promise((resolve) => partition.whenCommitted(lastOffset + 1, { onOffset: resolve }))
  }
}

/** What is wrong with the epoch beyond what every log checks by itself. */
function epochError({ log }: Partition, { transactionVersion, producerId, producerEpoch }: Marker): number {
  if (transactionVersion < EPOCH_BUMP_VERSION) return ErrorCode.NONE
  try {
    const isLate = log.producers.hasOpenTransaction(producerId, producerEpoch)
    return isLate ? ErrorCode.INVALID_PRODUCER_EPOCH : ErrorCode.NONE
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    return ErrorCode.KAFKA_STORAGE_ERROR
  }
}
