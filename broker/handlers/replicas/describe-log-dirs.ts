// DescribeLogDirs (35), v1–5. KIP-113, KIP-827 (space, v4), KIP-1066 (cordoned, v5).
//
// topics null: all. A log directory that has failed is listed with its error and without topics.

import { DiskError } from '../../../host/disk.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { Services } from '../../services.ts'
import { handler } from '../handler.ts'

export const describeLogDirs = handler('DescribeLogDirs', (services, request) => {
  const wanted =
    request.topics === null
      ? null
      : new Map(request.topics.map(({ topic, partitions }) => [topic, new Set(partitions)]))
  return {
    errorCode: ErrorCode.NONE,
    results: services.replicas.directories.map((directory) => {
      const { path } = directory
      if (directory.isOffline) return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, logDir: path, topics: [] }
      const byTopic = new Map<string, ReturnType<typeof describe>[]>()
      for (const { topic, partition, size } of directory.logs()) {
        if (wanted !== null && !wanted.get(topic)?.has(partition)) continue
        const described = describe(partition, size)
        const partitions = byTopic.get(topic)
        if (partitions === undefined) byTopic.set(topic, [described])
        else partitions.push(described)
      }
      return {
        errorCode: ErrorCode.NONE,
        logDir: path,
        topics: Array.from(byTopic, ([name, partitions]) => ({ name, partitions })),
        ...space(services, path),
      }
    }),
  }
})

function describe(partitionIndex: number, size: number) {
  return { partitionIndex, partitionSize: BigInt(size), offsetLag: 0n, isFutureKey: false }
}

function space({ host }: Services, path: string) {
  try {
    const { totalSize, freeSize } = host.disk.space(path)
    return { totalBytes: BigInt(totalSize), usableBytes: BigInt(freeSize) }
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    host.logger.warn('cannot tell the space of a log directory', { path, error: error.message })
    return { totalBytes: -1n, usableBytes: -1n }
  }
}
