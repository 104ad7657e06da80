// Reading batches: from the tail in memory at once; from segments through the host's pool, or, where they lie in the
// page cache, in the loop (read-place.ts).
//
//   offset        bound           only whole batches: from the one that holds `offset` (whole, even when asked for its
//     │             │             middle) to the last that ends below `bound` and fits in `maxSize`; with minOneBatch
//   ──┼──┬────┬────┬┼───┬────     the first may be larger. A read ends with its segment.
//     └──┴────┴────┘
//
// Slices are held for the one who gets them, who lets go of them (host/slab.ts): those of the tail are its own chunks,
// a cold read is one slice of pooled memory. A truncation or an append changes none of them.

import { DiskError } from '../../host/disk.ts'
import { hold, letGo, type SlabPool } from '../../host/slab.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { viewOf } from '../../protocol/records/batch.ts'
import { BatchCursor } from '../../protocol/records/cursor.ts'
import type { Segment } from '../segment/segment.ts'
import { segmentIndexFor } from '../segment/segment-search.ts'
import type { ReadPlace } from '../shared/read-place.ts'
import type { Tail } from '../shared/tail-cache.ts'

/**
 * `slices`: held for the callee. `nextOffset`: where the next read goes on; the offset asked for when nothing is there.
 */
export type ReadDone = (errorCode: number, slices: Uint8Array[], size: number, nextOffset: number) => void

export interface ReadableLog {
  readonly segments: readonly Segment[]
  readonly tail: Tail
  readonly logEndOffset: number
  readonly writtenEndOffset: number
  /** Grows when offsets are taken back: a read under way then answers with nothing. */
  readonly truncationCount: number
}

/** Read beyond what was asked for, so that the batch in which the read begins need not be looked for first. */
const SLACK_SIZE = 16 * 1024
const NOTHING: Uint8Array[] = []
const NO_BYTES = new Uint8Array(0)

const cursor = new BatchCursor()

/** What all logs read with. */
export interface ReadWith {
  readonly host: { readonly slabs: SlabPool }
  readonly reads: ReadPlace
}

export function readLog(
  { host, reads }: ReadWith,
  log: ReadableLog,
  logStartOffset: number,
  offset: number,
  maxSize: number,
  endOffset: number,
  minOneBatch: boolean,
  done: ReadDone,
): void {
  if (offset < logStartOffset || offset > log.logEndOffset) {
    done(ErrorCode.OFFSET_OUT_OF_RANGE, NOTHING, 0, offset)
    return
  }
  const bound = Math.min(endOffset, log.logEndOffset)
  if (offset >= bound || maxSize < 0) {
    done(ErrorCode.NONE, NOTHING, 0, offset)
    return
  }
  if (offset >= log.tail.startOffset) {
    readTail(log.tail, offset, maxSize, bound, minOneBatch, done)
    return
  }
  try {
    const cold = new ColdRead(host.slabs, log, offset, maxSize, Math.min(bound, log.writtenEndOffset), minOneBatch)
    startCold(cold, reads, done)
  } catch (error) {
    storageError(error, offset, done)
  }
}

/** As readLog, at once and from disk if need be: for recovery and the loading of coordinators. */
export function readLogSync(
  given: ReadWith,
  log: ReadableLog,
  logStartOffset: number,
  offset: number,
  maxSize: number,
  endOffset: number,
  minOneBatch: boolean,
  done: ReadDone,
): void {
  if (offset < logStartOffset || offset > log.logEndOffset || offset >= log.tail.startOffset) {
    readLog(given, log, logStartOffset, offset, maxSize, endOffset, minOneBatch, done)
    return
  }
  const { slabs } = given.host
  try {
    const cold = new ColdRead(slabs, log, offset, maxSize, Math.min(endOffset, log.writtenEndOffset), minOneBatch)
    // Where a read fails, the collector finds the memory.
    while (!cold.isAtEnd) {
      const target = cold.target()
      if (cold.absorb(cold.segment.file().readSync(target, cold.position))) break
    }
    cold.answer(done)
  } catch (error) {
    storageError(error, offset, done)
  }
}

