// Files of the operating system, through node:fs. Calls with a callback run in libuv's pool.

import {
  close,
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncate,
  ftruncateSync,
  mkdirSync,
  open,
  openSync,
  read,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  unlink,
  writev,
  writevSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { getSystemErrorMap } from 'node:util'
import {
  type DirectoryEntry,
  type Disk,
  type DiskCallback,
  DiskError,
  type DiskErrorReason,
  type DiskFile,
  type DiskLock,
} from '../disk.ts'
import { lockFile } from './lock.ts'

/** IOV_MAX of Linux and macOS: one writev takes no more buffers. */
const maxChunksPerWrite = 1024

const reasons: Readonly<Record<string, DiskErrorReason>> = {
  ENOENT: 'missing',
  ENOTDIR: 'missing',
  EEXIST: 'exists',
  ENOTEMPTY: 'exists',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  EMFILE: 'exhausted',
  ENFILE: 'exhausted',
}

function diskError(path: string, error: unknown): DiskError {
  if (error instanceof DiskError) return error
  if (!(error instanceof Error)) return new DiskError('failed', path, String(error))
  const code = 'code' in error ? String(error.code) : ''
  // Not Node's text, which names the call and the path, in this order or another.
  return new DiskError(reasons[code] ?? 'failed', path, systemText(code) ?? error.message)
}

/** Node builds its map anew at each call, 0.1 ms: too much for files that are often not there. */
let systemTexts: ReadonlyMap<string, string> | null = null

function systemText(code: string): string | null {
  systemTexts ??= new Map([...getSystemErrorMap().values()].map(([name, text]) => [name, `${name}: ${text}`]))
  return systemTexts.get(code) ?? null
}

function attempt<T>(path: string, call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw diskError(path, error)
  }
}

export class RealDisk implements Disk {
  open(path: string, mode: 'read' | 'write'): DiskFile {
    return attempt(path, () => {
      if (mode === 'read') return new RealFile(path, openSync(path, 'r'))
      // No flag of Node's says "read, write, create, keep what is there".
      return new RealFile(path, openSync(path, constants.O_RDWR | constants.O_CREAT))
    })
  }

  exists(path: string): boolean {
    return existsSync(path)
  }

  makeDirectory(path: string): void {
    attempt(path, () => makeWithParents(path))
  }

  list(path: string): DirectoryEntry[] {
    const entries = attempt(path, () => readdirSync(path, { withFileTypes: true }))
    return entries
      .map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }))
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  }

  rename(from: string, to: string): void {
    attempt(from, () => renameSync(from, to))
  }

  remove(path: string): void {
    attempt(path, () => rmSync(path, { force: true }))
  }

  removeLater(path: string, done: DiskCallback): void {
    unlink(path, (failure) => {
      const error = failure === null ? null : diskError(path, failure)
      done(error?.reason === 'missing' ? null : error)
    })
  }

  removeDirectory(path: string): void {
    attempt(path, () => rmSync(path, { force: true, recursive: true }))
  }

  syncDirectory(path: string): void {
    // Windows opens no directories, and journals their entries itself.
    if (process.platform === 'win32') return
    attempt(path, () => {
      const descriptor = openSync(path, 'r')
      try {
        fsyncSync(descriptor)
      } finally {
        closeSync(descriptor)
      }
    })
  }

  syncDirectoryLater(path: string, done: DiskCallback): void {
    if (process.platform === 'win32') {
      setImmediate(done, null)
      return
    }
    open(path, 'r', (failure, descriptor) => {
      if (failure !== null) return done(diskError(path, failure))
      fsync(descriptor, (error) => {
        close(descriptor, () => done(error === null ? null : diskError(path, error)))
      })
    })
  }

  space(path: string): { freeSize: number; totalSize: number } {
    return attempt(path, () => {
      const { bavail, blocks, bsize } = statfsSync(path)
      return { freeSize: bavail * bsize, totalSize: blocks * bsize }
    })
  }

  lock(path: string): DiskLock {
    return attempt(path, () => lockFile(path))
  }
}

/**
 * Not mkdirSync's own `recursive`, which never returns where the parent exists and takes no entries (/proc). Partitions
 * come by the thousand, each new and in a directory that is there: one call then.
 */
function makeWithParents(path: string): void {
  try {
    mkdirSync(path)
    return
  } catch (error) {
    const { reason } = diskError(path, error)
    if (reason !== 'exists' && reason !== 'missing') throw error
  }
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isDirectory()) return
  if (found !== undefined) throw new DiskError('exists', path, 'is a file, and a directory is needed there')
  const parent = dirname(path)
  if (parent !== path) makeWithParents(parent)
  mkdirSync(path)
}

