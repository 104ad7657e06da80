// DescribeProducers (61), v0. KIP-664: the producers whose state a partition keeps.

import { DiskError } from '../../../host/disk.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { topicNameFault } from '../../controller/topic-names.ts'
import type { Partition } from '../../replication/partition.ts'
import { findByName } from '../data/find-partition.ts'
import { handler } from '../handler.ts'

export const describeProducers = handler('DescribeProducers', (services, request) => ({
  topics: request.topics.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => {
      const wrongName = topicNameFault(name)
      if (wrongName !== null) {
        return { ...refused(partitionIndex, ErrorCode.INVALID_TOPIC_EXCEPTION), errorMessage: wrongName }
      }
      if (services.metadata.image.topics.byName(name) === undefined) {
        const errorMessage = `there is no topic ${name}`
        return { ...refused(partitionIndex, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION), errorMessage }
      }
      const partition = findByName(services, name, partitionIndex)
      if (typeof partition === 'number') return refused(partitionIndex, partition)
      if (!partition.isLeader) return refused(partitionIndex, ErrorCode.NOT_LEADER_OR_FOLLOWER)
      const producers = activeProducers(partition)
      if (producers === null) return refused(partitionIndex, ErrorCode.KAFKA_STORAGE_ERROR)
      return { partitionIndex, errorCode: ErrorCode.NONE, activeProducers: producers }
    }),
  })),
}))

/** null: they have yet to be read, and cannot be. */
function activeProducers({ log }: Partition) {
  try {
    return log.producers.active().map((producer) => ({
      producerId: producer.producerId,
      producerEpoch: producer.producerEpoch,
      lastSequence: producer.lastSequence,
      lastTimestamp: BigInt(producer.lastTimestamp),
      coordinatorEpoch: producer.coordinatorEpoch,
      currentTxnStartOffset: BigInt(producer.currentTransactionStartOffset),
    }))
  } catch (error) {
    if (error instanceof DiskError) return null
    throw error
  }
}

function refused(partitionIndex: number, errorCode: number) {
  return { partitionIndex, errorCode, activeProducers: [] }
}
