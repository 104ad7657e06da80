// The content of one simulated file, twice: as the running system sees it, and as the medium would show it after a loss
// of power. Content is kept in pages; a page that both have in common is shared and copied at the next write to it, so
// that a file extended with zeros (a preallocated index) costs nothing.
//
//   current  ┌────┬────┬────┬────┐   what reads see
//            │ 0  │ 1' │ 2' │ 3' │
//   dirty        └──── 1 2 3 ───┘    pages written since the last sync
//   durable  ┌────┬────┐             what a crash is sure to leave
//            │ 0  │ 1  │
//
// At a crash each sector of each dirty page survives or does not.

import type { SeededRandom } from './random.ts'

const pageSize = 4096

/** What a device writes as one: a write is torn between sectors, never inside one. */
const sectorSize = 512

interface Page {
  readonly bytes: Uint8Array
  /** Shared with the durable side or with a sync under way: to be copied, not written. */
  isShared: boolean
}

export interface SyncSnapshot {
  readonly size: number
  /** null: cut off or a hole, zeros. */
  readonly pages: ReadonlyMap<number, Page | null>
}

export class FileContent {
  #size = 0
  #pages = new Map<number, Page>()
  #durableSize = 0
  #durablePages = new Map<number, Page>()
  #dirty = new Set<number>()
  readonly #syncing = new Set<SyncSnapshot>()
  /** Syncs that have failed. Told once to each handle (open-file.ts). */
  failureCount = 0

  get size(): number {
    return this.#size
  }

  /** Bytes of the device that the content takes: holes take none. */
  get allocatedSize(): number {
    return this.#pages.size * pageSize
  }

