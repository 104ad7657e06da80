// What a coordinator needs of the partition of an internal topic that it lives on: to append, to learn when an append
// can no longer be lost, and to read the log from the start. broker/replication's Partition fits behind it
// (replica-partition.ts); tests put a log of their own there.

export interface CoordinatorAppend {
  /** NONE, or why nothing was appended. */
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly baseOffset: number
  readonly lastOffset: number
}

export interface CoordinatorPartition {
  readonly leaderEpoch: number
  readonly logStartOffset: number
  readonly logEndOffset: number
  /** Largest batch that the log takes, in bytes. */
  readonly maxBatchSize: number
  /** Appends one batch; its offsets are assigned at once, its bytes belong to the log from now on. */
  append(batch: Uint8Array): CoordinatorAppend
  /**
   * Calls back, now or later, when the high watermark is at `endOffset` or past it, or with the error that prevents it.
   */
  whenCommitted(endOffset: number, done: (errorCode: number) => void): void
  /** Whole batches from the one that holds `offset`, up to the log's end; none at the end. At once or later. */
  read(offset: number, maxSize: number, done: (errorCode: number, chunks: readonly Uint8Array[]) => void): void
}
