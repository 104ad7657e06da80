// TxnOffsetCommit: offsets that count when the transaction of their producer is committed. Checked like any commit,
// but that a producer which says nothing of itself as a member is let in (before KIP-447 none did). Source:
// OffsetMetadataManager.commitTransactionalOffset.

import type { RequestOf, ResponseInputOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { TransactionEnd } from '../../runtime/state-machine.ts'
import type { GroupShards } from '../model/group-shards.ts'
import { type CommitAnswer, commitError, commitOffsets } from './offset-commit.ts'
import { assembleCommit, splitCommit } from './offset-commit-topics.ts'

/** TxnOffsetCommit and OffsetCommit name topics by id from different versions on; below, by name. */
const TOPIC_IDS_SINCE = 6
const BY_NAME = 9
const BY_ID = 10

type Request = RequestOf<'TxnOffsetCommit'>

/**
 * `admit`: asks the transaction's coordinator, before anything is committed. `isOpen`: whether what it has said still
 * holds. Both answer with an error code.
 */
export async function commitTransactionalOffsets(
  groups: GroupShards,
  request: Request,
  apiVersion: number,
  admit: () => Promise<number>,
  isOpen: () => number,
): Promise<Pick<ResponseInputOf<'TxnOffsetCommit'>, 'topics'>> {
  const split = splitCommit(request.topics, groups.topics, apiVersion >= TOPIC_IDS_SINCE ? BY_ID : BY_NAME)
  const { groupId, generationIdOrMemberEpoch, memberId, groupInstanceId, producerId, producerEpoch } = request
  const commit = {
    groupId,
    generationId: generationIdOrMemberEpoch,
    memberId,
    groupInstanceId,
    retentionTimeMs: -1n,
    topics: split.known,
    apiVersion: apiVersion >= TOPIC_IDS_SINCE ? BY_ID : BY_NAME,
    producer: { producerId, producerEpoch },
  }
  const answerWith = (codes: CommitAnswer) => ({ topics: assembleCommit(request.topics, split, codes) })
  const refuse = (errorCode: number) => commitError(split.known, errorCode)
  if (split.known.length === 0) return answerWith([])
  const refusal = await admit()
  if (refusal !== ErrorCode.NONE) return answerWith(refuse(refusal))
  const codes = await groups.run<CommitAnswer>(
    groupId,
    (machine, reply) => {
      const errorCode = isOpen()
      if (errorCode === ErrorCode.NONE) return commitOffsets(machine, commit, reply)
      reply.send(refuse(errorCode))
      return { records: [], refused: () => {} }
    },
    refuse,
  )
  return answerWith(apiVersion >= TOPIC_IDS_SINCE ? codes : codes.map((partitions) => partitions.map(wording)))
}

/** What clients of transactions before v6 understand. */
function wording(errorCode: number): number {
  return errorCode === ErrorCode.STALE_MEMBER_EPOCH ? ErrorCode.ILLEGAL_GENERATION : errorCode
}

/** The marker of a transaction that has committed offsets to groups of a partition. Appends before it returns. */
export function endGroupTransaction(groups: GroupShards, partition: number, end: TransactionEnd): Promise<number> {
  return groups.runOn<number>(
    partition,
    (_machine, reply) => ({
      records: [],
      marker: end,
      applied: () => reply.send(ErrorCode.NONE),
      refused: (errorCode) => reply.send(errorCode),
    }),
    (errorCode) => errorCode,
  )
}