function storageError(error: unknown, offset: number, done: ReadDone): void {
  if (!(error instanceof DiskError)) throw error
  done(ErrorCode.KAFKA_STORAGE_ERROR, NOTHING, 0, offset)
}

function startCold(cold: ColdRead, place: ReadPlace, done: ReadDone): void {
  for (;;) {
    const { segment } = cold
    // Truncated, deleted or closed since the last piece was read: the next fetch finds out what became of the offset.
    if (cold.isAtEnd || segment.isReleased) {
      cold.answer(done)
      return
    }
    const target = cold.target()
    if (!place.isLoop(segment, target.length)) {
      readInPool(cold, segment, target, place, done)
      return
    }
    const startMs = place.now()
    const readSize = segment.file().readSync(target, cold.position)
    place.readInLoop(segment, startMs)
    if (cold.absorb(readSize)) {
      cold.answer(done)
      return
    }
  }
}

function readInPool(cold: ColdRead, segment: Segment, target: Uint8Array, place: ReadPlace, done: ReadDone): void {
  const startMs = place.now()
  const file = segment.file()
  segment.pin()
  file.read(target, cold.position, (error: DiskError | null, readSize: number) => {
    segment.unpin()
    if (error !== null) {
      cold.letGo()
      storageError(error, cold.offset, done)
      return
    }
    place.readInPool(segment, readSize, startMs)
    if (cold.absorb(readSize)) cold.answer(done)
    else {
      try {
        startCold(cold, place, done)
      } catch (failure) {
        storageError(failure, cold.offset, done)
      }
    }
  })
}

function readTail(
  tail: Tail,
  offset: number,
  maxSize: number,
  bound: number,
  minOneBatch: boolean,
  done: ReadDone,
): void {
  const slices: Uint8Array[] = []
  let size = 0
  let nextOffset = offset
  let index = tail.find(offset)
  for (let chunk = tail.chunkAt(index); chunk !== undefined; chunk = tail.chunkAt(++index)) {
    const endOffset = tail.endOffsetAt(index)
    if (endOffset > bound || size + chunk.length > maxSize || tail.baseOffsetAt(index) < offset) {
      const part = wantedPart(chunk, offset, maxSize - size, bound, minOneBatch && size === 0)
      if (part !== null) {
        hold(part)
        slices.push(part)
        size += part.length
        nextOffset = partEndOffset
      }
      // The chunk in which the read begins may be wanted up to its end; any other one is cut because it is too much.
      if (endOffset > bound || nextOffset < endOffset) break
    } else {
      hold(chunk)
      slices.push(chunk)
      size += chunk.length
      nextOffset = endOffset
    }
    if (size >= maxSize) break
  }
  done(ErrorCode.NONE, slices, size, nextOffset)
}

let partEndOffset = 0

/** The batches of a chunk that are asked for, with `partEndOffset` after the last of them; null: none of them is. */
function wantedPart(
  chunk: Uint8Array,
  offset: number,
  maxSize: number,
  bound: number,
  minOneBatch: boolean,
): Uint8Array | null {
  cursor.reset(chunk, viewOf(chunk), 0, chunk.length)
  let start = -1
  let end = 0
  while (cursor.next()) {
    const { lastOffset } = cursor
    if (lastOffset < offset) continue
    const batchEnd = cursor.position + cursor.size
    const from = start < 0 ? cursor.position : start
    if (lastOffset >= bound || (batchEnd - from > maxSize && !(start < 0 && minOneBatch))) break
    start = from
    end = batchEnd
    partEndOffset = lastOffset + 1
  }
  if (start < 0) return null
  return start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end)
}

/** One read of one segment; goes on to the next segment only when this one holds nothing from `offset` on. */
class ColdRead {
  readonly offset: number
  segment: Segment
  position: number
  /** Nothing is left to read. */
  isAtEnd = false
  readonly #slabs: SlabPool
  readonly #log: ReadableLog
  readonly #maxSize: number
  readonly #bound: number
  readonly #minOneBatch: boolean
  readonly #truncationCount: number
  #readSize: number
  #target: Uint8Array | null = null
  #slice: Uint8Array | null = null
  #nextOffset: number
  #errorCode: number = ErrorCode.NONE

