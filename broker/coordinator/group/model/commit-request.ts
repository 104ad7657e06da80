// What a commit of offsets asks of a group, whichever request it came with: OffsetCommit, or TxnOffsetCommit.

import type { TransactionProducer } from '../../runtime/state-machine.ts'

export interface CommitPartition {
  readonly partitionIndex: number
  readonly committedOffset: bigint
  readonly committedLeaderEpoch: number
  readonly committedMetadata: string | null
}

export interface CommitTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly CommitPartition[]
}

export interface CommitRequest {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
  /** -1n: the broker's retention. Versions 2 to 4 have it. */
  readonly retentionTimeMs: bigint
  readonly topics: readonly CommitTopic[]
  readonly apiVersion: number
  /** Whose transaction decides whether the offsets count. */
  readonly producer?: TransactionProducer
}

/** Whether a member may commit a partition though its epoch is behind; the error code. */
export type CommitPartitionCheck = (topicId: string, partition: number) => number
