// One sync of one log: its segments written to since the last one, in parallel, with the files beside those that
// ended meanwhile, and the directories that have new names. Done when all are.

import type { Disk, DiskError, DiskFile } from '../host/disk.ts'
import type { Segment } from './segment.ts'

export type SyncRunDone = (run: SyncRun, error: Error | null) => void

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
  #error: Error | null = null

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
    for (const segment of this.segments) {
      segment.pin()
      this.#left++
      segment.file().sync((error) => {
        segment.unpin()
        this.#ended(error)
      })
    }
    for (const path of this.sidePaths) this.#syncPath(path)
    this.#ended(null)
  }

  #syncPath(path: string): void {
    let file: DiskFile
    try {
      file = this.#disk.open(path, 'write')
    } catch (error) {
      this.#error ??= error instanceof Error ? error : new Error(String(error))
      return
    }
    this.#left++
    this.#sideFiles.push(file)
    file.sync((error) => {
      file.close()
      this.#ended(error)
    })
  }

  #ended(error: DiskError | null): void {
    this.#error ??= error
    if (--this.#left > 0) return
    if (this.#error === null) {
      try {
        for (const directory of this.directories) this.#disk.syncDirectory(directory)
      } catch (failure) {
        this.#error = failure instanceof Error ? failure : new Error(String(failure))
      }
    }
    this.#done(this, this.#error)
  }
}
