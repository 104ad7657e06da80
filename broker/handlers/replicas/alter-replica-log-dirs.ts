// AlterReplicaLogDirs (34), v1–2. KIP-113: moves replicas of this broker to another of its log directories, while they
// are written to and read. Answered when the move has begun; DescribeLogDirs tells how far it has come.
//
// A partition that is not here yet will be created in the directory wished for, and is answered with an error all the
// same, as Kafka does.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { LogDirectory } from '../../../storage/directory/log-directory.ts'
import type { Services } from '../../services.ts'
import { handler } from '../handler.ts'

export const alterReplicaLogDirs = handler('AlterReplicaLogDirs', (services, request) => {
  const { replicas, config } = services
  const topics = new Map<string, Map<number, number>>()
  for (const { path, topics: wanted } of request.dirs) {
    const target = replicas.directories.find((directory) => directory.path === path)
    const isOffline = target?.isOffline ?? replicas.offlinePaths.includes(path)
    for (const { name, partitions } of wanted) {
      const results = topics.get(name) ?? new Map<number, number>()
      topics.set(name, results)
      for (const index of partitions) {
        const absent = isOffline ? ErrorCode.KAFKA_STORAGE_ERROR : ErrorCode.LOG_DIR_NOT_FOUND
        if (target === undefined || isOffline) results.set(index, absent)
        else if (config.isCordoned(path)) results.set(index, ErrorCode.INVALID_REPLICA_ASSIGNMENT)
        else results.set(index, move(services, name, index, target))
      }
    }
  }
  return {
    results: Array.from(topics, ([topicName, results]) => ({
      topicName,
      partitions: Array.from(results, ([partitionIndex, errorCode]) => ({ partitionIndex, errorCode })),
    })),
  }
})

function move({ replicas, metadata }: Services, topic: string, index: number, target: LogDirectory): number {
  const partition = replicas.partition(topic, index)
  if (partition !== undefined) return replicas.moves.begin(partition, target)
  if (replicas.isOffline(topic, index)) return ErrorCode.KAFKA_STORAGE_ERROR
  replicas.moves.prefer(topic, index, target)
  const isKnown = metadata.image.topics.byName(topic)?.partitions[index] !== undefined
  return isKnown ? ErrorCode.NOT_LEADER_OR_FOLLOWER : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
}
