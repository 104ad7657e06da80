// A clean stop of one log in two halves, so that the syncs of thousands of logs can run in the pool between them.

import type { Disk } from '../../host/disk.ts'
import type { LeaderEpochCache } from './leader-epoch-cache.ts'
import type { LocalLog } from './local-log.ts'
import type { PartitionProducers } from './partition-producers.ts'

export class LogClose {
  /** To be synced before `finish`. */
  readonly paths: readonly string[]
  readonly #local: LocalLog
  readonly #epochs: LeaderEpochCache
  readonly #areEpochsPrepared: boolean
  readonly #directories: string[]

  /** First half: writes what is not written. Throws DiskError. */
  constructor(local: LocalLog, producers: PartitionProducers, epochs: LeaderEpochCache) {
    this.#local = local
    this.#epochs = epochs
    const { paths, directories } = local.prepareClose()
    this.#directories = directories
    producers.snapshotIfLoaded()
    const path = epochs.prepare(local.logEndOffset)
    this.#areEpochsPrepared = path !== null
    this.paths = path === null ? paths : [...paths, path]
  }

  /** Second half. Returns the directories that have yet to be synced. */
  finish(): readonly string[] {
    if (this.#areEpochsPrepared) {
      this.#epochs.commit()
      this.#directories.push(this.#local.directory)
    }
    this.#local.sync.allSynced(this.#local.logEndOffset)
    return this.#directories
  }
}

interface ClosedInHalves {
  prepareClose(): readonly string[]
  finishClose(): readonly string[]
}

/** Both halves, one sync after the other. */
export function closeNow(log: ClosedInHalves, disk: Disk): void {
  for (const path of log.prepareClose()) {
    const file = disk.open(path, 'write')
    file.syncSync()
    file.close()
  }
  for (const directory of log.finishClose()) disk.syncDirectory(directory)
}