class RealFile implements DiskFile {
  readonly path: string
  #descriptor: number
  #size: number
  /** Calls in the pool. The descriptor is closed after the last: its number may name another file by the next open. */
  #pending = 0
  #isClosed = false

  constructor(path: string, descriptor: number) {
    this.path = path
    this.#descriptor = descriptor
    this.#size = fstatSync(descriptor).size
  }

  size(): number {
    return this.#size
  }

  readSync(target: Uint8Array, position: number): number {
    this.#checkOpen()
    return attempt(this.path, () => {
      let readSize = 0
      while (readSize < target.length) {
        const got = readSync(this.#descriptor, target, readSize, target.length - readSize, position + readSize)
        if (got === 0) break
        readSize += got
      }
      return readSize
    })
  }

  read(target: Uint8Array, position: number, done: (error: DiskError | null, readSize: number) => void): void {
    this.#begin()
    let readSize = 0
    const next = (): void => {
      read(this.#descriptor, target, readSize, target.length - readSize, position + readSize, (error, got) => {
        if (error === null) {
          readSize += got
          if (got > 0 && readSize < target.length) return next()
        }
        this.#end()
        done(error === null ? null : diskError(this.path, error), readSize)
      })
    }
    next()
  }

  writeSync(chunks: readonly Uint8Array[], position: number): void {
    this.#checkOpen()
    let at = position
    try {
      for (let index = 0; index < chunks.length; index += maxChunksPerWrite) {
        let rest: readonly Uint8Array[] = chunks.slice(index, index + maxChunksPerWrite)
        while (rest.length > 0) {
          const written = writevSync(this.#descriptor, rest, at)
          at += written
          rest = dropWritten(rest, written)
        }
      }
      this.#size = Math.max(this.#size, at)
    } catch (error) {
      this.#measure()
      throw diskError(this.path, error)
    }
  }

  write(chunks: readonly Uint8Array[], position: number, done: DiskCallback): void {
    this.#begin()
    let at = position
    let index = Math.min(maxChunksPerWrite, chunks.length)
    let rest: readonly Uint8Array[] = chunks.slice(0, index)
    const next = (): void => {
      writev(this.#descriptor, rest, at, (error, written) => {
        if (error !== null) {
          this.#measure()
          this.#end()
          return done(diskError(this.path, error))
        }
        at += written
        rest = dropWritten(rest, written)
        if (rest.length === 0 && index < chunks.length) {
          rest = chunks.slice(index, index + maxChunksPerWrite)
          index += rest.length
        }
        if (rest.length > 0) return next()
        this.#size = Math.max(this.#size, at)
        this.#end()
        done(null)
      })
    }
    next()
  }

  sync(done: DiskCallback): void {
    this.#begin()
    fdatasync(this.#descriptor, (error) => {
      this.#end()
      done(error === null ? null : diskError(this.path, error))
    })
  }

  syncSync(): void {
    this.#checkOpen()
    attempt(this.path, () => fdatasyncSync(this.#descriptor))
  }

  truncate(size: number): void {
    this.#checkOpen()
    attempt(this.path, () => ftruncateSync(this.#descriptor, size))
    this.#size = size
  }

  truncateLater(size: number, done: DiskCallback): void {
    this.#begin()
    ftruncate(this.#descriptor, size, (error) => {
      if (error === null) this.#size = size
      this.#end()
      done(error === null ? null : diskError(this.path, error))
    })
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#pending === 0) closeSync(this.#descriptor)
  }

  #begin(): void {
    this.#checkOpen()
    this.#pending++
  }

  #end(): void {
    this.#pending--
    if (this.#isClosed && this.#pending === 0) closeSync(this.#descriptor)
  }

  /** After a failed write nobody knows how much of it is in the file. */
  #measure(): void {
    this.#size = attempt(this.path, () => fstatSync(this.#descriptor).size)
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new Error(`${this.path} is used after its close`)
  }
}

/** What is left of chunks after a write that took `written` bytes; empty chunks in front are dropped too. */
function dropWritten(chunks: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let index = 0
  while (index < chunks.length && written >= chunks[index]!.length) written -= chunks[index++]!.length
  if (index === 0 && written === 0) return chunks
  const rest = chunks.slice(index)
  if (written > 0) rest[0] = rest[0]!.subarray(written)
  return rest
}
