// Memory for the bytes of batches on their way from a socket to the disk and to consumers, used again and again
// instead of collected: a page that is touched for the first time costs more than all that is then done to its bytes
// (measured: up to 5 ms a MiB).
//
//   socket ──► frame ──► pending write ──► tail ──► answer ──► socket        each holds the bytes, then lets go
//
//   slab   │ frame a │ frame b │ frame c │ ······· │     shared by what was cut from it; free when the last has let go
//
// The rule: who keeps bytes beyond the call that it was given them in holds them, and lets go of them once. To hold
// too long costs memory, which the collector finds; to let go too early would mix up the bytes of clients, so tests
// and the simulation run with `poisons`. Bytes of other memory may be held and let go like these: nothing happens.

const MIN_SIZE = 64 * 1024

/** What small pieces are cut from. */
const SLAB_SIZE = 1024 * 1024
/** A larger piece gets memory of its own: cut from a slab, it would leave too much of it unused. */
const MAX_CUT_SIZE = SLAB_SIZE / 4
const ALIGNMENT = 8
const POISON = 0xdb

class Slab extends ArrayBuffer {
  readonly home: SlabPool
  holds = 0

  constructor(home: SlabPool, size: number) {
    super(size)
    this.home = home
  }
}

/** The bytes stay as they are until they are let go of once more. */
export function hold(bytes: Uint8Array): void {
  const memory = bytes.buffer
  if (memory instanceof Slab) memory.holds++
}

/** The bytes are not looked at any more by the one who lets go of them. */
export function letGo(bytes: Uint8Array): void {
  const memory = bytes.buffer
  if (memory instanceof Slab) letGoOf(memory)
}

/** Of a pool, so that holding it costs no more than what was cut from it lately. */
export function isPooled(bytes: Uint8Array): boolean {
  return bytes.buffer instanceof Slab
}

export function letGoOfAll(chunks: readonly Uint8Array[]): void {
  for (let index = 0; index < chunks.length; index++) letGo(chunks[index]!)
}

function letGoOf(slab: Slab): void {
  slab.holds--
  if (slab.holds > 0) return
  if (slab.holds < 0) throw new Error(`assertion: bytes of a slab of ${slab.byteLength} are let go of twice`)
  slab.home.free(slab)
}

/** Free memory of one size. */
interface FreeList {
  readonly slabs: Slab[]
  /** How many have lain here all the time since the last `trim`. */
  idleCount: number
}

export class SlabPool {
  readonly #keepSize: number
  readonly #poisons: boolean
  /** By size, a power of two each. */
  readonly #free = new Map<number, FreeList>()
  #freeSize = 0
  #current: Slab | null = null
  #cutSize = 0

  /**
   * @param options.keepSize bytes of free memory that are kept for later; beyond that it is left to the collector. Too
   *   little is dear: twelve cold fetches at a time took and dropped more than 32 MiB again and again, which cost 1.0
   *   CPU s/GB and a peak of 260 MB instead of 0.6 and 220 MB.
   * @param options.poisons free memory is overwritten, so that whoever reads on is found out
   */
  constructor(options: { readonly keepSize?: number; readonly poisons?: boolean } = {}) {
    this.#keepSize = options.keepSize ?? 128 * 1024 * 1024
    this.#poisons = options.poisons ?? false
  }

  /** Bytes of free memory that are kept. */
  get freeSize(): number {
    return this.#freeSize
  }

  /** `size` bytes of any content, held by the caller. */
  take(size: number): Buffer {
    const slab = this.#slab(size)
    slab.holds = 1
    return Buffer.from(slab, 0, size)
  }

  /** As take, for bytes that are kept about as long as what was cut before and after them. */
  cut(size: number): Buffer {
    if (size > MAX_CUT_SIZE) return this.take(size)
    let slab = this.#current
    if (slab === null || size > SLAB_SIZE - this.#cutSize) {
      if (slab !== null) letGoOf(slab)
      slab = this.#slab(SLAB_SIZE)
      slab.holds = 1
      this.#current = slab
      this.#cutSize = 0
    }
    const start = this.#cutSize
    this.#cutSize += (size + ALIGNMENT - 1) & -ALIGNMENT
    slab.holds++
    return Buffer.from(slab, start, size)
  }

  /** For letGo alone. */
  free(slab: Slab): void {
    if (this.#poisons) new Uint8Array(slab).fill(POISON)
    const size = slab.byteLength
    if (this.#freeSize + size > this.#keepSize) return
    this.#freeSize += size
    const free = this.#free.get(size)
    if (free === undefined) this.#free.set(size, { slabs: [slab], idleCount: 0 })
    else free.slabs.push(slab)
  }

  /** Leaves to the collector what has not been needed since the last call. */
  trim(): void {
    for (const [size, free] of this.#free) {
      free.slabs.splice(0, free.idleCount)
      this.#freeSize -= free.idleCount * size
      free.idleCount = free.slabs.length
    }
  }

  #slab(wanted: number): Slab {
    let size = MIN_SIZE
    while (size < wanted) size *= 2
    const free = this.#free.get(size)
    const slab = free?.slabs.pop()
    if (free === undefined || slab === undefined) return new Slab(this, size)
    free.idleCount = Math.min(free.idleCount, free.slabs.length)
    this.#freeSize -= size
    return slab
  }
}
