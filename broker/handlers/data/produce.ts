// Produce (0), v3–13. KIP-98 (idempotence), KIP-467 (record errors, v8), KIP-951 (current leader, v10), KIP-516 (topic
// ids, v13).
//
// Each partition is appended at once, in the order of the request; the answer waits until the appends are written
// (acks=1) or durable and visible (acks=all). acks=0 is never answered: on an error its connection is closed, so that
// the client notices. Batches stay opaque: the log checks header, CRC and record count, and keeps the bytes as they
// came.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { ProduceRequest } from '../../../protocol/messages/data/produce.ts'
import { isInternalTopic } from '../../metadata/internal-topics.ts'
import { DelayedProduce, ProducedPartition, type ProducedTopic } from '../../replication/delayed-produce.ts'
import { ACKS_ALL, type Partition } from '../../replication/partition.ts'
import type { Services } from '../../services.ts'
import { type Call, deferredHandler, NOT_THROTTLED } from '../handler.ts'
import { currentLeader, leaderEndpoints } from './current-leader.ts'
import { findPartition } from './find-partition.ts'
import { inTransaction, type Refusal } from './produce-in-transaction.ts'
import { producedBatch, requestError } from './produced-records.ts'

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

const NOWHERE: readonly never[] = []
const NOT_REFUSED = () => null

class Produce extends DelayedProduce {
  readonly #services: Services
  readonly #call: Call<'Produce'>
  readonly acks: number
  /** What the coordinator of its transaction has against a partition; null: nothing. */
  refusalOf: (partition: Partition) => Refusal | null = NOT_REFUSED

  constructor(services: Services, call: Call<'Produce'>, acks: number) {
    super(services.replicas.deadlines)
    this.#services = services
    this.#call = call
    this.acks = acks
  }

  handle({ topicData, timeoutMs }: ProduceRequest, errorOfAll: number): void {
    this.responses = topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index, records }) => {
        const produced = new ProducedPartition(index, this)
        const found = errorOfAll === ErrorCode.NONE ? findPartition(this.#services, name, topicId, index) : errorOfAll
        if (typeof found !== 'number') this.#append(found, records, produced)
        else produced.errorCode = found
        if (errorOfAll === ErrorCode.CORRUPT_MESSAGE) produced.errorMessage = BROKEN_FRAME
        return produced
      }),
    }))
    this.start(timeoutMs)
  }

  #append(partition: Partition, records: Uint8Array | null, produced: ProducedPartition): void {
    const call = this.#call
    const { acks } = this
    const batch = records === null ? ErrorCode.INVALID_RECORD : producedBatch(records, call.apiVersion)
    if (typeof batch === 'number') {
      produced.errorCode = batch
      return
    }
    const refused = this.refusalOf(partition)
    produced.errorCode = refused?.errorCode ?? refusal(partition, acks, call)
    produced.errorMessage = refused?.message ?? null
    const { log } = partition
    if (refused?.isOfLog) produced.logStartOffset = log.logStartOffset
    if (produced.errorCode !== ErrorCode.NONE) return
    // A topic with fewer replicas than min.insync.replicas is held to those it has.
    if (acks === ACKS_ALL && Math.min(log.config.minInsyncReplicas, partition.replicaCount) > partition.isrSize) {
      produced.errorCode = ErrorCode.NOT_ENOUGH_REPLICAS
      produced.logStartOffset = log.logStartOffset
      return
    }
    const result = partition.appendAsLeader(batch, 'client', acks)
    produced.errorCode = result.errorCode
    produced.errorMessage = result.errorMessage
    if (!WITHOUT_LOG_START.has(result.errorCode)) produced.logStartOffset = log.logStartOffset
    if (result.errorCode === ErrorCode.NONE) {
      produced.baseOffset = result.baseOffset
      produced.logAppendTimeMs = result.logAppendTimeMs
      if (acks !== 0) this.await(partition, result.lastOffset + 1, acks, produced)
    } else if (result.recordErrors.length > 0) {
      produced.recordErrors = result.recordErrors.map(({ batchIndex, message }) => ({
        batchIndex,
        batchIndexErrorMessage: message,
      }))
    }
  }

  protected override onDone(): void {
    const { responses } = this
    const isFine = isGood(responses)
    if (!isFine) this.#services.requestMetrics.failedProduces++
    const { produce: quota } = this.#services.quotas
    const throttleTimeMs = quota === null ? NOT_THROTTLED : quota.record(this.#call.quotaClient, this.#call.requestSize)
    if (this.acks === 0) {
      if (throttleTimeMs > 0) this.#call.mute(throttleTimeMs)
      if (isFine) this.#call.answerNothing()
      else this.#call.close()
    } else {
      const nodeEndpoints = isFine ? NOWHERE : nameLeaders(responses, this.#services, this.#call)
      this.#call.answer({ responses, throttleTimeMs, nodeEndpoints })
    }
  }
}

export const produce = deferredHandler('Produce', (services, request, call) => {
  const produce = new Produce(services, call, request.acks)
  const errorOfAll = requestError(request)
  const { transactionalId } = request
  if (transactionalId === null || errorOfAll !== ErrorCode.NONE) {
    produce.handle(request, errorOfAll)
    return
  }
  const run = (refusalOf: Produce['refusalOf'], error: number): void => {
    produce.refusalOf = refusalOf
    produce.handle(request, error)
  }
  inTransaction(services, { ...request, transactionalId }, call.apiVersion, run, () => call.close())
})

/** What the request may not do with a batch that is sound as a frame; what is wrong inside it, the log finds. */
function refusal(partition: Partition, acks: number, { clientId }: Call<'Produce'>): number {
  if (acks < ACKS_ALL || acks > 1) return ErrorCode.INVALID_REQUIRED_ACKS
  if (isInternalTopic(partition.topic) && clientId !== ADMIN_CLIENT_ID) return ErrorCode.INVALID_TOPIC_EXCEPTION
  return ErrorCode.NONE
}

/** Fills in who leads what is not led here; where those brokers are is for the answer as a whole. */
function nameLeaders(responses: readonly ProducedTopic[], services: Services, { listener }: Call<'Produce'>) {
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

function isGood(responses: readonly ProducedTopic[]): boolean {
  for (let topic = 0; topic < responses.length; topic++) {
    const { partitionResponses } = responses[topic]!
    for (let index = 0; index < partitionResponses.length; index++) {
      if (partitionResponses[index]!.errorCode !== ErrorCode.NONE) return false
    }
  }
  return true
}
