// TxnOffsetCommit (28), v0–6. KIP-98, KIP-447 (who commits as a member, v3), KIP-890 (v4: TRANSACTION_ABORTABLE; v5:
// the offsets' partition is added by it), topic ids (v6).

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { TxnOffsetCommitRequest } from '../../../protocol/messages/transactions/txn-offset-commit.ts'
import { commitTransactionalOffsets } from '../../coordinator/group/offsets/transactional-commit.ts'
import type { AdmissionMode } from '../../coordinator/transaction/admission.ts'
import { GROUP_TOPIC } from '../../metadata/internal-topics.ts'
import type { Services } from '../../services.ts'
import { handler } from '../handler.ts'

const LOADING_SINCE = 2
const ABORTABLE_SINCE = 4
const ADDS_SINCE = 5

export const txnOffsetCommit = handler('TxnOffsetCommit', async (services, request, { apiVersion }) => {
  const { admit, isOpen } = admission(services, request, apiVersion)
  const answer = await commitTransactionalOffsets(services.groups, request, apiVersion, admit, isOpen)
  if (apiVersion >= LOADING_SINCE) return answer
  return {
    topics: answer.topics.map((topic) => ({
      ...topic,
      partitions: topic.partitions.map((partition) =>
        partition.errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
          ? { ...partition, errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE }
          : partition,
      ),
    })),
  }
})

/** Asks the transaction's coordinator, unless the partition of the group has an open transaction of the producer. */
function admission({ groups, replicas, admission }: Services, request: TxnOffsetCommitRequest, apiVersion: number) {
  const { groupId, transactionalId, producerId, producerEpoch } = request
  const participant = { transactionalId, producerId, producerEpoch }
  const mode = modeOf(apiVersion)
  const index = groups.partitionOf(groupId)
  const partition = index === undefined ? undefined : replicas.partition(GROUP_TOPIC, index)
  const isNeeded = (): boolean => partition !== undefined && admission.isNeeded(partition, participant, mode)
  return {
    admit: async (): Promise<number> => {
      if (groupId === '') return ErrorCode.INVALID_GROUP_ID
      if (index === undefined || partition === undefined) return ErrorCode.COORDINATOR_NOT_AVAILABLE
      if (!isNeeded()) return ErrorCode.NONE
      const verdicts = await admission.ask(participant, new Map([[GROUP_TOPIC, new Set([index])]]), mode)
      return verdicts(GROUP_TOPIC, index)
    },
    // Looked at again in the turn of the append: a transaction that was open may have ended since.
    isOpen: (): number => {
      if (partition === undefined || !isNeeded()) return ErrorCode.NONE
      return admission.check(partition, participant)
    },
  }
}

function modeOf(apiVersion: number): AdmissionMode {
  if (apiVersion >= ADDS_SINCE) return 'add'
  return apiVersion >= ABORTABLE_SINCE ? 'verify-abortable' : 'verify'
}
