// What consumers of tests make of an answer to a fetch.

import { ErrorCode } from '../../protocol/error-codes.ts'
import { viewOf } from '../../protocol/records/batch.ts'
import { BatchCursor } from '../../protocol/records/cursor.ts'
import { readRecords } from '../../protocol/records/record.ts'

/** A batch cut short at the end is passed over: Apache Kafka fills fetches up with a piece of the next batch. */
export function fetchedRecords(bytes: Uint8Array | null | undefined): ReturnType<typeof readRecords> {
  if (bytes === null || bytes === undefined) return []
  const cursor = new BatchCursor()
  cursor.reset(bytes, viewOf(bytes), 0, bytes.length)
  while (cursor.next());
  return readRecords(bytes, 0, cursor.fault === 'truncated' ? cursor.position : bytes.length)
}

const RETRIABLE: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.OFFSET_NOT_AVAILABLE,
  ErrorCode.KAFKA_STORAGE_ERROR,
])

/** The broker is about to serve the partition, or to come back. */
export const isRetriable = (errorCode: number): boolean => RETRIABLE.has(errorCode)
