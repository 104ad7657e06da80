// OffsetForLeaderEpoch (23), v2–4. KIP-101, KIP-320: where a leader epoch ends in the leader's log, so that a follower
// or consumer that has read past that point learns that its history is gone.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { handler } from '../handler.ts'
import { findByName, leaderEpochError } from './find-partition.ts'

export const offsetForLeaderEpoch = handler('OffsetForLeaderEpoch', (services, request) => ({
  topics: request.topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition: index, currentLeaderEpoch, leaderEpoch }) => {
      const blank = { partition: index, errorCode: ErrorCode.NONE, leaderEpoch: -1, endOffset: -1n }
      const partition = findByName(services, topic, index)
      const errorCode = typeof partition === 'number' ? partition : leaderEpochError(partition, currentLeaderEpoch)
      if (typeof partition === 'number' || errorCode !== ErrorCode.NONE) return { ...blank, errorCode }
      const found = partition.log.endOffsetForEpoch(leaderEpoch)
      return { ...blank, leaderEpoch: found.epoch, endOffset: BigInt(found.endOffset) }
    }),
  })),
}))
