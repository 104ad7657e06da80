// The metadata log of a single node, which is always its leader: a directory `__cluster_metadata-0` in KRaft's format,
// so that Kafka can go on from it, and it from Kafka.
//
//   00000000000000000000.log     batches with the leader epoch; each leadership begins with a LeaderChange record
//   *.checkpoint                 snapshots (snapshot-file.ts); the one of offset 0 is what the cluster began with
//   quorum-state                 JSON: epoch and leader
//
// A record is committed when it is synced, also one that was there at the start: a crash of the process may have left
// it in the page cache only. Appends of one turn, and all that arrive while a sync runs, share the next one. Source:
// KafkaRaftClient, KafkaMetadataLog, FileQuorumStateStore.

import { DiskError } from '../../host/disk.ts'
import { ErrorCode, errorName } from '../../protocol/error-codes.ts'
import { LeaderChangeMessage } from '../../protocol/messages/control-records.ts'
import { viewOf } from '../../protocol/records/batch.ts'
import { buildBatch, type RecordInput } from '../../protocol/records/builder.ts'
import { controlRecord } from '../../protocol/records/control.ts'
import { BatchCursor } from '../../protocol/records/cursor.ts'
import { ZERO_UUID } from '../../protocol/wire.ts'
import { readTextFile, replaceFile } from '../../storage/checkpoint.ts'
import type { StorageEnvironment } from '../../storage/environment.ts'
import { PARTITION_METADATA } from '../../storage/file-names.ts'
import { Log } from '../../storage/log/log.ts'
import { defaultLogConfig, UNLIMITED } from '../../storage/log/log-config.ts'
import { topicIdText } from '../../storage/log/partition-metadata.ts'
import { StorageFault } from '../../storage/storage-fault.ts'
import { NotCommitted, TooManyRecords } from '../metadata/controller-channel.ts'
import type { MetadataImage } from '../metadata/image.ts'
import { recordsOf } from '../metadata/image-records.ts'
import { METADATA_TOPIC, METADATA_TOPIC_ID } from '../metadata/internal-topics.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import { featureRecords } from './bootstrap.ts'
import { checkMetadataLog } from './log-check.ts'
import type { Quorum, QuorumListener, QuorumVoters, ReadMetadata, SnapshotId } from './quorum.ts'
import * as snapshots from './snapshot-file.ts'
import { readVoters } from './voters.ts'

const QUORUM_STATE = 'quorum-state'
/** The snapshot that the storage tool writes before there is a log. */
const BOOTSTRAP_SNAPSHOT: SnapshotId = { endOffset: 0, epoch: 0 }
/** Kafka reads batches of the metadata log of up to 8 MiB. */
const MAX_BATCH_SIZE = 8 * 1024 * 1024
/** Of appends that may be split. */
const RECORDS_PER_BATCH = 2000
const REPLAY_SIZE = 4 * 1024 * 1024
/** The newest, and the one before for readers that are in the middle of it. */
const SNAPSHOTS_KEPT = 2

export interface LocalQuorumOptions {
  readonly environment: StorageEnvironment
  /** Of the metadata log: `<metadata.log.dir>/__cluster_metadata-0`. */
  readonly directory: string
  readonly nodeId: number
  /** Id of the log directory that the metadata log is in. */
  readonly directoryId: string
  /** Where Kafka would reach this controller. */
  readonly controllerEndpoint: { readonly name: string; readonly host: string; readonly port: number }
  readonly cleanShutdown: boolean
  readonly segmentBytes: number
}

const IDLE: QuorumListener = { onCommit() {}, onFailed() {} }

export class LocalQuorum implements Quorum {
  readonly nodeId: number
  readonly leaderEpoch: number
  readonly bootstrapSnapshot: Uint8Array | null
  listener: QuorumListener = IDLE
  readonly #environment: StorageEnvironment
  readonly #directory: string
  readonly #log: Log
  readonly #controllerEndpoint: LocalQuorumOptions['controllerEndpoint']
  #voters: QuorumVoters | null
  #snapshots: SnapshotId[]
  #logSize: number
  #isClosed = false

  static open(options: LocalQuorumOptions): LocalQuorum {
    return new LocalQuorum(options)
  }

