// An open file of a simulated process.

import type { DiskCallback, DiskError, DiskFile } from '../disk.ts'
import { attempted, type DiskOperation, diskError, type Latency, type Medium } from './disk-options.ts'
import type { FileContent, SyncSnapshot } from './file.ts'

/** The process that has it open, and its disk (disk-session.ts). */
export interface FileSession {
  readonly disk: Medium
  /** Throws what `fault` says for this operation, and a bug's error once the process has ended. */
  check(operation: DiskOperation | null, path: string): void
  /** As check, for calls with a callback. */
  attempt(operation: DiskOperation, path: string): DiskError | null
  later(latency: Latency | undefined, run: () => void): void
  /** `interrupt` is called when the process ends before the write is done. */
  track(interrupt: () => void): () => void
}

export class OpenFile implements DiskFile {
  readonly path: string
  readonly #session: FileSession
  readonly #content: FileContent
  readonly #onClose: () => void
  #isClosed = false
  /** Failed syncs of the file that this handle knows of, or is too young for. */
  #toldCount: number

  constructor(path: string, session: FileSession, content: FileContent, onClose: () => void) {
    this.path = path
    this.#session = session
    this.#content = content
    this.#onClose = onClose
    this.#toldCount = content.failureCount
  }

  size(): number {
    return this.#content.size
  }

  readSync(target: Uint8Array, position: number): number {
    this.#checkOpen()
    this.#session.check('read', this.path)
    return this.#content.read(target, position)
  }

  read(target: Uint8Array, position: number, done: (error: DiskError | null, readSize: number) => void): void {
    this.#checkOpen()
    this.#session.later(this.#session.disk.options.readLatencyMs, () => {
      const error = this.#session.attempt('read', this.path)
      done(error, error === null ? this.#content.read(target, position) : 0)
    })
  }

  writeSync(chunks: readonly Uint8Array[], position: number): void {
    this.#checkOpen()
    const error = this.#write(concatenate(chunks), position)
    if (error !== null) throw error
  }

  write(chunks: readonly Uint8Array[], position: number, done: DiskCallback): void {
    this.#checkOpen()
    const { random } = this.#session.disk
    const untrack = this.#session.track(() => {
      const bytes = concatenate(chunks)
      const size = random.pick([0, bytes.length, random.below(bytes.length + 1)])
      if (size > 0) this.#write(bytes.subarray(0, size), position)
    })
    this.#session.later(this.#session.disk.options.writeLatencyMs, () => {
      untrack()
      done(this.#write(concatenate(chunks), position))
    })
  }

  sync(done: DiskCallback): void {
    this.#checkOpen()
    const snapshot = this.#content.beginSync()
    this.#session.later(this.#session.disk.options.syncLatencyMs, () => {
      done(this.#endSync(snapshot))
    })
  }

  syncSync(): void {
    this.#checkOpen()
    const error = this.#endSync(this.#content.beginSync())
    if (error !== null) throw error
  }

  /** What another handle's sync has lost is told to this one too, once: to the next of its syncs that ends. */
  #endSync(snapshot: SyncSnapshot): DiskError | null {
    const error = this.#session.attempt('sync', this.path)
    if (error === null) this.#content.completeSync(snapshot)
    else this.#content.failSync()
    const isTold = this.#toldCount === this.#content.failureCount
    this.#toldCount = this.#content.failureCount
    return error ?? (isTold ? null : diskError('failed', this.path))
  }

  truncate(size: number): void {
    this.#checkOpen()
    this.#session.check('truncate', this.path)
    const before = this.#content.allocatedSize
    this.#content.truncate(size)
    this.#session.disk.grow(this.#content.allocatedSize - before)
  }

  truncateLater(size: number, done: DiskCallback): void {
    this.#checkOpen()
    this.#session.later(this.#session.disk.options.writeLatencyMs, () => done(attempted(() => this.truncate(size))))
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#onClose()
  }

  /** A write that fails has written a part of its bytes: up to the end of the space, or a random one. */
  #write(bytes: Uint8Array, position: number): DiskError | null {
    const { disk } = this.#session
    let error = this.#session.attempt('write', this.path)
    const size = error === null ? bytes.length : disk.random.below(bytes.length + 1)
    const fittingSize = this.#content.fittingSize(position, size, disk.freeSize())
    if (fittingSize < size) error ??= diskError('full', this.path)
    const before = this.#content.allocatedSize
    this.#content.write(bytes.subarray(0, fittingSize), position)
    disk.grow(this.#content.allocatedSize - before)
    return error
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new Error(`${this.path} is used after its close`)
  }
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}
