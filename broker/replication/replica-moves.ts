// The moves of partitions between log directories that are under way (KIP-113), and where those are to begin that are
// not here yet. One at a time of each partition; another wish for it takes the place of the first.

import { DiskError } from '../../host/disk.ts'
import type { Host } from '../../host/host.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { LogDirectory } from '../../storage/directory/log-directory.ts'
import { parsePartitionDirectory } from '../../storage/file-names.ts'
import type { Partition } from './partition.ts'
import { ReplicaMove } from './replica-move.ts'

/** Between two pieces of a copy, for those who wait for an answer. */
const PAUSE_MS = 1
/** Copied at once, at most; of a throttled move no more than a second's worth. */
const PIECE_SIZE = 1024 * 1024
/** Wishes for partitions that are not here: a client may send any. */
const MAX_PREFERRED = 10_000

export class ReplicaMoves {
  readonly #host: Host
  readonly #directories: readonly LogDirectory[]
  readonly #onMoved: (partition: Partition, directory: LogDirectory) => void
  readonly #bytesPerSecond: () => number
  /** What has been copied is paid for by then. */
  #paidMs = 0
  readonly #moves = new Map<Partition, ReplicaMove>()
  readonly #preferred = new Map<string, LogDirectory>()

  constructor(
    host: Host,
    directories: readonly LogDirectory[],
    onMoved: (partition: Partition, directory: LogDirectory) => void,
    bytesPerSecond: () => number,
  ) {
    this.#host = host
    this.#bytesPerSecond = bytesPerSecond
    this.#directories = directories
    this.#onMoved = onMoved
  }

  values(): IterableIterator<ReplicaMove> {
    return this.#moves.values()
  }

  /** All moves together copy replica.alter.log.dirs.io.max.bytes.per.second. */
  get pieceSize(): number {
    return Math.min(PIECE_SIZE, Math.max(1, this.#bytesPerSecond()))
  }

  /** How long to wait after so many bytes. */
  pauseAfter(size: number): number {
    const now = this.#host.clock.monotonic()
    this.#paidMs = Math.max(this.#paidMs, now) + (size * 1000) / Math.max(1, this.#bytesPerSecond())
    return Math.max(PAUSE_MS, this.#paidMs - now)
  }

  /** Where a partition that is created is wanted. */
  preferred(topic: string, index: number): LogDirectory | undefined {
    const directory = this.#preferred.get(`${topic}-${index}`)
    return directory?.isOffline ? undefined : directory
  }

  prefer(topic: string, index: number, target: LogDirectory): void {
    if (this.#preferred.size < MAX_PREFERRED) this.#preferred.set(`${topic}-${index}`, target)
  }

  /** An error code. Where its log is in the directory already, a move to another one ends. */
  begin(partition: Partition, target: LogDirectory): number {
    const source = this.#directories.find(
      (directory) => directory.log(partition.topic, partition.index) === partition.log,
    )
    if (source === undefined || source.isOffline || target.isOffline) return ErrorCode.KAFKA_STORAGE_ERROR
    if (this.#moves.get(partition)?.target === target) return ErrorCode.NONE
    this.cancel(partition)
    if (source === target) return ErrorCode.NONE
    try {
      const move = new ReplicaMove(this.#host, partition, source, target, this, this.#ended)
      this.#moves.set(partition, move)
      move.start()
      return ErrorCode.NONE
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      this.#host.logger.error('a log cannot begin to move', { path: target.path, error: error.message })
      return ErrorCode.KAFKA_STORAGE_ERROR
    }
  }

  readonly #ended = (move: ReplicaMove, isMoved: boolean): void => {
    if (this.#moves.get(move.partition) === move) this.#moves.delete(move.partition)
    if (isMoved) this.#onMoved(move.partition, move.target)
  }

  /** What a broker before had begun begins anew. */
  resume(find: (topic: string, index: number) => Partition | undefined): void {
    for (const target of this.#directories) {
      for (const [name, log] of [...target.futures.logs]) {
        const parsed = log === null ? parsePartitionDirectory(name) : null
        const partition = parsed === null ? undefined : find(parsed.topic, parsed.partition)
        if (partition !== undefined) this.begin(partition, target)
      }
    }
  }

  cancel(partition: Partition): void {
    this.#moves.get(partition)?.cancel('it is wanted elsewhere, or not at all')
  }

  directoryFailed(directory: LogDirectory): void {
    for (const move of [...this.#moves.values()]) {
      if (move.isOf(directory)) move.cancel(`${directory.path} has failed`)
    }
  }

  stop(): void {
    for (const move of [...this.#moves.values()]) move.stop()
  }
}
