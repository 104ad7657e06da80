// One sync of one log: its segments written to since the last one, in parallel, with the files beside those that
// ended meanwhile, then the directories that have new names. Done when all are. What cannot be opened has not been
// synced, and that is no more than that: unlike after a sync that failed, another may bring it to the disk.

import { type Disk, DiskError, type DiskFile } from '../host/disk.ts'
import type { Segment } from './segment.ts'

export type SyncRunDone = (run: SyncRun, error: DiskError | null) => void

export class SyncRun {
  /** What is durable when the run ends well. */
  endOffset: number
  readonly #disk: Disk
  readonly segments: readonly Segment[]
  readonly sidePaths: readonly string[]
  readonly directories: readonly string[]
  readonly #done: SyncRunDone
  readonly #sideFiles: DiskFile[] = []
  #left = 0
  #error: DiskError | null = null

  constructor(
    endOffset: number,
    disk: Disk,
    segments: readonly Segment[],
    sidePaths: readonly string[],
    directories: readonly string[],
    done: SyncRunDone,
  ) {
    this.endOffset = endOffset
    this.#disk = disk
    this.segments = segments
    this.sidePaths = sidePaths
    this.directories = directories
    this.#done = done
  }

  /** The log was truncated meanwhile: what is appended after that is not what is being synced. */
  cap(offset: number): void {
    if (offset < this.endOffset) this.endOffset = offset
  }

  /** The files beside segments are about to be renamed or removed. Their syncs still end. */
  closeSideFiles(): void {
    for (const file of this.#sideFiles) file.close()
    this.#sideFiles.length = 0
  }

  start(): void {
    // Held until all have started, since the last to end reports.
    this.#left = 1
    for (const segment of this.segments) this.#syncSegment(segment)
    for (const path of this.sidePaths) this.#syncPath(path)
    this.#ended(null, this.#syncDirectories)
  }

  #syncSegment(segment: Segment): void {
    const file = this.#opened(() => segment.file())
    if (file === null) return
    segment.pin()
    this.#left++
    file.sync((error) => {
      segment.unpin()
      this.#ended(error, this.#syncDirectories)
    })
  }

  #syncPath(path: string): void {
    const file = this.#opened(() => this.#disk.open(path, 'write'))
    if (file === null) return
    this.#left++
    this.#sideFiles.push(file)
    file.sync((error) => {
      file.close()
      this.#ended(error, this.#syncDirectories)
    })
  }

  #opened(open: () => DiskFile): DiskFile | null {
    try {
      return open()
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      this.#note(error)
      return null
    }
  }

  /** The names of files whose bytes are on disk: in this order, a name never leads to nothing. */
  readonly #syncDirectories = (): void => {
    this.#left = 1
    if (this.#error === null) {
      for (const directory of this.directories) {
        this.#left++
        this.#disk.syncDirectoryLater(directory, (error) => this.#ended(error, this.#report))
      }
    }
    this.#ended(null, this.#report)
  }

  readonly #report = (): void => this.#done(this, this.#error)

  #ended(error: DiskError | null, then: () => void): void {
    if (error !== null) this.#note(error)
    if (--this.#left === 0) then()
  }

  /** A failed sync counts more than a file that could not be opened. */
  #note(error: DiskError): void {
    if (this.#error === null || this.#error.reason === 'exhausted') this.#error = error
  }
}
