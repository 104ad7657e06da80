// Syncs of directories that many logs share: a log directory, in which thousands of partitions come in one turn. Each
// of their first syncs needs its own name there to be durable; one sync serves all that were added before it began.
//
//   added  added  added   sync ─────────────┐ for all three
//                              added  added  sync ─────────┐ for these: it begins when the one before has ended
//
// A directory that nobody has told of here is synced at each call.

import type { Disk, DiskCallback, DiskError } from '../../host/disk.ts'

interface SharedDirectory {
  /** Has names that no sync which began after them has ended. */
  isDirty: boolean
  isRunning: boolean
  /** For the sync after the one under way. */
  waiting: DiskCallback[]
}

export class DirectorySyncs {
  readonly #disk: Pick<Disk, 'syncDirectoryLater'>
  readonly #shared = new Map<string, SharedDirectory>()

  constructor(disk: Pick<Disk, 'syncDirectoryLater'>) {
    this.#disk = disk
  }

  /** A name has come into it. */
  added(path: string): void {
    const shared = this.#shared.get(path)
    if (shared === undefined) this.#shared.set(path, { isDirty: true, isRunning: false, waiting: [] })
    else shared.isDirty = true
  }

  /** `done` once the names that are in it now are durable: at once when they are. */
  sync(path: string, done: DiskCallback): void {
    const shared = this.#shared.get(path)
    if (shared === undefined) this.#disk.syncDirectoryLater(path, done)
    else if (shared.isRunning) shared.waiting.push(done)
    else if (!shared.isDirty) done(null)
    else this.#start(path, shared, [done])
  }

  #start(path: string, shared: SharedDirectory, waiting: readonly DiskCallback[]): void {
    shared.isRunning = true
    shared.isDirty = false
    this.#disk.syncDirectoryLater(path, (error: DiskError | null) => {
      shared.isRunning = false
      if (error !== null) shared.isDirty = true
      const next = shared.waiting
      shared.waiting = []
      if (next.length > 0 && !shared.isDirty) for (const done of next) done(null)
      else if (next.length > 0) this.#start(path, shared, next)
      for (const done of waiting) done(error)
    })
  }
}
