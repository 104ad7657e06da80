// A disk: files that are read and written by position, and directories.
//
// Two kinds of call. Rare or cheap ones (open, rename, list, a small read) are synchronous and throw DiskError. Those
// that may wait for the device (a sync, a cold read, a large write, a removal) take a callback and run in the host's
// pool; a callback never runs inside the call that was given it. What is written is durable only after a
// sync of the file, and a new, renamed or removed name only after a sync of its directory.

export interface Disk {
  /** `read`: must exist. `write`: read and write, created when missing. */
  open(path: string, mode: 'read' | 'write'): DiskFile
  exists(path: string): boolean
  /** Creates missing parents too; no error when it exists. */
  makeDirectory(path: string): void
  /** Names in a directory, sorted; throws DiskError 'missing' when there is none. */
  list(path: string): DirectoryEntry[]
  /** Replaces `to` atomically. Never of an open file (Windows). */
  rename(from: string, to: string): void
  /** Removes a file; no error when it is missing. */
  remove(path: string): void
  /** As remove, in the pool. */
  removeLater(path: string, done: DiskCallback): void
  /** Removes a directory with all that is in it; no error when it is missing. */
  removeDirectory(path: string): void
  syncDirectory(path: string): void
  /** As syncDirectory, of the names there were at the call, in the pool. */
  syncDirectoryLater(path: string, done: DiskCallback): void
  /** Bytes free for new data, and of the whole file system. */
  space(path: string): { readonly freeSize: number; readonly totalSize: number }
  /**
   * Takes the exclusive lock that keeps two brokers off one directory; throws DiskError 'locked' when another process
   * holds it.
   */
  lock(path: string): DiskLock
}

export interface DirectoryEntry {
  readonly name: string
  readonly isDirectory: boolean
}

export interface DiskLock {
  release(): void
}

export type DiskCallback = (error: DiskError | null) => void

export interface DiskFile {
  readonly path: string
  /** Bytes, as last written or truncated through this handle (or as found at open). */
  size(): number
  /** Fills `target` from `position`; returns the bytes read, fewer than asked only at the file's end. */
  readSync(target: Uint8Array, position: number): number
  read(target: Uint8Array, position: number, done: (error: DiskError | null, readSize: number) => void): void
  /** Writes all chunks in order from `position`, or throws. */
  writeSync(chunks: readonly Uint8Array[], position: number): void
  /** As writeSync. The chunks must not change before `done`. */
  write(chunks: readonly Uint8Array[], position: number, done: DiskCallback): void
  /** fdatasync: what was written before the call is durable at `done`. */
  sync(done: DiskCallback): void
  syncSync(): void
  /** Cuts, or extends with zeros. */
  truncate(size: number): void
  /** As truncate, in the pool. */
  truncateLater(size: number, done: DiskCallback): void
  /** Idempotent. */
  close(): void
}

/** `exhausted`: too many files are open. Nothing has happened, and it may pass. */
export type DiskErrorReason = 'missing' | 'exists' | 'full' | 'locked' | 'denied' | 'exhausted' | 'failed'

export class DiskError extends Error {
  readonly reason: DiskErrorReason
  readonly path: string
  constructor(reason: DiskErrorReason, path: string, message: string) {
    super(`${path}: ${message}`)
    this.name = 'DiskError'
    this.reason = reason
    this.path = path
  }
}
