// Replays a partition's log into a state machine: from its start to where it ended when the loading began (nothing is
// appended meanwhile, for the coordinator is not there yet). One read after the other, each from a turn of its own, so
// that a long log does not hold up the broker.

import type { Host } from '../../../host/host.ts'
import { ErrorCode, errorName } from '../../../protocol/error-codes.ts'
import { batchProducerId, isControl, isTransactional, viewOf } from '../../../protocol/records/batch.ts'
import { controlTypeOf } from '../../../protocol/records/control.ts'
import { BatchCursor } from '../../../protocol/records/cursor.ts'
import { NO_PRODUCER_ID } from '../../../protocol/records/layout.ts'
import { readBatch } from '../../../protocol/records/record.ts'
import type { CoordinatorPartition } from './coordinator-partition.ts'
import type { RecordFormat, StateMachine } from './state-machine.ts'

/** Kafka reads 5 MiB at a time (offsets.load.buffer.size); less keeps the turns short. */
const READ_SIZE = 1024 * 1024
/**
 * A read that finds nothing is tried again: the log may have been truncated meanwhile. When it still finds nothing,
 * compaction has taken away everything up to the end.
 */
const EMPTY_READS = 3
const EMPTY_READ_PAUSE_MS = 20

export interface LoadResult {
  readonly endOffset: number
  readonly recordCount: number
}

export class LoadFailed extends Error {
  readonly offset: number
  /** The disk may answer the next time; damage stays. */
  readonly isRetriable: boolean
  constructor(offset: number, message: string, isRetriable = false) {
    super(`at offset ${offset}: ${message}`)
    this.name = 'LoadFailed'
    this.offset = offset
    this.isRetriable = isRetriable
  }
}

export interface LoadOptions<R> {
  readonly host: Host
  readonly partition: CoordinatorPartition
  readonly machine: StateMachine<R>
  readonly format: RecordFormat<R>
  /** A record of a type that this release does not know: it stays in the log and has no effect. */
  readonly onUnknown: (key: Uint8Array, offset: number) => void
  /** True once nobody waits for the result any more. */
  readonly isCancelled: () => boolean
  readonly done: (result: LoadResult | LoadFailed) => void
}

export function load<R>(options: LoadOptions<R>): void {
  const { host, partition, done } = options
  let endOffset = partition.logEndOffset
  const cursor = new BatchCursor()
  let nextOffset = partition.logStartOffset
  let recordCount = 0
  let emptyReads = 0

  const step = (): void => {
    if (options.isCancelled()) return
    if (nextOffset >= endOffset) {
      done({ endOffset, recordCount })
      return
    }
    partition.read(nextOffset, READ_SIZE, (errorCode, chunks) => {
      if (options.isCancelled()) return
      const before = nextOffset
      try {
        if (errorCode !== ErrorCode.NONE) {
          throw new LoadFailed(nextOffset, `cannot read the log: ${errorName(errorCode)}`, true)
        }
        for (const chunk of chunks) replayChunk(chunk)
      } catch (error) {
        done(error instanceof LoadFailed ? error : new LoadFailed(nextOffset, String(error)))
        return
      }
      if (nextOffset > before) {
        emptyReads = 0
        host.timers.endOfTurn(step)
      } else {
        // It may have lost its end to a failed write.
        endOffset = Math.min(endOffset, partition.logEndOffset)
        if (++emptyReads === EMPTY_READS) nextOffset = endOffset
        host.timers.after(EMPTY_READ_PAUSE_MS, step)
      }
    })
  }

  const replayChunk = (chunk: Uint8Array): void => {
    const view = viewOf(chunk)
    cursor.reset(chunk, view, 0, chunk.length)
    while (cursor.next()) {
      const lastOffset = cursor.lastOffset
      if (lastOffset < nextOffset) continue
      if (!cursor.verifyCrc()) throw new LoadFailed(cursor.baseOffset, 'a batch whose checksum does not match')
      replayBatch(chunk, view, cursor.position, cursor.magic)
      nextOffset = lastOffset + 1
    }
  }

  const replayBatch = (chunk: Uint8Array, view: DataView, position: number, magic: number): void => {
    const { machine, format, onUnknown } = options
    const inTransaction = magic === 2 && isTransactional(view, position)
    const producerId = inTransaction ? batchProducerId(view, position) : NO_PRODUCER_ID
    for (const { key, value, offset } of readBatch(chunk, view, position)) {
      if (offset < nextOffset) continue
      recordCount++
      if (magic === 2 && isControl(view, position)) {
        const type = controlTypeOf(key)
        if (type === 'commit' || type === 'abort') machine.replayMarker(producerId, type === 'commit')
        continue
      }
      if (key === null) throw new LoadFailed(offset, 'a record without a key')
      const record = format.decode(key, value)
      if (record === null) onUnknown(key, offset)
      else machine.replay(record, offset, producerId)
    }
  }

  host.timers.endOfTurn(step)
}
