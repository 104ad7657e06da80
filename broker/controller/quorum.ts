// Where the metadata log lives, and who may write it. One node's file (local-quorum.ts) now; a consensus engine later,
// behind the same interface: records go in, get offsets, and become committed in order.

import type { VotersRecord } from '../../protocol/messages/control-records.ts'
import type { Input } from '../../protocol/schema.ts'
import type { MetadataImage } from '../metadata/image.ts'
import type { MetadataRecord } from '../metadata/records.ts'

export interface SnapshotId {
  /** The snapshot holds the state of all records below. */
  readonly endOffset: number
  /** Leader epoch of the last of them. */
  readonly epoch: number
}

/** Who votes, as the log says it; a log of a static quorum (kraft.version 0) does not say. */
export interface QuorumVoters {
  readonly kraftVersion: number
  readonly voters: Input<typeof VotersRecord>['voters']
}

export interface QuorumListener {
  /** highWatermark has moved. */
  onCommit(): void
  /** Records from `highWatermark` on are taken back, or (`final`) nothing can be appended any more. */
  onFailed(error: Error, final: boolean): void
}

export type ReadMetadata = (errorCode: number, slices: readonly Uint8Array[]) => void

export interface Quorum {
  readonly nodeId: number
  /** Of this leadership: every batch appended carries it. */
  readonly leaderEpoch: number
  /** Bytes ever appended, as far as this process knows: the log's at its start, and those since. */
  readonly logSize: number
  readonly logStartOffset: number
  readonly logEndOffset: number
  /** What is below is committed: it stays, whatever crashes. */
  readonly highWatermark: number
  readonly latestSnapshot: SnapshotId | null
  /** Who votes, and where it is reached. */
  readonly voters: QuorumVoters
  /** What the cluster was formatted with, as batches; null when that is not known. */
  readonly bootstrapSnapshot: Uint8Array | null
  listener: QuorumListener
  /**
   * Appends the records, all or nothing unless `divisible`, and returns the offset of the last. They are committed when
   * highWatermark has passed it.
   * @throws {NotCommitted} when the log does not take them: none of them is in it then, or the first of the pieces.
   * @throws {TooManyRecords} when they do not fit into one batch, and may not be divided: none of them is in it.
   */
  append(records: readonly MetadataRecord[], divisible: boolean): number
  /** Batches of committed records from `offset` on. */
  read(offset: number, maxSize: number, done: ReadMetadata): void
  /**
   * All batches from `offset` on, committed or not, for the start: a leader goes on from all it has. `onBatches` is
   * called before it returns.
   */
  replay(offset: number, onBatches: (bytes: Uint8Array) => void): void
  /** A snapshot's batches; null when there is none of that id. */
  readSnapshot(id: SnapshotId): Uint8Array | null
  /** Keeps the image, and lets go of what older readers do not need. */
  writeSnapshot(image: MetadataImage, done: (error: Error | null) => void): void
  /** Everything to disk. */
  close(): void
}
