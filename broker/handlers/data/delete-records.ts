// DeleteRecords (21), v0–2. KIP-107: moves the start of partitions forward; -1 means up to the high watermark. The new
// start is kept in log-start-offset-checkpoint, so that it survives a restart before whole segments go.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { Log } from '../../../storage/log/log.ts'
import { isInternalTopic } from '../../metadata/internal-topics.ts'
import { handler } from '../handler.ts'
import { findByName } from './find-partition.ts'

const HIGH_WATERMARK = -1
const NO_LOW_WATERMARK = -1n

export const deleteRecords = handler('DeleteRecords', async (services, request) => {
  const moved = new Set<Log>()
  const topics = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, offset }) => {
      const refused = (errorCode: number) => ({ partitionIndex, lowWatermark: NO_LOW_WATERMARK, errorCode })
      const partition = findByName(services, name, partitionIndex)
      if (typeof partition === 'number') return refused(partition)
      if (isInternalTopic(name)) return refused(ErrorCode.INVALID_TOPIC_EXCEPTION)
      if (!partition.isLeader) return refused(ErrorCode.NOT_LEADER_OR_FOLLOWER)
      const { log } = partition
      if (!log.config.cleanupPolicy.includes('delete')) return refused(ErrorCode.POLICY_VIOLATION)
      const target = Number(offset) === HIGH_WATERMARK ? log.highWatermark : Number(offset)
      if (target < 0 || target > log.highWatermark) return refused(ErrorCode.OFFSET_OUT_OF_RANGE)
      log.deleteRecordsBefore(target)
      moved.add(log)
      return { partitionIndex, lowWatermark: BigInt(log.logStartOffset), errorCode: ErrorCode.NONE }
    }),
  }))
  // The checkpoint that makes the new starts outlive a kill is written at the end of the turn, once for all of them.
  await new Promise<void>((resolve) => services.host.timers.endOfTurn(resolve))
  // Where that failed it is tried again, and who asked is told if it still does.
  const failed = services.replicas.directories.filter((directory) => directory.checkpointLogStartOffsets() !== null)
  if (failed.length === 0) return { topics }
  return {
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((row) => {
        const hasFailed = failed.some((directory) => {
          const log = directory.log(name, row.partitionIndex)
          return log !== null && moved.has(log)
        })
        if (!hasFailed) return row
        return { ...row, lowWatermark: NO_LOW_WATERMARK, errorCode: ErrorCode.KAFKA_STORAGE_ERROR }
      }),
    })),
  }
})
