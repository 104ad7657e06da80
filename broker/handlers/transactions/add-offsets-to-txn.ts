// AddOffsetsToTxn (25), v0–4. KIP-98: the partition of `__consumer_offsets` that a group belongs to becomes part of the
// transaction.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { GROUP_TOPIC } from '../../metadata/internal-topics.ts'
import { handler } from '../handler.ts'

const FENCED_SINCE = 2

export const addOffsetsToTxn = handler('AddOffsetsToTxn', async ({ groups, transactions }, request, { apiVersion }) => {
  const { transactionalId, producerId, producerEpoch, groupId } = request
  // Producers look for the group's coordinator, which makes its topic, only after this.
  const partitions = new Map([[GROUP_TOPIC, new Set([groups.partitionToBeOf(groupId)])]])
  // Only clients of the old rules ask; those of the new ones commit at once.
  const added = { transactionalId, producerId, producerEpoch, partitions, clientVersion: 0 }
  const errorCode = await transactions.addPartitions(added)
  const isOld = apiVersion < FENCED_SINCE && errorCode === ErrorCode.PRODUCER_FENCED
  return { errorCode: isOld ? ErrorCode.INVALID_PRODUCER_EPOCH : errorCode }
})