  /** How many of `size` bytes to be written at `position` fit when `freeSize` bytes of the device are free. */
  fittingSize(position: number, size: number, freeSize: number): number {
    let freePages = Math.floor(freeSize / pageSize)
    for (let index = Math.floor(position / pageSize); index * pageSize < position + size; index++) {
      if (!this.#pages.has(index) && freePages-- === 0) return Math.max(0, index * pageSize - position)
    }
    return size
  }

  read(target: Uint8Array, position: number): number {
    const end = Math.min(position + target.length, this.#size)
    for (let at = position; at < end; ) {
      const index = Math.floor(at / pageSize)
      const inPage = at - index * pageSize
      const size = Math.min(pageSize - inPage, end - at)
      const page = this.#pages.get(index)
      if (page === undefined) target.fill(0, at - position, at - position + size)
      else target.set(page.bytes.subarray(inPage, inPage + size), at - position)
      at += size
    }
    return Math.max(0, end - position)
  }

  write(bytes: Uint8Array, position: number): void {
    const end = position + bytes.length
    for (let at = position; at < end; ) {
      const index = Math.floor(at / pageSize)
      const inPage = at - index * pageSize
      const size = Math.min(pageSize - inPage, end - at)
      this.#writablePage(index).set(bytes.subarray(at - position, at - position + size), inPage)
      at += size
    }
    if (bytes.length > 0) this.#size = Math.max(this.#size, end)
  }

  truncate(size: number): void {
    if (size < this.#size) {
      const firstCut = Math.ceil(size / pageSize)
      const pages = [...this.#pages.keys()].filter((index) => index >= firstCut)
      for (const index of pages) {
        this.#pages.delete(index)
        this.#dirty.add(index)
      }
      const inPage = size % pageSize
      const last = Math.floor(size / pageSize)
      if (inPage > 0 && this.#pages.has(last)) this.#writablePage(last).fill(0, inPage)
    }
    this.#size = size
  }

  /** What a sync that begins now makes durable when it ends. */
  beginSync(): SyncSnapshot {
    const pages = new Map<number, Page | null>()
    for (const index of this.#dirty) {
      const page = this.#pages.get(index)
      if (page !== undefined) page.isShared = true
      pages.set(index, page ?? null)
    }
    const snapshot = { size: this.#size, pages }
    this.#dirty = new Set()
    this.#syncing.add(snapshot)
    return snapshot
  }

  /** A sync waits for the pages that earlier syncs still write: those are complete too. */
  completeSync(completed: SyncSnapshot): void {
    if (!this.#syncing.has(completed)) return
    for (const snapshot of this.#syncing) {
      this.#syncing.delete(snapshot)
      this.#durableSize = snapshot.size
      for (const [index, page] of snapshot.pages) {
        if (page === null) this.#durablePages.delete(index)
        else this.#durablePages.set(index, page)
      }
      if (snapshot === completed) return
    }
  }

  /**
   * A failed sync: as Linux does, the pages count as written though they are not, and no later sync writes them. Whose
   * pages were lost is not told: all that are under way, also those that another sync waits for.
   */
  failSync(): void {
    this.failureCount++
    this.#syncing.clear()
  }

  flipBit(position: number, bit: number): void {
    for (const pages of [this.#pages, this.#durablePages]) {
      const index = Math.floor(position / pageSize)
      const page = pages.get(index)
      const bytes = page === undefined ? new Uint8Array(pageSize) : page.bytes.slice()
      bytes[position % pageSize]! ^= 1 << bit
      pages.set(index, { bytes, isShared: false })
    }
  }

  /** The power fails: only the durable part is sure to stay, any sector written since may. */
  crash(random: SeededRandom): void {
    const dirty = new Set(this.#dirty)
    for (const snapshot of this.#syncing) for (const index of snapshot.pages.keys()) dirty.add(index)
    const survival = random.pick([0, 1, 0.05, 0.5, 0.95])
    const size = this.#sizeAfterCrash(survival, random)
    const pages = new Map(this.#durablePages)
    for (const index of [...dirty].sort((a, b) => a - b)) {
      const merged = this.#pageAfterCrash(index, survival, random)
      if (merged !== null) pages.set(index, merged)
    }
    this.#pages = pages
    this.#size = size
    this.#dropBeyond(size)
    for (const page of pages.values()) page.isShared = true
    this.#durablePages = new Map(pages)
    this.#durableSize = size
    this.#dirty = new Set()
    this.#syncing.clear()
  }

  #sizeAfterCrash(survival: number, random: SeededRandom): number {
    if (survival === 0) return this.#durableSize
    if (survival === 1) return this.#size
    if (this.#size <= this.#durableSize) return random.pick([this.#size, this.#durableSize])
    const somewhere = random.between(this.#durableSize, this.#size)
    const sectors = Math.max(this.#durableSize, Math.floor(somewhere / sectorSize) * sectorSize)
    return random.pick([this.#size, this.#durableSize, somewhere, sectors])
  }

  #pageAfterCrash(index: number, survival: number, random: SeededRandom): Page | null {
    const durable = this.#durablePages.get(index)
    const current = this.#pages.get(index)
    const bytes = durable === undefined ? new Uint8Array(pageSize) : durable.bytes.slice()
    let survived = false
    for (let sector = 0; sector < pageSize; sector += sectorSize) {
      if (!random.chance(survival)) continue
      // What lies beyond a cut either comes back with the old size or is gone: it does not come back as zeros.
      const end = Math.min(sector + sectorSize, this.#size - index * pageSize)
      if (end <= sector) continue
      survived = true
      if (current === undefined) bytes.fill(0, sector, end)
      else bytes.set(current.bytes.subarray(sector, end), sector)
    }
    return survived ? { bytes, isShared: true } : null
  }

  #dropBeyond(size: number): void {
    for (const [index, page] of this.#pages) {
      const start = index * pageSize
      if (start >= size) this.#pages.delete(index)
      else if (start + pageSize > size) {
        const bytes = page.bytes.slice()
        bytes.fill(0, size - start)
        this.#pages.set(index, { bytes, isShared: true })
      }
    }
  }

  #writablePage(index: number): Uint8Array {
    this.#dirty.add(index)
    const page = this.#pages.get(index)
    if (page !== undefined && !page.isShared) return page.bytes
    const bytes = page === undefined ? new Uint8Array(pageSize) : page.bytes.slice()
    this.#pages.set(index, { bytes, isShared: false })
    return bytes
  }
}
