// Bounds the open segment files of all logs together: a partition at rest holds none. The segment used longest ago
// gives its handle back first; it is opened again when needed. A segment with I/O under way is pinned and keeps it.

export interface FileHolder {
  /** False: I/O is under way. */
  closeFile(): boolean
}

export class OpenFiles {
  readonly #limit: number
  readonly #holders = new Set<FileHolder>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get count(): number {
    return this.#holders.size
  }

  /** `holder` has just opened or used its file. */
  touch(holder: FileHolder): void {
    this.#holders.delete(holder)
    this.#holders.add(holder)
    if (this.#holders.size <= this.#limit) return
    for (const oldest of this.#holders) {
      if (oldest === holder || this.#holders.size <= this.#limit) break
      if (oldest.closeFile()) this.#holders.delete(oldest)
    }
  }

  /** The process has no handle left: some are given back. False: there were none. */
  shed(): boolean {
    const target = Math.floor(this.#holders.size / 2)
    const before = this.#holders.size
    for (const oldest of this.#holders) {
      if (this.#holders.size <= target) break
      if (oldest.closeFile()) this.#holders.delete(oldest)
    }
    return this.#holders.size < before
  }

  forget(holder: FileHolder): void {
    this.#holders.delete(holder)
  }
}
