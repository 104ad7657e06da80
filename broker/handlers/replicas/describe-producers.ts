// DescribeProducers (61), v0. KIP-664: the producers whose state a partition keeps.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'
import { findPartition } from '../data/find-partition.ts'
import { handler } from '../handler.ts'

export const describeProducers = handler('DescribeProducers', (services, request) => ({
  topics: request.topics.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => {
      const partition = findPartition(services, name, ZERO_UUID, partitionIndex)
      if (typeof partition === 'number') return { partitionIndex, errorCode: partition, activeProducers: [] }
      if (!partition.isLeader) {
        return { partitionIndex, errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, activeProducers: [] }
      }
      const activeProducers = partition.log.activeProducers().map((producer) => ({
        producerId: producer.producerId,
        producerEpoch: producer.producerEpoch,
        lastSequence: producer.lastSequence,
        lastTimestamp: BigInt(producer.lastTimestamp),
        coordinatorEpoch: producer.coordinatorEpoch,
        currentTxnStartOffset: BigInt(producer.currentTransactionStartOffset),
      }))
      return { partitionIndex, errorCode: ErrorCode.NONE, activeProducers }
    }),
  })),
}))
