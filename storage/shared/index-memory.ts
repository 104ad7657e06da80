// Bounds the memory of all indexes together. What is loaded stands in the order of its last loading or growing; beyond
// the limit the oldest go. One active index alone can take segment.index.bytes.

import { DiskError } from '../../host/disk.ts'

/** An index, as far as its memory goes. */
export interface Unloadable {
  /** Bytes held in memory. */
  readonly memorySize: number
  /** Writes what is in memory alone, and lets go of it. Throws DiskError. */
  unload(): void
}

export class IndexMemory {
  readonly #limit: number
  readonly #sizes = new Map<Unloadable, number>()
  #size = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#size
  }

  touch(index: Unloadable): void {
    const before = this.#sizes.get(index)
    if (before !== undefined) {
      this.#sizes.delete(index)
      this.#size -= before
    }
    this.#sizes.set(index, index.memorySize)
    this.#size += index.memorySize
    if (this.#size <= this.#limit) return
    for (const [oldest, size] of this.#sizes) {
      if (this.#size <= this.#limit || oldest === index) break
      try {
        oldest.unload()
      } catch (error) {
        // A full disk does not take its new entries: they stay in memory, beyond the limit, until it does.
        if (!(error instanceof DiskError)) throw error
        break
      }
      this.#sizes.delete(oldest)
      this.#size -= size
    }
  }

  forget(index: Unloadable): void {
    const size = this.#sizes.get(index)
    if (size === undefined) return
    this.#sizes.delete(index)
    this.#size -= size
  }
}
