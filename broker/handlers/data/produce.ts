// Produce (0), v3–13. KIP-98 (idempotence), KIP-467 (record errors, v8), KIP-951 (current leader, v10), KIP-516 (topic
// ids, v13).
//
// Each partition is appended at once, in the order of the request; the answer waits until the appends are written
// (acks=1) or durable and visible (acks=all). acks=0 is never answered: on an error its connection is closed, so that
// the client notices. Batches stay opaque: the log checks header, CRC and record count, and keeps the bytes as they
// came.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { ProduceRequest } from '../../../protocol/messages/data/produce.ts'
import { batchCodec, isTransactional, viewOf } from '../../../protocol/records/batch.ts'
import { RECORDS } from '../../../protocol/records/layout.ts'
import { DelayedProduce } from '../../replication/delayed-produce.ts'
import { ACKS_ALL, type Partition } from '../../replication/partition.ts'
import type { Services } from '../../services.ts'
import { deferredHandler, type RequestContext } from '../handler.ts'
import { findPartition } from './find-partition.ts'

/** The one client that may write to internal topics: Kafka's own way of repairing them. */
const ADMIN_CLIENT_ID = '__admin_client'
const ZSTD_SINCE = 7

interface PartitionAnswer {
  readonly index: number
  errorCode: number
  errorMessage: string | null
  baseOffset: bigint
  logAppendTimeMs: bigint
  logStartOffset: bigint
  recordErrors: { batchIndex: number; batchIndexErrorMessage: string | null }[]
  currentLeader?: { leaderId: number; leaderEpoch: number }
}

export const produce = deferredHandler('Produce', (services, request, context, reply) => {
  const responses: { name: string; topicId: string; partitionResponses: PartitionAnswer[] }[] = []
  const delayed = new DelayedProduce(services.host.timers, () => {
    if (request.acks !== 0) reply({ responses })
    else reply(responses.some(hasError) ? 'close' : null)
  })
  for (const { name, topicId, partitionData } of request.topicData) {
    const partitionResponses: PartitionAnswer[] = []
    for (const { index, records } of partitionData) {
      const answer = blankAnswer(index)
      const partition = findPartition(services, name, topicId, index)
      if (typeof partition === 'number') answer.errorCode = partition
      else append(partition, records, request, context, answer, delayed, services)
      partitionResponses.push(answer)
    }
    responses.push({ name, topicId, partitionResponses })
  }
  delayed.start(request.timeoutMs)
})

function append(
  partition: Partition,
  records: Uint8Array | null,
  { acks }: ProduceRequest,
  context: RequestContext,
  answer: PartitionAnswer,
  delayed: DelayedProduce,
  services: Services,
): void {
  answer.errorCode = refusal(partition, records, acks, context, services)
  if (answer.errorCode !== ErrorCode.NONE || records === null) return
  const result = partition.appendAsLeader(records, 'client', acks)
  answer.errorCode = result.errorCode
  answer.errorMessage = result.errorMessage
  if (result.errorCode === ErrorCode.NONE) {
    answer.baseOffset = BigInt(result.baseOffset)
    answer.logAppendTimeMs = BigInt(result.logAppendTimeMs)
    answer.logStartOffset = BigInt(partition.log.logStartOffset)
    if (acks !== 0) delayed.add(partition, result.lastOffset + 1, acks, answer)
  } else if (result.errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER) {
    answer.currentLeader = { leaderId: partition.leaderId, leaderEpoch: partition.leaderEpoch }
  } else if (result.recordErrors.length > 0) {
    answer.recordErrors = result.recordErrors.map(({ batchIndex, message }) => ({
      batchIndex,
      batchIndexErrorMessage: message,
    }))
  }
}

/** What is wrong with the request itself; what is wrong with the batch, the log finds. */
function refusal(
  partition: Partition,
  records: Uint8Array | null,
  acks: number,
  { apiVersion, clientId }: RequestContext,
  services: Services,
): number {
  if (acks < ACKS_ALL || acks > 1) return ErrorCode.INVALID_REQUIRED_ACKS
  if (services.replicas.isInternal(partition.topic) && clientId !== ADMIN_CLIENT_ID) {
    return ErrorCode.INVALID_TOPIC_EXCEPTION
  }
  if (acks === ACKS_ALL && partition.log.config.minInsyncReplicas > partition.isrSize) {
    return ErrorCode.NOT_ENOUGH_REPLICAS
  }
  if (records === null || records.length === 0) return ErrorCode.INVALID_RECORD
  if (records.length < RECORDS) return ErrorCode.CORRUPT_MESSAGE
  const view = viewOf(records)
  if (batchCodec(view, 0) === 'zstd' && apiVersion < ZSTD_SINCE) return ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
  // Transactions have no coordinator yet: a transactional batch could never be committed.
  if (isTransactional(view, 0)) return ErrorCode.INVALID_TXN_STATE
  return ErrorCode.NONE
}

function blankAnswer(index: number): PartitionAnswer {
  return {
    index,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    baseOffset: -1n,
    logAppendTimeMs: -1n,
    logStartOffset: -1n,
    recordErrors: [],
  }
}

function hasError({ partitionResponses }: { partitionResponses: readonly PartitionAnswer[] }): boolean {
  return partitionResponses.some(({ errorCode }) => errorCode !== ErrorCode.NONE)
}
