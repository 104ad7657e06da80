// Cuts the byte stream of one connection into frames:
//
//   ┌────────────┬──────────────────────────┐
//   │ size int32 │ size bytes: one request  │ …
//   └────────────┴──────────────────────────┘
//
// The bytes of a read are lent (host/network.ts), so each frame is copied once, into memory of its own, which the
// request then owns: Produce keeps its records there until they are on disk. A frame's memory grows with the bytes that
// have come, not with the size that it announces.

const SIZE_LENGTH = 4
/** A frame up to this size gets its whole memory at once: two copies would cost more than the memory may. */
const EAGER_SIZE = 1 << 20

export type FrameProblem = { readonly size: number; readonly limit: number }

export class FrameAssembler {
  readonly #limit: number
  readonly #sizeBytes = new Uint8Array(SIZE_LENGTH)
  #sizeLength = 0
  #frame: Uint8Array | null = null
  #frameSize = 0
  #length = 0

  /** `limit`: the largest frame accepted, in bytes (socket.request.max.bytes). */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Bytes of the frame that is under way; 0 between frames. */
  get partialSize(): number {
    return this.#sizeLength + this.#length
  }

  /**
   * Takes the bytes of one read and calls `onFrame` for each frame that they complete, until it answers false; what is
   * left then is dropped. Returns the problem when a size is negative or over the limit: the stream is beyond use.
   */
  push(bytes: Uint8Array, onFrame: (frame: Uint8Array) => boolean): FrameProblem | null {
    let position = 0
    while (position < bytes.length) {
      if (this.#frame === null) {
        while (this.#sizeLength < SIZE_LENGTH && position < bytes.length) {
          this.#sizeBytes[this.#sizeLength++] = bytes[position++]!
        }
        if (this.#sizeLength < SIZE_LENGTH) return null
        const size = readSize(this.#sizeBytes)
        if (size < 0 || size > this.#limit) return { size, limit: this.#limit }
        this.#frameSize = size
        this.#length = 0
        this.#frame = Buffer.allocUnsafeSlow(Math.min(size, EAGER_SIZE))
      }
      const taken = Math.min(this.#frameSize - this.#length, bytes.length - position)
      const frame = this.#room(this.#frame, this.#length + taken)
      frame.set(
        position === 0 && taken === bytes.length ? bytes : bytes.subarray(position, position + taken),
        this.#length,
      )
      this.#frame = frame
      this.#length += taken
      position += taken
      if (this.#length < this.#frameSize) return null
      this.#frame = null
      this.#sizeLength = 0
      this.#length = 0
      if (!onFrame(frame.length === this.#frameSize ? frame : frame.subarray(0, this.#frameSize))) return null
    }
    return null
  }

  #room(frame: Uint8Array, needed: number): Uint8Array {
    if (needed <= frame.length) return frame
    const grown = Buffer.allocUnsafeSlow(Math.min(this.#frameSize, Math.max(needed, 2 * frame.length)))
    grown.set(frame.subarray(0, this.#length))
    return grown
  }
}

function readSize(bytes: Uint8Array): number {
  return (bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!
}