  private constructor(options: LocalQuorumOptions) {
    const { environment, directory, nodeId } = options
    const { disk } = environment.host
    this.#environment = environment
    this.#directory = directory
    this.nodeId = nodeId
    this.#controllerEndpoint = options.controllerEndpoint
    disk.makeDirectory(directory)
    snapshots.removePartialSnapshots(disk, directory)
    const config = {
      ...defaultLogConfig,
      segmentBytes: options.segmentBytes,
      maxMessageBytes: MAX_BATCH_SIZE,
      retentionMs: UNLIMITED,
      cleanupPolicy: [],
    }
    const logStartOffset = logStartOf(snapshots.listSnapshots(disk, directory))
    const committedOffset = snapshots.listSnapshots(disk, directory).at(-1)?.endOffset ?? 0
    const { cleanShutdown } = options
    checkMetadataLog(disk, directory, { cleanShutdown, logStartOffset, committedOffset })
    this.#log = Log.open({
      spendsReserve: true,
      environment,
      directory,
      topic: METADATA_TOPIC,
      partition: 0,
      topicId: METADATA_TOPIC_ID,
      config,
      logStartOffset,
      cleanShutdown,
    })
    this.#logSize = this.#log.size
    const isNew = this.#log.logEndOffset === 0
    if (isNew && !disk.exists(`${directory}/${snapshots.snapshotFileName(BOOTSTRAP_SNAPSHOT)}`)) this.#format(options)
    this.#snapshots = this.#soundSnapshots()
    if (this.latestSnapshot === null && this.logStartOffset > 0) {
      const reason = `begins at offset ${this.logStartOffset}, and no sound snapshot holds what was before`
      throw new StorageFault(directory, `${reason}; restore the directory from a copy`)
    }
    this.#startBehindSnapshot()
    this.bootstrapSnapshot = snapshots.readSnapshotFile(disk, directory, BOOTSTRAP_SNAPSHOT)
    this.#voters = readVoters(this.bootstrapSnapshot === null ? [] : [this.bootstrapSnapshot])
    if (!isNew) this.#findVoters()
    this.#refuseOthersVotes()
    this.leaderEpoch = this.#beginEpoch()
    this.#log.listener = {
      onWritten() {},
      onDurable: () => this.#committed(),
      onFailed: (error) => this.listener.onFailed(error, this.#log.isOffline),
    }
    this.#becomeLeader(isNew)
  }

  get logSize(): number {
    return this.#logSize
  }

  get logStartOffset(): number {
    return this.#log.logStartOffset
  }

  get logEndOffset(): number {
    return this.#log.logEndOffset
  }

  get highWatermark(): number {
    return this.#log.highWatermark
  }

  /** A static quorum (kraft.version 0) has its voters in a property, which on one node names this one. */
  get voters(): QuorumVoters {
    if (this.#voters !== null) return this.#voters
    const voter = {
      voterId: this.nodeId,
      voterDirectoryId: ZERO_UUID,
      endpoints: [this.#controllerEndpoint],
      kraftVersionFeature: { minSupportedVersion: 0, maxSupportedVersion: 0 },
    }
    return { kraftVersion: 0, voters: [voter] }
  }

  get latestSnapshot(): SnapshotId | null {
    const latest = this.#snapshots.at(-1)
    // The one of the beginning holds nothing that the log does not.
    return latest === undefined || latest.endOffset === 0 ? null : latest
  }

  append(records: readonly MetadataRecord[], divisible: boolean): number {
    const inputs = records.map(({ bytes }) => ({ key: null, value: bytes }))
    const step = divisible ? RECORDS_PER_BATCH : inputs.length
    let lastOffset = -1
    for (let index = 0; index < inputs.length; index += step) {
      lastOffset = this.#appendBatch(inputs.slice(index, index + step), false)
    }
    return lastOffset
  }

  #appendBatch(records: readonly RecordInput[], control: boolean): number {
    const timestamp = this.#environment.host.clock.now()
    const batch = buildBatch({ leaderEpoch: this.leaderEpoch, timestamp, control, records })
    if (batch.length > MAX_BATCH_SIZE) throw new TooManyRecords(batch.length, MAX_BATCH_SIZE)
    const result = this.#log.append(batch, this.leaderEpoch, 'controller')
    if (result.errorCode !== ErrorCode.NONE) throw new NotCommitted(result.errorMessage ?? '')
    this.#log.requestSync()
    this.#logSize += batch.length
    return result.lastOffset
  }

  #committed(): void {
    this.#log.updateHighWatermark(this.#log.durableEndOffset)
    this.listener.onCommit()
  }

  read(offset: number, maxSize: number, done: ReadMetadata): void {
    this.#log.read(offset, maxSize, this.#log.highWatermark, true, done)
  }

  replay(offset: number, onBatches: (bytes: Uint8Array) => void): void {
    let next = offset
    const end = this.#log.logEndOffset
    while (next < end) {
      const from = next
      this.#log.readSync(from, REPLAY_SIZE, end, true, (errorCode, slices, _size, nextOffset) => {
        if (errorCode !== ErrorCode.NONE) {
          throw new StorageFault(this.#directory, `cannot be read at offset ${from}: ${errorName(errorCode)}`)
        }
        for (const slice of slices) {
          verifyBatches(this.#directory, slice)
          onBatches(slice)
        }
        next = nextOffset
      })
      if (next === from) throw new Error(`assertion: metadata log ends at ${from}, below ${end}`)
    }
  }

  readSnapshot(id: SnapshotId): Uint8Array | null {
    return snapshots.readSnapshotFile(this.#environment.host.disk, this.#directory, id)
  }

  writeSnapshot(image: MetadataImage, done: (error: Error | null) => void): void {
    const { disk, clock } = this.#environment.host
    const id = { endOffset: image.offset + 1, epoch: image.epoch }
    const batches = snapshots.snapshotBatches(recordsOf(image), id.epoch, image.timestamp, clock.now(), this.#voters)
    snapshots.writeSnapshotFile(disk, this.#directory, id, batches, (error) => {
      done(error ?? (this.#isClosed ? null : this.#tryForget(id)))
    })
  }

  /** A disk that does not let go now is asked again after the next snapshot. */
  #tryForget(latest: SnapshotId): DiskError | null {
    try {
      this.#forget(latest)
      return null
    } catch (error) {
      if (error instanceof DiskError) return error
      throw error
    }
  }

  /** Older snapshots go, and with them the part of the log that only they needed. */
  #forget(latest: SnapshotId): void {
    const { disk } = this.#environment.host
    this.#snapshots.push(latest)
    const old = this.#snapshots.filter((one) => one.endOffset > 0).slice(0, -SNAPSHOTS_KEPT)
    for (const id of old) snapshots.removeSnapshotFile(disk, this.#directory, id)
    this.#snapshots = this.#snapshots.filter((one) => !old.includes(one))
    this.#log.deleteRecordsBefore(logStartOf(this.#snapshots))
    // A crash may bring some of the files back; the next start finds in the snapshots' names which of them.
    this.#log.deleteExpired()
    // So that a later snapshot finds a segment that it can let go.
    this.#log.roll()
  }

  close(): void {
    this.#isClosed = true
    try {
      this.#log.close()
    } catch (error) {
      // A full disk must not hold up a stop; what is committed is synced.
      if (!(error instanceof DiskError)) throw error
      const { logger } = this.#environment.host
      logger.error('metadata log could not be closed in order', { error: error.message })
      this.#log.abandon()
    }
  }

  // Starting

  /** What the storage tool writes: the voters and the features of a new cluster. */
  #format(options: LocalQuorumOptions): void {
    const { disk, clock } = this.#environment.host
    const voter = {
      voterId: options.nodeId,
      voterDirectoryId: options.directoryId,
      endpoints: [options.controllerEndpoint],
      kraftVersionFeature: { minSupportedVersion: 0, maxSupportedVersion: 1 },
    }
    const voters = { kraftVersion: 1, voters: [voter] }
    const now = clock.now()
    const batches = snapshots.snapshotBatches(featureRecords(), 0, now, now, voters)
    const name = snapshots.snapshotFileName(BOOTSTRAP_SNAPSHOT)
    replaceFile(disk, this.#directory, name, concat(batches))
    replaceFile(disk, this.#directory, PARTITION_METADATA, topicIdText(METADATA_TOPIC_ID))
  }

  /** A log that was cut below the newest snapshot has nothing that the snapshot lacks, and goes on behind it. */
  #startBehindSnapshot(): void {
    const latest = this.latestSnapshot
    if (latest === null || this.#log.logEndOffset >= latest.endOffset) return
    const { logger } = this.#environment.host
    logger.warn('metadata log ends below its snapshot and begins anew', {
      logEndOffset: this.#log.logEndOffset,
      ...latest,
    })
    this.#log.truncateFullyAndStartAt(latest.endOffset)
  }

  /** By end offset; the newest is one that can be read. A damaged one goes, unless nothing else has what it held. */
  #soundSnapshots(): SnapshotId[] {
    const { disk, logger } = this.#environment.host
    const found = snapshots.listSnapshots(disk, this.#directory)
    const damaged: SnapshotId[] = []
    while (found.length > 0 && snapshots.readSnapshotFile(disk, this.#directory, found.at(-1)!) === null) {
      damaged.push(found.pop()!)
    }
    const isReplaced = found.some(({ endOffset }) => endOffset > 0) || this.logStartOffset === 0
    for (const id of damaged) {
      logger.error('metadata snapshot is damaged', { ...id, isReplaced })
      if (isReplaced) snapshots.removeSnapshotFile(disk, this.#directory, id)
    }
    return found
  }

  /** A new epoch, higher than any that was; durable before anything is written in it. */
  #beginEpoch(): number {
    const { disk } = this.#environment.host
    const text = readTextFile(disk, `${this.#directory}/${QUORUM_STATE}`)
    const epoch =
      Math.max(text === null ? 0 : epochOf(`${this.#directory}/${QUORUM_STATE}`, text), this.#log.latestEpoch, 0) + 1
    const leader = { leaderId: this.nodeId, leaderEpoch: epoch, votedId: -1 }
    const state =
      this.#voters === null
        ? { clusterId: '', ...leader, appliedOffset: 0, currentVoters: [{ voterId: this.nodeId }], data_version: 0 }
        : { ...leader, votedDirectoryId: ZERO_UUID, data_version: 1 }
    replaceFile(disk, this.#directory, QUORUM_STATE, JSON.stringify(state))
    return epoch
  }

  #becomeLeader(isNew: boolean): void {
    const self = [{ voterId: this.nodeId }]
    const message = { version: 0, leaderId: this.nodeId, voters: self, grantingVoters: self }
    const change = controlRecord('leaderChange', LeaderChangeMessage.encodeBytes(message, 0))
    const voters = isNew && this.#voters !== null ? snapshots.voterRecords(this.#voters) : []
    this.#appendBatch([change, ...voters], true)
  }

  /** Voters change by control records in snapshots and in the log; the last one counts. */
  #findVoters(): void {
    const latest = this.latestSnapshot
    const parts: Uint8Array[] = []
    const bytes = latest === null ? null : this.readSnapshot(latest)
    if (bytes !== null) parts.push(bytes)
    const from =
      bytes === null || latest === null ? this.logStartOffset : Math.max(latest.endOffset, this.logStartOffset)
    this.replay(from, (batches) => parts.push(batches))
    this.#voters = readVoters(parts) ?? this.#voters
  }

  /** The directory of one of several voters: alone it would commit what the others do not know of. */
  #refuseOthersVotes(): void {
    const ids = this.voters.voters.map(({ voterId }) => voterId)
    if (ids.every((id) => id === this.nodeId)) return
    const found = `belongs to the quorum of nodes ${ids.join(', ')}, of which one alone must not go on`
    throw new StorageFault(this.#directory, `${found}; remove the others there with kafka-metadata-quorum first`)
  }
}

/** Where the log may begin: at the oldest of the snapshots that are kept, once there are as many. */
function logStartOf(found: readonly SnapshotId[]): number {
  const kept = found.filter((one) => one.endOffset > 0).slice(-SNAPSHOTS_KEPT)
  return kept.length < SNAPSHOTS_KEPT ? 0 : kept[0]!.endOffset
}

function verifyBatches(directory: string, bytes: Uint8Array): void {
  const cursor = new BatchCursor()
  cursor.reset(bytes, viewOf(bytes), 0, bytes.length)
  while (cursor.next()) {
    if (cursor.verifyCrc()) continue
    throw new StorageFault(
      directory,
      `is damaged: the checksum of the batch at offset ${cursor.baseOffset} does not match`,
    )
  }
}

function epochOf(path: string, text: string): number {
  let state: unknown
  try {
    state = JSON.parse(text)
  } catch {
    state = null
  }
  if (typeof state === 'object' && state !== null && 'leaderEpoch' in state && typeof state.leaderEpoch === 'number') {
    return state.leaderEpoch
  }
  // A single node finds the epoch in its log as well.
  throw new StorageFault(path, 'is damaged: it states no leaderEpoch; remove it, and it is made anew from the log')
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0))
  let position = 0
  for (const chunk of chunks) {
    whole.set(chunk, position)
    position += chunk.length
  }
  return whole
}
