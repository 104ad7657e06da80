// A disk in memory that knows what a crash would leave of it.
//
// A SimulatedDisk outlives the processes that use it; each process reaches it through a session of its own, which ends
// with the process: its calls with a callback then never call back, those under way have happened in part, and its lock
// is free. Stricter than most real disks, so that code that works here works there: what is not synced may be lost,
// also the name of a new file whose bytes are synced; open files can be neither renamed nor removed (Windows).

import type { Disk, DiskErrorReason } from '../disk.ts'
import { Directory } from './directory.ts'
import { type DiskOperation, type DiskOptions, diskError, type Medium, type Schedule } from './disk-options.ts'
import { find, Session } from './disk-session.ts'
import { FileContent } from './file.ts'
import type { SeededRandom } from './random.ts'

export class SimulatedDisk implements Medium {
  fault: ((operation: DiskOperation, path: string) => DiskErrorReason | null) | null = null
  readonly options: DiskOptions
  readonly random: SeededRandom
  readonly #root = new Directory()
  #session: Session | null = null
  #usedSize = 0

  constructor(random: SeededRandom, options: DiskOptions = {}) {
    this.random = random
    this.options = options
  }

  /** The disk for a new process, which ends the one before. */
  session(schedule: Schedule): Disk {
    this.kill()
    this.#session = new Session(this, this.#root, schedule)
    return this.#session
  }

  /** The process ends at once (kill -9); what it wrote stays, synced or not. */
  kill(): void {
    this.#session?.end()
    this.#session = null
  }

  /** The machine loses power: the process ends, and what was not synced is lost wholly or in part. */
  crash(): void {
    this.kill()
    this.#root.crash(this.random)
    this.#usedSize = usedSize(this.#root)
  }

  /** Damages the medium: the bit stays flipped, synced or not. */
  flipBit(path: string, position: number, bit: number): void {
    this.file(path).flipBit(position, bit)
  }

  /** The content of a file as the running system sees it, for assertions. */
  bytes(path: string): Uint8Array {
    const content = this.file(path)
    const bytes = new Uint8Array(content.size)
    content.read(bytes, 0)
    return bytes
  }

  file(path: string): FileContent {
    const node = find(this.#root, path)
    if (!(node instanceof FileContent)) throw diskError('missing', path)
    return node
  }

  get usedSize(): number {
    return this.#usedSize
  }

  freeSize(): number {
    return Math.max(0, (this.options.capacity ?? Number.MAX_SAFE_INTEGER) - this.#usedSize)
  }

  grow(size: number): void {
    this.#usedSize += size
  }
}

function usedSize(directory: Directory): number {
  let size = 0
  for (const node of directory.nodes()) size += node instanceof Directory ? usedSize(node) : node.allocatedSize
  return size
}
