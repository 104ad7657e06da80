// One of the journal's two files: which lap is in it, how far it is written, and which logs need it.

import type { Disk, DiskCallback, DiskError, DiskFile } from '../../host/disk.ts'
import { decodeHead, encodeHead, type JournalHead, SECTOR_SIZE } from './journal-layout.ts'

/** Written at a time while the file is made, each synced before the next: no other sync waits long behind it. */
const FILL_SIZE = 1024 * 1024

export class JournalFile<Log> {
  readonly path: string
  /** 0: none yet. */
  lap = 0
  salt = 0
  /** Where the next record goes. Beyond the end: a lap is to begin before. */
  position = Number.POSITIVE_INFINITY
  /** Up to where logs rely on it: gone when their own files are synced up to there. */
  readonly ends = new Map<Log, number>()
  readonly #disk: Disk
  #file: DiskFile | null = null
  /**
   * For what makes it longer, beside the records: that something was lost is told once to each handle, to whichever of
   * its syncs asks first (Linux), and a record must not count as synced because the filling was told.
   */
  #filler: DiskFile | null = null
  /** For the same reason: for syncs that run beside another one. */
  #syncer: DiskFile | null = null
  #size = 0
  #isHeadDue = false
  /** Its head says that it counts. */
  #isInUse = false
  #isClosed = false
  /** Calls in the pool, and who waits until there are none. */
  #underWay = 0
  readonly #onQuiet: (() => void)[] = []

  constructor(disk: Disk, path: string) {
    this.#disk = disk
    this.path = path
  }

  get exists(): boolean {
    return this.#file !== null || this.#disk.exists(this.path)
  }

  get isInUse(): boolean {
    return this.#isInUse
  }

  /** For good. What the pool was writing may still come to it. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  get size(): number {
    if (this.exists) this.#open()
    return this.#size
  }

  #open(): DiskFile {
    if (this.#file !== null) return this.#file
    // It may be another broker's by now.
    if (this.#isClosed) throw new Error(`assertion: ${this.path} is used after its close`)
    this.#file = this.#disk.open(this.path, 'write')
    this.#size = this.#file.size()
    return this.#file
  }

  /** At a start. */
  readHead(): void {
    const bytes = new Uint8Array(SECTOR_SIZE)
    const head = decodeHead(bytes.subarray(0, this.#open().readSync(bytes, 0)))
    if (head === null) return
    this.lap = head.lap
    this.salt = head.salt
    this.#isInUse = head.isInUse
  }

  readAll(): Uint8Array {
    const bytes = new Uint8Array(this.size)
    return bytes.subarray(0, this.#open().readSync(bytes, 0))
  }

  get #head(): JournalHead {
    return { lap: this.lap, salt: this.salt, isInUse: this.#isInUse }
  }

  /** What stands in it counts no more once the first record of the lap is synced. Throws DiskError. */
  beginLap(lap: number, salt: number): void {
    // Before anything of the lap is written: a handle is not told of what was lost before it was opened.
    this.#syncer ??= this.#disk.open(this.path, 'write')
    this.lap = lap
    this.salt = salt
    this.position = SECTOR_SIZE
    this.#isInUse = true
    this.#isHeadDue = true
  }

  /** Durable at return. Throws DiskError. */
  makeVoid(): void {
    this.#open().writeSync([encodeHead({ lap: this.lap, salt: this.salt, isInUse: false })], 0)
    this.#open().syncSync()
    this.position = Number.POSITIVE_INFINITY
    this.#isInUse = false
  }

  /** In the file at return, with the head of a new lap; not synced. Throws DiskError. */
  write(record: Uint8Array): void {
    const { position } = this
    this.position += record.length
    this.#writeHead()
    this.#open().writeSync([record], position)
  }

  /** As `write`, in the pool. */
  writeLater(record: Uint8Array, done: DiskCallback): void {
    const { position } = this
    this.position += record.length
    this.#writeHead()
    this.#open().write([record], position, this.#counted(done))
  }

  #writeHead(): void {
    if (!this.#isHeadDue) return
    this.#open().writeSync([encodeHead(this.#head)], 0)
    this.#isHeadDue = false
  }

  /** `index`: one of two that may run at one time. */
  sync(index: number, done: DiskCallback): void {
    const file = index > 0 && this.#syncer !== null ? this.#syncer : this.#open()
    file.sync(this.#counted(done))
  }

  #counted(done: DiskCallback): DiskCallback {
    this.#underWay++
    return (error) => {
      this.#underWay--
      done(error)
      if (this.#underWay === 0) for (const onQuiet of this.#onQuiet.splice(0)) onQuiet()
    }
  }

  /** The pool is done with it. After `close` it stays so. */
  async quiet(): Promise<void> {
    if (this.#underWay > 0) await new Promise<void>((resolve) => this.#onQuiet.push(resolve))
  }

  syncSync(): void {
    this.#open().syncSync()
  }

  /** To be filled anew. Throws DiskError. */
  empty(): void {
    this.#open().truncate(0)
    this.#size = 0
  }

  /**
   * More of the zeros that make it `size` long, on the device at `done`: what is written over them commits no size or
   * block. Throws DiskError.
   */
  fill(size: number, done: (error: DiskError | null, isWritten: boolean) => void): void {
    const position = this.size
    this.#filler ??= this.#disk.open(this.path, 'write')
    const filler = this.#filler
    const zeros = new Uint8Array(Math.min(FILL_SIZE, Math.ceil(size / 2), size - position))
    const synced = (error: DiskError | null): void => {
      if (this.#filler !== filler) return
      if (error === null) this.#size = position + zeros.length
      if (this.#size === size) this.#closeFiller()
      done(error, true)
    }
    const written = (error: DiskError | null): void => {
      // Closed meanwhile.
      if (this.#filler !== filler) return
      if (error === null) filler.sync(this.#counted(synced))
      else done(error, false)
    }
    filler.write([zeros], position, this.#counted(written))
  }

  #closeFiller(): void {
    this.#filler?.close()
    this.#filler = null
  }

  close(): void {
    this.#isClosed = true
    this.#closeFiller()
    this.#syncer?.close()
    this.#file?.close()
    this.#syncer = null
    this.#file = null
    this.#size = 0
  }

  remove(): void {
    this.close()
    this.#isInUse = false
    this.position = Number.POSITIVE_INFINITY
    this.#disk.remove(this.path)
  }
}
