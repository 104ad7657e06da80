// Cuts the byte stream of one connection into frames:
//
//   ┌────────────┬───────────────┬───────────────────────┐
//   │ size int32 │ API key int16 │ size - 2 bytes        │ …
//   └────────────┴───────────────┴───────────────────────┘
//                │◄─────────── frame ───────────────────►│
//
// The bytes of a read are lent (host/network.ts), so each frame is copied into memory of its own; of a large one only
// the beginning is, the rest is received there. Produce frames are made of memory that is used again (host/slab.ts):
// their bytes go on to the disk and to consumers, and whoever keeps them holds them. What other requests carry is kept
// as views, by handlers that know nothing of this: those frames are the collector's.
//
// A frame's memory grows with the bytes that have come, not with the size that it announces.

import { letGo, type SlabPool } from '../../host/slab.ts'

const SIZE_LENGTH = 4
const API_KEY_LENGTH = 2
const PRODUCE_API_KEY = 0

/** A frame's memory is at most this many times what has come of it: one that is never sent costs next to nothing. */
const GROWTH = 16
const MIN_CAPACITY = 4096
/** What is missing of a frame is worth a read of its own from this size on; below, copying it is cheaper. */
const MIN_TARGET_SIZE = 128 * 1024
/** One read brings at most this, so that budgets are kept to about that. */
const MAX_TARGET_SIZE = 1024 * 1024

export type FrameProblem = { readonly size: number; readonly limit: number }

export interface FrameSink {
  /** The frame is held for its taker. False: what is left of the bytes is dropped. */
  onFrame(frame: Uint8Array): boolean
}

export class FrameAssembler {
  readonly #limit: number
  readonly #slabs: SlabPool
  /** The frame's size and API key, as far as they have come: `#headLength` bytes. */
  #size = 0
  #apiKey = 0
  #headLength = 0
  /** Its first `#length` bytes have come. null until its head is whole. */
  #frame: Uint8Array | null = null
  #length = 0

  /** `limit`: the largest frame accepted, in bytes (socket.request.max.bytes). */
  constructor(limit: number, slabs: SlabPool) {
    this.#limit = limit
    this.#slabs = slabs
  }

  /** Bytes of the frame that is under way; 0 between frames. */
  get partialSize(): number {
    return this.#frame === null ? this.#headLength : SIZE_LENGTH + this.#length
  }

  /** Bytes that the frame under way lacks; 0 between frames. */
  get missingSize(): number {
    return this.#frame === null ? 0 : this.#size - this.#length
  }

  /** Where the next bytes go when that is worth a read of its own: into the frame under way. */
  target(): Uint8Array | null {
    const frame = this.#frame
    if (frame === null || frame.length - this.#length < MIN_TARGET_SIZE) return null
    return frame.subarray(this.#length, Math.min(frame.length, this.#length + MAX_TARGET_SIZE))
  }

  /**
   * Takes the bytes of one read, those of `target` included, and gives `sink` the frames that they complete. Returns
   * the problem when a size is negative or over the limit: the stream is beyond use.
   */
  push(bytes: Uint8Array, sink: FrameSink): FrameProblem | null {
    let position = 0
    while (position < bytes.length) {
      if (this.#frame === null) {
        position = this.#takeSize(bytes, position)
        if (this.#headLength < SIZE_LENGTH) return null
        const size = this.#size
        if (size < 0 || size > this.#limit) return { size, limit: this.#limit }
        position = this.#takeApiKey(bytes, position)
        if (this.#headLength < SIZE_LENGTH + Math.min(size, API_KEY_LENGTH)) return null
        this.#begin(bytes.length - position)
      }
      position += this.#take(bytes, position)
      if (this.#length < this.#size) return null
      const frame = this.#frame!
      this.#forget()
      if (!sink.onFrame(frame)) return null
    }
    return null
  }

  /** Lets go of a frame under way. No read may be writing to it. */
  discard(): void {
    if (this.#frame !== null) letGo(this.#frame)
    this.#forget()
  }

  #forget(): void {
    this.#frame = null
    this.#length = 0
    this.#size = 0
    this.#apiKey = 0
    this.#headLength = 0
  }

  #takeSize(bytes: Uint8Array, start: number): number {
    let position = start
    while (this.#headLength < SIZE_LENGTH && position < bytes.length) {
      this.#size = (this.#size << 8) | bytes[position++]!
      this.#headLength++
    }
    return position
  }

  #takeApiKey(bytes: Uint8Array, start: number): number {
    let position = start
    const length = SIZE_LENGTH + Math.min(this.#size, API_KEY_LENGTH)
    while (this.#headLength < length && position < bytes.length) {
      this.#apiKey = (this.#apiKey << 8) | bytes[position++]!
      this.#headLength++
    }
    return position
  }

  /** The head is whole; `ahead` bytes of what follows are there. */
  #begin(ahead: number): void {
    const length = this.#headLength - SIZE_LENGTH
    const frame = this.#memory(length + ahead)
    if (length === API_KEY_LENGTH) frame[0] = this.#apiKey >>> 8
    if (length > 0) frame[length - 1] = this.#apiKey
    this.#frame = frame
    this.#length = length
  }

  /** Takes what belongs to the frame; answers how much that is. */
  #take(bytes: Uint8Array, position: number): number {
    let frame = this.#frame!
    const length = this.#length
    const taken = Math.min(this.#size - length, bytes.length - position)
    this.#length = length + taken
    // Received where it belongs?
    if (bytes.byteOffset === frame.byteOffset + length && bytes.buffer === frame.buffer) return taken
    if (length + taken > frame.length) {
      const grown = this.#memory(length + taken)
      grown.set(frame.subarray(0, length))
      letGo(frame)
      this.#frame = frame = grown
    }
    const whole = position === 0 && taken === bytes.length
    frame.set(whole ? bytes : bytes.subarray(position, position + taken), length)
    return taken
  }

  /** For a frame of which `arrived` bytes are there. */
  #memory(arrived: number): Uint8Array {
    const capacity = Math.min(this.#size, Math.max(MIN_CAPACITY, GROWTH * arrived))
    // Node cuts small ones from a common 8 KiB.
    return this.#apiKey === PRODUCE_API_KEY ? this.#slabs.cut(capacity) : Buffer.allocUnsafe(capacity)
  }
}
