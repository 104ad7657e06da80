// Produce (0), v3–13. KIP-98 (idempotence), KIP-467 (record errors, v8), KIP-951 (current leader, v10), KIP-516 (topic
// ids, v13).
//
// Each partition is appended at once, in the order of the request; the answer waits until the appends are written
// (acks=1) or durable and visible (acks=all). acks=0 is never answered: on an error its connection is closed, so that
// the client notices. Batches stay opaque: the log checks header, CRC and record count, and keeps the bytes as they
// came.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { ProduceRequest } from '../../../protocol/messages/data/produce.ts'
import { DelayedProduce } from '../../replication/delayed-produce.ts'
import { ACKS_ALL, type Partition } from '../../replication/partition.ts'
import type { Services } from '../../services.ts'
import { deferredHandler, type RequestContext } from '../handler.ts'
import { type CurrentLeader, currentLeader, leaderEndpoints } from './current-leader.ts'
import { findPartition } from './find-partition.ts'
import { isTransactional, producedBatch, requestError } from './produced-records.ts'

/** The one client that may write to internal topics: Kafka's own way of repairing them. */
const ADMIN_CLIENT_ID = '__admin_client'
const BROKEN_FRAME = 'a batch of the request has an unknown magic, or a size that no batch has'
/** Errors that Kafka tells without the log's start, though the partition is known. */
const WITHOUT_LOG_START: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.MESSAGE_TOO_LARGE,
  ErrorCode.RECORD_LIST_TOO_LARGE,
  ErrorCode.CORRUPT_MESSAGE,
  ErrorCode.KAFKA_STORAGE_ERROR,
])

interface PartitionAnswer {
  readonly index: number
  errorCode: number
  errorMessage: string | null
  baseOffset: bigint
  logAppendTimeMs: bigint
  logStartOffset: bigint
  recordErrors: { batchIndex: number; batchIndexErrorMessage: string | null }[]
  currentLeader?: CurrentLeader
}

interface TopicAnswer {
  readonly name: string
  readonly topicId: string
  readonly partitionResponses: PartitionAnswer[]
}

export const produce = deferredHandler('Produce', (services, request, context, reply) => {
  const responses: TopicAnswer[] = []
  const errorOfAll = requestError(request)
  const delayed = new DelayedProduce(services.host.timers, () => {
    const isGood = !responses.some(hasError)
    if (request.acks === 0) reply(isGood ? null : 'close')
    else if (isGood) reply({ responses })
    else reply({ responses, nodeEndpoints: nameLeaders(responses, services, context) })
  })
  for (const { name, topicId, partitionData } of request.topicData) {
    const partitionResponses: PartitionAnswer[] = []
    for (const { index, records } of partitionData) {
      const answer = blankAnswer(index)
      answer.errorMessage = errorOfAll === ErrorCode.CORRUPT_MESSAGE ? BROKEN_FRAME : null
      const partition = errorOfAll === ErrorCode.NONE ? findPartition(services, name, topicId, index) : errorOfAll
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
  const batch = records === null ? ErrorCode.INVALID_RECORD : producedBatch(records, context.apiVersion)
  if (typeof batch === 'number') {
    answer.errorCode = batch
    return
  }
  answer.errorCode = refusal(partition, batch, acks, context, services)
  if (answer.errorCode !== ErrorCode.NONE) return
  // A topic with fewer replicas than min.insync.replicas is held to those it has.
  const minIsr = Math.min(partition.log.config.minInsyncReplicas, partition.replicaCount)
  if (acks === ACKS_ALL && minIsr > partition.isrSize) {
    answer.errorCode = ErrorCode.NOT_ENOUGH_REPLICAS
    answer.logStartOffset = BigInt(partition.log.logStartOffset)
    return
  }
  const result = partition.appendAsLeader(batch, 'client', acks)
  answer.errorCode = result.errorCode
  answer.errorMessage = result.errorMessage
  if (!WITHOUT_LOG_START.has(result.errorCode)) answer.logStartOffset = BigInt(partition.log.logStartOffset)
  if (result.errorCode === ErrorCode.NONE) {
    answer.baseOffset = BigInt(result.baseOffset)
    answer.logAppendTimeMs = BigInt(result.logAppendTimeMs)
    if (acks !== 0) delayed.add(partition, result.lastOffset + 1, acks, answer)
  } else if (result.recordErrors.length > 0) {
    answer.recordErrors = result.recordErrors.map(({ batchIndex, message }) => ({
      batchIndex,
      batchIndexErrorMessage: message,
    }))
  }
}

/** What the request may not do with a batch that is sound as a frame; what is wrong inside it, the log finds. */
function refusal(
  partition: Partition,
  batch: Uint8Array,
  acks: number,
  { clientId }: RequestContext,
  services: Services,
): number {
  if (acks < ACKS_ALL || acks > 1) return ErrorCode.INVALID_REQUIRED_ACKS
  if (services.replicas.isInternal(partition.topic) && clientId !== ADMIN_CLIENT_ID) {
    return ErrorCode.INVALID_TOPIC_EXCEPTION
  }
  // Transactions have no coordinator yet: a transactional batch could never be committed.
  return isTransactional(batch) ? ErrorCode.INVALID_TXN_STATE : ErrorCode.NONE
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

/** Fills in who leads what is not led here; where those brokers are is for the answer as a whole. */
function nameLeaders(responses: readonly TopicAnswer[], services: Services, { listener }: RequestContext) {
  const leaderIds = new Set<number>()
  for (const { name, topicId, partitionResponses } of responses) {
    for (const answer of partitionResponses) {
      if (answer.errorCode !== ErrorCode.NOT_LEADER_OR_FOLLOWER) continue
      answer.currentLeader = currentLeader(services, name, topicId, answer.index)
      leaderIds.add(answer.currentLeader.leaderId)
    }
  }
  return leaderEndpoints(services, listener, leaderIds)
}

function hasError({ partitionResponses }: TopicAnswer): boolean {
  return partitionResponses.some(({ errorCode }) => errorCode !== ErrorCode.NONE)
}
