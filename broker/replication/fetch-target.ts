// One partition of a fetch: what is asked, what was found, and its answer, in one object that lives as long as the
// session that it is in. Nothing is made for a partition that is fetched again and has nothing new.

import { ErrorCode } from '../../protocol/error-codes.ts'
import type { FetchWaiter, Partition } from './partition.ts'

/** As the protocol has it: by topic (then topicId is zero) or, from Fetch v13 on, by topicId (then topic is empty). */
export interface AskedTopic {
  readonly topic: string
  readonly topicId: string
  readonly partitions: readonly AskedPartition[]
}

export interface AskedPartition {
  readonly partition: number
  readonly currentLeaderEpoch: number
  readonly fetchOffset: bigint
  readonly lastFetchedEpoch: number
  readonly partitionMaxBytes: number
}

export const NO_RECORDS: readonly Uint8Array[] = []

/** The fetch that waits, and wants to know (delayed-fetch.ts). */
interface WaitingFetch {
  onProgress(target: FetchTarget): void
}

export class FetchTarget implements FetchWaiter {
  readonly topic: string
  readonly topicId: string
  readonly partitionIndex: number
  currentLeaderEpoch = -1
  fetchOffset = 0
  lastFetchedEpoch = -1
  maxSize = 0

  /** Null when the partition is not here; errorCode says why. */
  partition: Partition | null = null

  // The answer; fields as in FetchResponse.
  errorCode: number = ErrorCode.NONE
  highWatermark = -1
  lastStableOffset = -1
  logStartOffset = -1
  abortedTransactions: readonly { producerId: bigint; firstOffset: number }[] | null = null
  /** Held for the answer, until it is given away or they are dropped. */
  records: readonly Uint8Array[] = NO_RECORDS
  recordsSize = 0
  /** Set when lastFetchedEpoch diverges from our history (KIP-595). */
  divergingEpoch: { epoch: number; endOffset: number } | undefined = undefined
  currentLeader: { leaderId: number; leaderEpoch: number } | undefined = undefined

  // Of its session: what the client was last told. -1: never, or an error must be told again.
  toldHighWatermark = -1
  toldLogStartOffset = -1
  /** It has been here: should its topic go, the client knows the id well, and is told that the partition is gone. */
  wasFound = false

  // While its fetch waits.
  fetch: WaitingFetch | null = null
  waitIndex = -1
  hasChanged = false
  /** The partition's visibleSize when its high watermark was last looked at for this fetch. */
  seenSize = 0

  constructor(topic: string, topicId: string, partitionIndex: number) {
    this.topic = topic
    this.topicId = topicId
    this.partitionIndex = partitionIndex
  }

  ask(asked: AskedPartition): void {
    this.currentLeaderEpoch = asked.currentLeaderEpoch
    this.fetchOffset = Number(asked.fetchOffset)
    this.lastFetchedEpoch = asked.lastFetchedEpoch
    this.maxSize = asked.partitionMaxBytes
  }

  /** The same question, of a fetch that goes its own way. */
  copy(): FetchTarget {
    const copy = new FetchTarget(this.topic, this.topicId, this.partitionIndex)
    copy.currentLeaderEpoch = this.currentLeaderEpoch
    copy.fetchOffset = this.fetchOffset
    copy.lastFetchedEpoch = this.lastFetchedEpoch
    copy.maxSize = this.maxSize
    copy.partition = this.partition
    copy.toldHighWatermark = this.toldHighWatermark
    copy.toldLogStartOffset = this.toldLogStartOffset
    copy.wasFound = this.wasFound
    return copy
  }

  /** Refused: no offsets go with the error. */
  fail(errorCode: number): void {
    this.errorCode = errorCode
    this.highWatermark = -1
    this.lastStableOffset = -1
    this.logStartOffset = -1
  }

  onProgress(): void {
    this.fetch?.onProgress(this)
  }
}