  constructor(slabs: SlabPool, log: ReadableLog, offset: number, maxSize: number, bound: number, minOneBatch: boolean) {
    this.#slabs = slabs
    this.#log = log
    this.offset = offset
    this.#maxSize = maxSize
    this.#bound = bound
    this.#minOneBatch = minOneBatch
    this.#truncationCount = log.truncationCount
    this.#nextOffset = offset
    this.segment = log.segments[segmentIndexFor(log.segments, offset)]!
    const remembered = this.segment.rememberedPosition(offset)
    this.position = remembered < 0 ? this.segment.positionFor(offset) : remembered
    this.#readSize = remembered < 0 ? maxSize + SLACK_SIZE : Math.max(maxSize, SLACK_SIZE)
    if (this.position >= this.segment.writtenSize) this.#nextSegment()
    if (offset >= bound) this.isAtEnd = true
  }

  /** What `absorb` will look at, to be filled from `position`. */
  target(): Uint8Array {
    this.letGo()
    this.#target = this.#slabs.take(Math.min(this.#readSize, this.segment.writtenSize - this.position))
    return this.#target
  }

  letGo(): void {
    if (this.#target !== null) letGo(this.#target)
    this.#target = null
  }

  /** Looks at what was read. False: more must be read, from `position`, unless isAtEnd. */
  absorb(readSize: number): boolean {
    const bytes = this.#target ?? NO_BYTES
    if (this.#log.truncationCount !== this.#truncationCount) return true
    const view = viewOf(bytes)
    cursor.reset(bytes, view, 0, readSize)
    let start = -1
    let end = 0
    while (cursor.next()) {
      const { lastOffset } = cursor
      if (lastOffset < this.offset) continue
      const batchEnd = cursor.position + cursor.size
      if (lastOffset >= this.#bound) {
        this.isAtEnd = start < 0
        break
      }
      const from = start < 0 ? cursor.position : start
      if (batchEnd - from > this.#maxSize && !(start < 0 && this.#minOneBatch)) {
        if (start < 0) return true
        break
      }
      start = from
      end = batchEnd
      this.#nextOffset = lastOffset + 1
    }
    if (start >= 0) {
      this.#slice = bytes.subarray(start, end)
      this.segment.rememberPosition(this.#nextOffset, this.position + end)
      return true
    }
    if (this.isAtEnd) return true
    return this.#goOn(view, readSize)
  }

  answer(done: ReadDone): void {
    if (this.#slice === null) {
      this.letGo()
      done(this.#errorCode, NOTHING, 0, this.offset)
    } else done(ErrorCode.NONE, [this.#slice], this.#slice.length, this.#nextOffset)
  }

  /** No whole batch of interest was in what was read: it was cut, or all were below `offset`. */
  #goOn(view: DataView, readSize: number): boolean {
    const rest = readSize - cursor.position
    this.position += cursor.position
    if (cursor.fault !== null && cursor.fault !== 'truncated') {
      this.#errorCode = ErrorCode.CORRUPT_MESSAGE
      return true
    }
    if (this.position >= this.segment.writtenSize) {
      this.#nextSegment()
      return false
    }
    if (rest >= 12) {
      const size = view.getInt32(cursor.position + 8) + 12
      if (size > this.#maxSize && !this.#minOneBatch) return true
      this.#readSize = Math.max(size, this.#maxSize)
    }
    return false
  }

  #nextSegment(): void {
    const { segments } = this.#log
    let index = segments.indexOf(this.segment)
    // -1: compaction has replaced it, and what follows begins where nobody knows. The next fetch finds it.
    let next = index < 0 ? undefined : segments[++index]
    // Compaction may have left nothing of one.
    while (next !== undefined && next.writtenSize === 0) next = segments[++index]
    if (next === undefined || next.baseOffset >= this.#bound) {
      this.isAtEnd = true
      return
    }
    this.segment = next
    this.position = 0
  }
}
