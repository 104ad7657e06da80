// A partition of broker/replication as a coordinator wants it.

import type { Partition } from '../../replication/partition.ts'
import type { CoordinatorAppend, CoordinatorPartition } from './coordinator-partition.ts'

export class ReplicaPartition implements CoordinatorPartition {
  readonly #partition: Partition
  /** That of the election which this coordinator was made for; the partition's own moves on. */
  readonly leaderEpoch: number

  constructor(partition: Partition) {
    this.#partition = partition
    this.leaderEpoch = partition.leaderEpoch
  }

  get logStartOffset(): number {
    return this.#partition.log.logStartOffset
  }

  get logEndOffset(): number {
    return this.#partition.log.logEndOffset
  }

  get maxBatchSize(): number {
    const { maxMessageBytes, segmentBytes } = this.#partition.log.config
    return Math.min(maxMessageBytes, segmentBytes)
  }

  append(batch: Uint8Array): CoordinatorAppend {
    return this.#partition.appendAsLeader(batch, 'coordinator')
  }

  whenCommitted(endOffset: number, done: (errorCode: number) => void): void {
    this.#partition.whenCommitted(endOffset, { onOffset: done })
  }

  read(offset: number, maxSize: number, done: (errorCode: number, chunks: readonly Uint8Array[]) => void): void {
    const { log } = this.#partition
    log.read(offset, maxSize, log.logEndOffset, true, done)
  }
}
