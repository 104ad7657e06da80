// The batches of a transactional producer: the first of a transaction in each partition waits until the transaction's
// coordinator has agreed (coordinator/transaction/admission.ts), and whatever the producer sends behind it waits as
// well. All others go their way at once.

import { hold, letGo } from '../../../host/slab.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { ProduceRequest } from '../../../protocol/messages/data/produce.ts'
import { batchBaseSequence, batchProducerEpoch, batchProducerId, viewOf } from '../../../protocol/records/batch.ts'
import { RECORDS } from '../../../protocol/records/layout.ts'
import type { AdmissionMode, Participant } from '../../coordinator/transaction/admission.ts'
import type { Partition } from '../../replication/partition.ts'
import type { Services } from '../../services.ts'
import { findPartition } from './find-partition.ts'
import { isTransactional, producedBatch } from './produced-records.ts'

const ABORTABLE_SINCE = 11
const ADDS_SINCE = 12

/** Why a partition's batch is refused. */
export interface Refusal {
  readonly errorCode: number
  readonly message: string | null
  /** As the log itself would refuse it: its start is told as well. */
  readonly isOfLog?: boolean
}

/** What the coordinator is asked about. */
interface Question {
  readonly participant: Participant
  /** By partition, the first sequence number. */
  readonly asked: Map<Partition, number>
}

/** Appends by `run`, now or when it may: with the errors of partitions, or with one for all. `fail`: after a bug. */
export function inTransaction(
  services: Services,
  request: ProduceRequest & { readonly transactionalId: string },
  apiVersion: number,
  run: (refusalOf: (partition: Partition) => Refusal | null, errorOfAll: number) => void,
  fail: () => void,
): void {
  const { admission } = services
  const mode = modeOf(apiVersion)
  const first = questionOf(services, request, apiVersion, mode)
  const isSimple = typeof first === 'number' || first === null || first.asked.size === 0
  if (isSimple && !admission.hasLine(request.transactionalId)) {
    run(() => null, typeof first === 'number' ? first : ErrorCode.NONE)
    return
  }
  const held = holdRecords(request)
  admission.inTurn(request.transactionalId, async () => {
    try {
      // Those before it may have settled it.
      const question = questionOf(services, request, apiVersion, mode)
      if (typeof question === 'number' || question === null || question.asked.size === 0) {
        run(() => null, typeof question === 'number' ? question : ErrorCode.NONE)
        return
      }
      const verdicts = await admission.ask(question.participant, byTopic(question.asked.keys()), mode)
      run((partition) => {
        const sequence = question.asked.get(partition)
        if (sequence === undefined) return isAnother(partition, question.asked) ? MOVED : null
        const { topic, index } = partition
        const errorCode = verdicts(topic, index)
        if (errorCode !== ErrorCode.NONE) return refusal(errorCode, mode)
        const since = admission.check(partition, question.participant)
        if (since !== ErrorCode.NONE) return refusal(since, mode)
        // A producer that the log does not know begins with the first of its batches (KIP-890).
        const isGap = mode === 'add' && sequence !== 0 && admission.lastEpoch(partition, question.participant) < 0
        return isGap ? GAP : null
      }, ErrorCode.NONE)
    } catch (error) {
      fail()
      throw error
    } finally {
      for (const records of held) letGo(records)
    }
  })
}

/** Its topic has been deleted since, and created again. */
const MOVED: Refusal = { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, message: null }

function isAnother({ topic, index }: Partition, asked: ReadonlyMap<Partition, number>): boolean {
  for (const one of asked.keys()) if (one.topic === topic && one.index === index) return true
  return false
}

const GAP: Refusal = {
  errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
  message: 'the log does not know the producer, whose first sequence number is not 0',
  isOfLog: true,
}

function modeOf(apiVersion: number): AdmissionMode {
  if (apiVersion >= ADDS_SINCE) return 'add'
  return apiVersion >= ABORTABLE_SINCE ? 'verify-abortable' : 'verify'
}

/** null: no batch is part of a transaction. A number: an error for all of them. */
function questionOf(
  services: Services,
  { topicData, transactionalId }: ProduceRequest & { readonly transactionalId: string },
  apiVersion: number,
  mode: AdmissionMode,
): Question | number | null {
  let participant: Participant | null = null
  const asked = new Map<Partition, number>()
  for (const { name, topicId, partitionData } of topicData) {
    for (const { index, records } of partitionData) {
      const batch = records === null ? ErrorCode.INVALID_RECORD : producedBatch(records, apiVersion)
      if (typeof batch === 'number' || batch.length < RECORDS || !isTransactional(batch)) continue
      const view = viewOf(batch)
      const producerId = batchProducerId(view, 0)
      if (producerId < 0n) continue
      participant ??= { transactionalId, producerId, producerEpoch: batchProducerEpoch(view, 0) }
      const isOther = participant.producerId !== producerId || participant.producerEpoch !== batchProducerEpoch(view, 0)
      if (isOther) return ErrorCode.INVALID_PRODUCER_ID_MAPPING
      const partition = findPartition(services, name, topicId, index)
      if (typeof partition === 'number' || !services.admission.isNeeded(partition, participant, mode)) continue
      asked.set(partition, batchBaseSequence(view, 0))
    }
  }
  return participant === null ? null : { participant, asked }
}

/** The frame that they lie in is given back before they are appended. */
function holdRecords({ topicData }: ProduceRequest): Uint8Array[] {
  const held: Uint8Array[] = []
  for (const { partitionData } of topicData) {
    for (const { records } of partitionData) {
      if (records === null) continue
      hold(records)
      held.push(records)
    }
  }
  return held
}

function byTopic(partitions: Iterable<Partition>): Map<string, Set<number>> {
  const topics = new Map<string, Set<number>>()
  for (const { topic, index } of partitions) topics.set(topic, (topics.get(topic) ?? new Set()).add(index))
  return topics
}

/** Older clients do not expect a coordinator's errors here; they repeat a batch that lacks replicas. */
function refusal(errorCode: number, mode: AdmissionMode): Refusal {
  switch (errorCode) {
    case ErrorCode.COORDINATOR_LOAD_IN_PROGRESS:
    case ErrorCode.COORDINATOR_NOT_AVAILABLE:
    case ErrorCode.NOT_COORDINATOR:
      return { errorCode: ErrorCode.NOT_ENOUGH_REPLICAS, message: NOT_VERIFIED }
    case ErrorCode.CONCURRENT_TRANSACTIONS:
      if (mode === 'add') return { errorCode, message: null }
      return { errorCode: ErrorCode.NOT_ENOUGH_REPLICAS, message: NOT_VERIFIED }
    case ErrorCode.INVALID_TXN_STATE:
      return { errorCode, message: 'the partition is not part of the transaction' }
    default:
      return { errorCode, message: null }
  }
}

const NOT_VERIFIED = "the transaction's coordinator cannot say now whether the partition is part of it"
