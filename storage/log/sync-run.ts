// One sync of one log: its segments written to since the last one, in parallel, with the files beside those that
// ended meanwhile, then the directories that have new names. Done when all are. In nearly all cases that is one file,
// so nothing is made for each but the run itself. What cannot be opened has not been synced, and that is no more than
// that: unlike after a sync that failed, another may bring it to the disk.

import { type Disk, DiskError, type DiskFile } from '../../host/disk.ts'
import type { DirectorySyncs } from '../commit/directory-syncs.ts'
import type { StorageEnvironment } from '../environment.ts'
import { parentOf } from '../file-names.ts'
import type { Segment } from '../segment/segment.ts'
import type { NextCheckpoint } from './leader-epoch-cache.ts'

export class SyncRun {
  /** What is durable when the run ends well. */
  endOffset: number
  error: DiskError | null = null
  readonly segments: readonly Segment[]
  readonly sidePaths: readonly string[]
  directories: readonly string[]
  readonly #disk: Disk
  readonly #directorySyncs: DirectorySyncs
  readonly #done: () => void
  readonly #pinned: Segment[] = []
  #sideFiles: DiskFile[] | null = null
  #epochs: NextCheckpoint | null = null
  #left = 0
  #areFilesSynced = false

  constructor(
    endOffset: number,
    { host, directorySyncs }: Pick<StorageEnvironment, 'host' | 'directorySyncs'>,
    segments: readonly Segment[],
    sidePaths: readonly string[],
    directories: readonly string[],
    done: () => void,
  ) {
    this.endOffset = endOffset
    this.segments = segments
    this.sidePaths = sidePaths
    this.directories = directories
    this.#disk = host.disk
    this.#directorySyncs = directorySyncs
    this.#done = done
  }

  /** The log was truncated meanwhile: what is appended after that is not what is being synced. */
  cap(offset: number): void {
    if (offset < this.endOffset) this.endOffset = offset
  }

  /** The files beside segments are about to be renamed or removed. Their syncs still end. */
  closeSideFiles(): void {
    if (this.#sideFiles !== null) for (const file of this.#sideFiles) file.close()
    this.#sideFiles = null
  }

  /** Before the start: to be synced with the files, and in its place before the directories are. */
  addEpochs(epochs: NextCheckpoint): void {
    this.#epochs = epochs
    const directory = parentOf(epochs.path)
    if (!this.directories.includes(directory)) this.directories = [...this.directories, directory]
  }

  /** The directory belongs to somebody else now. */
  dropEpochs(): void {
    this.#epochs = null
  }

  start(): void {
    // Held until all have started, since the last to end goes on.
    this.#left = 1
    for (const segment of this.segments) this.#syncSegment(segment)
    for (const path of this.sidePaths) this.#syncPath(path)
    if (this.#epochs !== null) this.#syncPath(this.#epochs.path)
    this.#onEnded(null)
  }

  #syncSegment(segment: Segment): void {
    const file = this.#segmentFile(segment)
    if (file === null) return
    segment.pin()
    this.#pinned.push(segment)
    this.#left++
    file.sync(this.#onEnded)
  }

  #segmentFile(segment: Segment): DiskFile | null {
    try {
      return segment.file()
    } catch (error) {
      return this.#notOpened(error)
    }
  }

  #syncPath(path: string): void {
    const file = this.#sideFile(path)
    if (file === null) return
    this.#sideFiles ??= []
    this.#sideFiles.push(file)
    this.#left++
    file.sync(this.#onEnded)
  }

  #sideFile(path: string): DiskFile | null {
    try {
      return this.#disk.open(path, 'write')
    } catch (error) {
      return this.#notOpened(error)
    }
  }

  #notOpened(error: unknown): null {
    if (!(error instanceof DiskError)) throw error
    this.#note(error)
    return null
  }

  readonly #onEnded = (error: DiskError | null): void => {
    if (error !== null) this.#note(error)
    if (--this.#left > 0) return
    if (this.#areFilesSynced) this.#done()
    else this.#filesSynced()
  }

  #filesSynced(): void {
    this.#areFilesSynced = true
    for (const segment of this.#pinned) segment.unpin()
    this.closeSideFiles()
    if (this.error === null) this.#commitEpochs()
    if (this.error === null && this.directories.length > 0) this.#syncDirectories()
    else this.#done()
  }

  #commitEpochs(): void {
    try {
      this.#epochs?.commit()
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      this.postpone(error)
    }
  }

  /** What could not be written or renamed has lost nothing: all of it is tried again. */
  postpone(error: DiskError): void {
    this.#note(new DiskError('exhausted', error.path, error.message))
  }

  /** The names of files whose bytes are on disk: in this order, a name never leads to nothing. */
  #syncDirectories(): void {
    this.#left = this.directories.length
    for (const directory of this.directories) this.#directorySyncs.sync(directory, this.#onEnded)
  }

  /** A failed sync counts more than a file that could not be opened. */
  #note(error: DiskError): void {
    if (this.error === null || this.error.reason === 'exhausted') this.error = error
  }
}
