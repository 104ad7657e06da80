// ListOffsets (2), v1–11. KIP-79 (by timestamp), KIP-98 (isolation, v2), KIP-320 (leader epochs, v4), KIP-734 (max
// timestamp, v7), KIP-405 (local and tiered ends, v8 and v9), KIP-1023 (earliest pending upload, v11).
//
// There is no tiered storage: the local log is the whole log, and nothing is tiered or pending.

import { DiskError } from '../../../host/disk.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { Partition } from '../../replication/partition.ts'
import { handler } from '../handler.ts'
import { findByName, leaderEpochError } from './find-partition.ts'

const LATEST = -1
const EARLIEST = -2
const MAX_TIMESTAMP = -3
const EARLIEST_LOCAL = -4
const LATEST_TIERED = -5
const EARLIEST_PENDING_UPLOAD = -6
/** First version that knows each special timestamp; asked for earlier, it is a mistake of the client's. */
const SINCE: Readonly<Record<number, number>> = {
  [MAX_TIMESTAMP]: 7,
  [EARLIEST_LOCAL]: 8,
  [LATEST_TIERED]: 9,
  [EARLIEST_PENDING_UPLOAD]: 11,
}
const READ_COMMITTED = 1
const CONSUMER = -1

interface Found {
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}

const NOT_FOUND: Found = { offset: -1, timestamp: -1, leaderEpoch: -1 }

export const listOffsets = handler('ListOffsets', (services, request, { apiVersion }) => {
  const readCommitted = request.isolationLevel === READ_COMMITTED
  const seen = new Set<string>()
  const duplicates = new Set<string>()
  for (const { name, partitions } of request.topics) {
    for (const { partitionIndex } of partitions) {
      const key = `${name}-${partitionIndex}`
      if (seen.has(key)) duplicates.add(key)
      seen.add(key)
    }
  }
  const answer = (name: string, index: number, epoch: number, timestamp: number) => {
    const blank = { partitionIndex: index, errorCode: ErrorCode.NONE, timestamp: -1n, offset: -1n, leaderEpoch: -1 }
    if (duplicates.has(`${name}-${index}`)) return { ...blank, errorCode: ErrorCode.INVALID_REQUEST }
    if ((SINCE[timestamp] ?? 0) > apiVersion || timestamp < EARLIEST_PENDING_UPLOAD) {
      return { ...blank, errorCode: ErrorCode.UNSUPPORTED_VERSION }
    }
    const partition = findByName(services, name, index)
    const errorCode = typeof partition === 'number' ? partition : leaderEpochError(partition, epoch)
    if (typeof partition === 'number' || errorCode !== ErrorCode.NONE) return { ...blank, errorCode }
    const found = findOrFail(partition, timestamp, readCommitted, request.replicaId === CONSUMER)
    if (found === null) return { ...blank, errorCode: ErrorCode.KAFKA_STORAGE_ERROR }
    return {
      ...blank,
      offset: BigInt(found.offset),
      timestamp: BigInt(found.timestamp),
      leaderEpoch: found.leaderEpoch,
    }
  }
  type Row = ReturnType<typeof answer>
  const rows = new Map<string, Map<number, Row>>()
  for (const { name, partitions } of request.topics) {
    const ofTopic = rows.get(name) ?? new Map<number, Row>()
    rows.set(name, ofTopic)
    for (const { partitionIndex, currentLeaderEpoch, timestamp } of partitions) {
      // One row each, also for what was asked twice.
      if (ofTopic.has(partitionIndex)) continue
      ofTopic.set(partitionIndex, answer(name, partitionIndex, currentLeaderEpoch, Number(timestamp)))
    }
  }
  return { topics: Array.from(rows, ([name, ofTopic]) => ({ name, partitions: [...ofTopic.values()] })) }
})

/**
 * null: what is searched by time is read from the disk, and the disk has failed, or is full with the last batches
 * unwritten.
 */
function findOrFail(
  partition: Partition,
  timestamp: number,
  readCommitted: boolean,
  isConsumer: boolean,
): Found | null {
  try {
    return find(partition, timestamp, readCommitted, isConsumer)
  } catch (error) {
    if (error instanceof DiskError) return null
    throw error
  }
}

function find({ log, leaderEpoch }: Partition, timestamp: number, readCommitted: boolean, isConsumer: boolean): Found {
  const end = !isConsumer ? log.logEndOffset : readCommitted ? log.lastStableOffset : log.highWatermark
  switch (timestamp) {
    case LATEST:
      return { offset: end, timestamp: -1, leaderEpoch }
    case EARLIEST:
    case EARLIEST_LOCAL:
      return { offset: log.logStartOffset, timestamp: -1, leaderEpoch: log.epochForOffset(log.logStartOffset) }
    case LATEST_TIERED:
    case EARLIEST_PENDING_UPLOAD:
      return NOT_FOUND
    case MAX_TIMESTAMP:
      return log.offsetOfMaxTimestamp() ?? NOT_FOUND
    default: {
      const found = log.offsetForTimestamp(timestamp)
      return found !== null && found.offset < end ? found : NOT_FOUND
    }
  }
}
