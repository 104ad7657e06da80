// DescribeLogDirs (35), v1–5. KIP-113, KIP-827 (space, v4), KIP-1066 (cordoned, v5).
//
// topics null: all. A log directory that has failed is listed with its error and without topics.

import { DiskError } from '../../../host/disk.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { LogDirectory } from '../../../storage/directory/log-directory.ts'
import type { Services } from '../../services.ts'
import { handler } from '../handler.ts'

export const describeLogDirs = handler('DescribeLogDirs', (services, request) => {
  const wanted =
    request.topics === null
      ? null
      : new Map(request.topics.map(({ topic, partitions }) => [topic, new Set(partitions)]))
  const { replicas, config } = services
  const online = replicas.directories.filter(({ isOffline }) => !isOffline)
  const results = online.map((directory) => ({
    errorCode: ErrorCode.NONE,
    logDir: directory.path,
    topics: topicsIn(services, directory, wanted),
    ...space(services, directory.path),
    isCordoned: config.isCordoned(directory.path),
  }))
  const failed = replicas.offlinePaths.map((logDir) => ({
    errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
    logDir,
    topics: [],
  }))
  return { errorCode: ErrorCode.NONE, results: [...results, ...failed] }
})

type Wanted = ReadonlyMap<string, ReadonlySet<number>> | null

function topicsIn({ replicas }: Services, directory: LogDirectory, wanted: Wanted) {
  const byTopic = new Map<string, ReturnType<typeof describe>[]>()
  const add = (topic: string, partition: number, described: ReturnType<typeof describe>): void => {
    if (wanted !== null && !wanted.get(topic)?.has(partition)) return
    const partitions = byTopic.get(topic)
    if (partitions === undefined) byTopic.set(topic, [described])
    else partitions.push(described)
  }
  for (const { topic, partition, size } of directory.logs()) add(topic, partition, describe(partition, size, 0, false))
  for (const { target, partition, size, offsetLag } of replicas.moves.values()) {
    if (target === directory) add(partition.topic, partition.index, describe(partition.index, size, offsetLag, true))
  }
  return Array.from(byTopic, ([name, partitions]) => ({ name, partitions }))
}

function describe(partitionIndex: number, size: number, offsetLag: number, isFutureKey: boolean) {
  return { partitionIndex, partitionSize: BigInt(size), offsetLag: BigInt(offsetLag), isFutureKey }
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
