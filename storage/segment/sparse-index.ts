// What offset index and time index share: a file of entries of one size, sorted, only ever appended to or cut.
//
//   entries 0 ………………… bufferStart ……… persisted ……… count
//           │ on disk only │ on disk, and in memory │ in memory only │
//
// The entries of an active segment need not reach the disk before the segment is rolled or closed: after an unclean
// stop they are rebuilt from the log. So an append costs no system call. Memory is bounded from outside: IndexMemory
// unloads what was not looked at for long. Kafka preallocates index files and maps them; it takes trimmed ones just
// as well, and of a file that it left preallocated the zeros at the end are no entries.

import type { Disk } from '../../host/disk.ts'
import type { IndexMemory } from '../shared/index-memory.ts'

const EMPTY = new Uint8Array(0)
const NO_VIEW = new DataView(EMPTY.buffer)
const INITIAL_ENTRIES = 16

export abstract class SparseIndex {
  readonly entrySize: number
  readonly baseOffset: number
  protected view: DataView = NO_VIEW
  #path: string
  readonly #disk: Disk
  readonly #memory: IndexMemory
  #buffer: Uint8Array = EMPTY
  #bufferStart = 0
  #persisted = 0
  #count = 0
  #opened = false
  /** The file has more than the persisted entries: cut ones. */
  #hasStaleEnd = false
  /** After a crash it will have the first of its entries, or none, and no others. */
  hasOnlyGrown = true

  constructor(disk: Disk, memory: IndexMemory, path: string, baseOffset: number, entrySize: number) {
    this.#disk = disk
    this.#memory = memory
    this.#path = path
    this.baseOffset = baseOffset
    this.entrySize = entrySize
  }

  get path(): string {
    return this.#path
  }

  get count(): number {
    if (!this.#opened) this.#open()
    return this.#count
  }

  /** Bytes held in memory. */
  get memorySize(): number {
    return this.#buffer.length
  }

  /** The position in `view` of an entry; loads what is only on disk. */
  protected at(index: number): number {
    if (!this.#opened) this.#open()
    // A start asks for the last entry alone.
    if (index < this.#bufferStart) this.#load(index === this.#count - 1 ? index : 0)
    return (index - this.#bufferStart) * this.entrySize
  }

  /** Room for one more entry; the caller fills it in `view` at the position returned. */
  protected grow(): number {
    if (!this.#opened) this.#open()
    const position = (this.#count - this.#bufferStart) * this.entrySize
    if (position + this.entrySize > this.#buffer.length) {
      const capacity = Math.max(INITIAL_ENTRIES * this.entrySize, this.#buffer.length * 2)
      this.#setBuffer(this.#buffer, capacity)
    }
    this.#count++
    return position
  }

  /** There is no file yet, or none that counts. */
  begin(): void {
    this.#opened = true
  }

  /** Forgets all entries, on disk as well at the next flush. */
  reset(): void {
    this.#opened = true
    this.#buffer = EMPTY
    this.view = NO_VIEW
    this.#bufferStart = 0
    this.#count = 0
    this.#persisted = 0
    this.#leaveStaleEnd()
  }

  protected cut(count: number): void {
    if (count >= this.count) return
    if (count < this.#bufferStart) this.#load(0)
    this.#count = count
    if (this.#persisted > count) {
      this.#persisted = count
      this.#leaveStaleEnd()
    }
  }

  #leaveStaleEnd(): void {
    this.#hasStaleEnd = true
    this.hasOnlyGrown = false
  }

  get isFlushed(): boolean {
    return !this.#opened || (this.#persisted === this.#count && !this.#hasStaleEnd)
  }

  /** Brings the file up to date: exactly the entries there are, also when there are none. */
  flush(sync: boolean): void {
    if (!this.#opened) this.#open()
    const file = this.#disk.open(this.#path, 'write')
    try {
      const from = this.#persisted
      // Until it is written wholly: a write that fails may leave a part.
      this.#hasStaleEnd = true
      if (from < this.#count) {
        const start = (from - this.#bufferStart) * this.entrySize
        const end = (this.#count - this.#bufferStart) * this.entrySize
        file.writeSync([this.#buffer.subarray(start, end)], from * this.entrySize)
      }
      // Whatever stands behind was cut, or is preallocated. Only then: a cut waits for the disk, on some for 1 ms.
      if (file.size() !== this.#count * this.entrySize) file.truncate(this.#count * this.entrySize)
      this.#persisted = this.#count
      this.#hasStaleEnd = false
      if (sync) file.syncSync()
    } finally {
      file.close()
    }
  }

  /** Gives the memory back; the entries are read again when needed. */
  unload(): void {
    if (!this.#opened) return
    if (!this.isFlushed) this.flush(false)
    this.#buffer = EMPTY
    this.view = NO_VIEW
    this.#bufferStart = this.#count
  }

  /** The file has been renamed. */
  moved(path: string): void {
    this.#path = path
  }

  #open(): void {
    this.#opened = true
    if (!this.#disk.exists(this.#path)) return
    const file = this.#disk.open(this.#path, 'read')
    try {
      const entry = new Uint8Array(this.entrySize)
      const isZero = (index: number): boolean => {
        file.readSync(entry, index * this.entrySize)
        return entry.every((byte) => byte === 0)
      }
      let count = Math.floor(file.size() / this.entrySize)
      if (count > 0 && isZero(count - 1)) {
        let low = 0
        while (low < count) {
          const middle = (low + count) >>> 1
          if (isZero(middle)) count = middle
          else low = middle + 1
        }
      }
      this.#count = count
      this.#persisted = count
      this.#bufferStart = count
      this.hasOnlyGrown = count * this.entrySize === file.size()
    } finally {
      file.close()
    }
  }

  /** Brings the entries from `from` on into memory. */
  #load(from: number): void {
    const size = (this.#bufferStart - from) * this.entrySize
    const bytes = new Uint8Array(size + this.#buffer.length)
    const file = this.#disk.open(this.#path, 'read')
    try {
      file.readSync(bytes.subarray(0, size), from * this.entrySize)
    } finally {
      file.close()
    }
    bytes.set(this.#buffer, size)
    this.#bufferStart = from
    this.#setBuffer(bytes, bytes.length)
  }

  #setBuffer(content: Uint8Array, capacity: number): void {
    const buffer = content.length === capacity ? content : new Uint8Array(capacity)
    if (buffer !== content) buffer.set(content)
    this.#buffer = buffer
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    this.#memory.touch(this)
  }
}
