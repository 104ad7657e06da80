// The records of an answer to a fetch. A batch that is cut short at the end is passed over, as every client does:
// Apache Kafka fills a fetch up with a piece of the next batch.

import { viewOf } from '../../protocol/records/batch.ts'
import { BatchCursor } from '../../protocol/records/cursor.ts'
import { readRecords } from '../../protocol/records/record.ts'

export function fetchedRecords(bytes: Uint8Array | null | undefined): ReturnType<typeof readRecords> {
  if (bytes === null || bytes === undefined) return []
  const cursor = new BatchCursor()
  cursor.reset(bytes, viewOf(bytes), 0, bytes.length)
  while (cursor.next());
  return readRecords(bytes, 0, cursor.fault === 'truncated' ? cursor.position : bytes.length)
}
