// A disk as slow as a test wants it: real files behind a model of a page cache and of a device that takes `rate` bytes
// a second.
//
//   write ──► page cache ── rate ──► device       a write waits while more than DIRTY_LIMIT lies in between,
//                                                 a sync until all that was written to its file is through
//
// As in a kernel, which throttles whoever dirties pages: a synchronous write that must wait blocks its thread, for as
// long as its own bytes take and not for those of others. What is written is in the real file at once.

import type { Disk, DiskFile } from '../../host/disk.ts'

/** Of a small machine: vm.dirty_bytes is a share of memory. */
const DIRTY_LIMIT = 64 * 1024 * 1024

class Device {
  readonly #bytesPerMs: number
  /** performance.now() at which everything written is through. */
  #freeAt = 0

  constructor(rate: number) {
    this.#bytesPerMs = rate / 1000
  }

  /** Takes the bytes of a write; returns when they are through. */
  take(size: number): number {
    this.#freeAt = Math.max(this.#freeAt, performance.now()) + size / this.#bytesPerMs
    return this.#freeAt
  }

  /** How long a write has to wait for room in the page cache. */
  waitMs(): number {
    return this.#freeAt - performance.now() - DIRTY_LIMIT / this.#bytesPerMs
  }

  /** The same of one that blocks its thread. */
  blockMs(size: number): number {
    return Math.min(this.waitMs(), size / this.#bytesPerMs)
  }
}

/** The files of `disk` are made slow as they are opened. `rate` in bytes per second. */
export function slowDisk(disk: Disk, rate: number): Disk {
  const device = new Device(rate)
  const open = disk.open.bind(disk)
  disk.open = (path, mode) => slowFile(open(path, mode), device)
  return disk
}

function slowFile(file: DiskFile, device: Device): DiskFile {
  let cleanAt = 0
  const writeSync = file.writeSync.bind(file)
  file.writeSync = (chunks, position) => {
    const size = sizeOf(chunks)
    block(device.blockMs(size))
    cleanAt = device.take(size)
    writeSync(chunks, position)
  }
  const write = file.write.bind(file)
  file.write = (chunks, position, done) => {
    const waitMs = device.waitMs()
    cleanAt = device.take(sizeOf(chunks))
    write(chunks, position, (error) => later(waitMs, () => done(error)))
  }
  const sync = file.sync.bind(file)
  file.sync = (done) => {
    const waitMs = cleanAt - performance.now()
    sync((error) => later(waitMs, () => done(error)))
  }
  const syncSync = file.syncSync.bind(file)
  file.syncSync = () => {
    block(cleanAt - performance.now())
    syncSync()
  }
  return file
}

function sizeOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((size, chunk) => size + chunk.length, 0)
}

function later(delayMs: number, run: () => void): void {
  if (delayMs > 0) setTimeout(run, delayMs)
  else run()
}

function block(delayMs: number): void {
  if (delayMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delayMs)
}
