// A file that is there to be removed: on a full disk it makes room for what the metadata log has to write, so that
// topics can be deleted and settings changed just then.
//
//   kept ── the metadata log finds no room: the file goes, its bytes are free ──► out: the logs refuse appends
//     ▲                                                                             │ deletions, the operator
//     └──────────────── there is room again, the file is written anew ◀─────────────┘
//
// While it is out nobody but the metadata log may use its bytes. It is written, not only made longer: a hole would keep
// nothing. None is kept on a disk in memory, which is never full.

import { DiskError, type DiskFile } from '../../host/disk.ts'
import type { Host, Timer } from '../../host/host.ts'
import { join, parentOf } from '../file-names.ts'

const NAME = '.milena-reserve'
/** A metadata record takes some hundred bytes, a checkpoint of 10,000 partitions 300 KB. */
const SIZE = 1024 * 1024
/** Free besides, before it is written: else it would be what fills the disk. */
const MIN_FREE_SIZE = 4 * SIZE
const LARGEST_DISK = 2 ** 50
const CHECK_MS = 1000

export class DiskReserve {
  readonly #host: Host
  #directory: string | null = null
  #isKept = false
  #isBeingWritten = false
  #timer: Timer | null = null
  /** Given away: nothing but metadata is written until it is back. */
  isOut = false

  constructor(host: Host) {
    this.#host = host
  }

  /** From now on, in this log directory. */
  protect(directory: string): void {
    const { disk } = this.#host
    this.#directory = directory
    this.#isKept = disk.exists(this.#path)
    const { freeSize } = disk.space(directory)
    if (this.#isKept || freeSize > LARGEST_DISK) return
    this.isOut = freeSize < MIN_FREE_SIZE
    if (this.isOut) this.#host.logger.error('the disk is full: nothing is appended', { directory, freeSize })
    this.#restore()
  }

  covers(logDirectory: string): boolean {
    return parentOf(logDirectory) === this.#directory
  }

  /** False: there was nothing to give. */
  release(): boolean {
    if (!this.#isKept) return false
    this.#isKept = false
    this.isOut = true
    this.#host.logger.error(
      'the disk is full: the reserve is given away, and nothing is appended until there is room',
      {
        directory: this.#directory,
      },
    )
    this.#later()
    try {
      this.#host.disk.remove(this.#path)
      return true
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      return false
    }
  }

  stop(): void {
    this.#timer?.cancel()
    this.#directory = null
  }

  get #path(): string {
    return join(this.#directory ?? '', NAME)
  }

  #later(): void {
    this.#timer?.cancel()
    this.#timer = this.#host.timers.after(CHECK_MS, () => this.#restore())
  }

  #restore(): void {
    if (this.#directory === null || this.#isKept || this.#isBeingWritten) return
    const { disk } = this.#host
    try {
      if (disk.space(this.#directory).freeSize < MIN_FREE_SIZE) {
        this.#later()
        return
      }
      const file = disk.open(this.#path, 'write')
      this.#isBeingWritten = true
      // In the pool: a start does not wait for it.
      file.write([new Uint8Array(SIZE)], 0, (error) => {
        if (error === null) file.sync((failure) => this.#written(file, failure))
        else this.#written(file, error)
      })
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      this.#later()
    }
  }

  #written(file: DiskFile, error: DiskError | null): void {
    file.close()
    this.#isBeingWritten = false
    if (this.#directory === null) return
    if (error !== null) {
      this.#later()
      return
    }
    this.#isKept = true
    if (this.isOut) this.#host.logger.info('there is room on the disk again', { directory: this.#directory })
    this.isOut = false
  }
}
