// What all logs of a broker share: the host, and the bounds that hold for all of them together.

import type { Host } from '../host/host.ts'
import { DirectorySyncs } from './commit/directory-syncs.ts'
import { GroupCommit } from './commit/group-commit.ts'
import { TurnWriter, UNBOUNDED, type UnwrittenMemory } from './commit/turn-writer.ts'
import { DiskReserve } from './shared/disk-reserve.ts'
import { FileRemovals } from './shared/file-removal.ts'
import { IndexMemory } from './shared/index-memory.ts'
import { OpenFiles } from './shared/open-files.ts'
import { ReadPlace } from './shared/read-place.ts'
import { TailCache } from './shared/tail-cache.ts'

export interface StorageOptions {
  /** Bytes of recently appended batches kept for consumers at the end of a log. */
  readonly tailCacheSize: number
  /** Bytes of index entries in memory. */
  readonly indexMemorySize: number
  /** Of segments. Far below what a process is commonly allowed (4,096 and more), since clients' sockets need theirs. */
  readonly maxOpenFiles: number
  /** Syncs under way at once; the pool that the command starts has 64 threads, and cold reads and writes need some. */
  readonly maxConcurrentSyncs: number
  /** A write that takes as long has waited for the device: then the pool writes for a while, not the event loop. */
  readonly slowWriteMs: number
  /** Of one log, in bytes; less than that waits for the device too seldom. */
  readonly poolWriteFromSize: number
  /** producer.id.expiration.ms, which may change while the logs are open. */
  producerIdExpirationMs: number
  /** milena.journal.size, of each log directory; 0: none. */
  readonly journalSize: number
  /** It is begun when as many syncs have been waited for that it could have spared. */
  readonly journalAfterSyncs: number
  /** From so many bytes on, what waits is written and synced while the record before it is. */
  readonly journalBesideSize: number
}

const defaultStorageOptions: StorageOptions = {
  tailCacheSize: 64 * 1024 * 1024,
  indexMemorySize: 64 * 1024 * 1024,
  maxOpenFiles: 1024,
  maxConcurrentSyncs: 48,
  slowWriteMs: 10,
  poolWriteFromSize: 128 * 1024,
  producerIdExpirationMs: 86_400_000,
  journalSize: 0,
  journalAfterSyncs: 20,
  journalBesideSize: 16 * 1024,
}

export interface StorageEnvironment {
  readonly host: Host
  readonly options: StorageOptions
  readonly files: OpenFiles
  readonly indexMemory: IndexMemory
  readonly tailCache: TailCache
  readonly reads: ReadPlace
  readonly writer: TurnWriter
  readonly commits: GroupCommit
  readonly directorySyncs: DirectorySyncs
  readonly reserve: DiskReserve
  readonly removals: FileRemovals
  /** Directories of logs that are open, or that could not be closed in order. */
  readonly unclosed: Set<string>
}

export function createStorageEnvironment(
  host: Host,
  overrides: Partial<StorageOptions> = {},
  unwritten: UnwrittenMemory = UNBOUNDED,
): StorageEnvironment {
  const options = { ...defaultStorageOptions, ...overrides }
  const commits = new GroupCommit(host.timers, options.maxConcurrentSyncs)
  return {
    host,
    options,
    files: new OpenFiles(options.maxOpenFiles),
    indexMemory: new IndexMemory(options.indexMemorySize),
    tailCache: new TailCache(options.tailCacheSize),
    reads: new ReadPlace(host),
    writer: new TurnWriter(commits, host.clock, options, unwritten),
    commits,
    directorySyncs: new DirectorySyncs(host.disk),
    reserve: new DiskReserve(host),
    removals: new FileRemovals(host),
    unclosed: new Set(),
  }
}
