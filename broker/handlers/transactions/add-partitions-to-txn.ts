// AddPartitionsToTxn (24), v0–5. KIP-98, KIP-890 (v4: many transactions, verifyOnly; v5: TRANSACTION_ABORTABLE).
//
// From v4 on brokers speak to each other by it, and some clients do as well, who are served alike. All partitions of a
// transaction are added, or none is: those that could be are then answered OPERATION_NOT_ATTEMPTED.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { clientVersionOfAdd } from '../../coordinator/transaction/transaction-coordinator.ts'
import { isInternalTopic } from '../../metadata/internal-topics.ts'
import type { Services } from '../../services.ts'
import { handler } from '../handler.ts'

const BATCHES_SINCE = 4
const FENCED_SINCE = 2

interface Wanted {
  readonly transactionalId: string
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly verifyOnly: boolean
  readonly topics: readonly { readonly name: string; readonly partitions: readonly number[] }[]
}

type ErrorOf = (topic: string, index: number) => number

export const addPartitionsToTxn = handler('AddPartitionsToTxn', async (services, request, { apiVersion }) => {
  if (apiVersion < BATCHES_SINCE) {
    const { v3AndBelowTransactionalId: transactionalId, v3AndBelowTopics: topics } = request
    const { v3AndBelowProducerId: producerId, v3AndBelowProducerEpoch: producerEpoch } = request
    const wanted = { transactionalId, producerId, producerEpoch, verifyOnly: false, topics }
    return { resultsByTopicV3AndBelow: resultsOf(wanted, await add(services, wanted, apiVersion)) }
  }
  const resultsByTransaction = await Promise.all(
    request.transactions.map(async (wanted) => ({
      transactionalId: wanted.transactionalId,
      topicResults: resultsOf(wanted, await add(services, wanted, apiVersion)),
    })),
  )
  return { errorCode: ErrorCode.NONE, resultsByTransaction }
})

async function add(services: Services, wanted: Wanted, apiVersion: number): Promise<ErrorOf> {
  const missing = missingError(services, wanted, apiVersion)
  if (missing !== null) return missing
  const { transactions } = services
  const { verifyOnly, topics, ...participant } = wanted
  const partitions = new Map(topics.map(({ name, partitions }) => [name, new Set(partitions)]))
  if (verifyOnly) return transactions.verifyPartitions({ ...participant, partitions })
  const clientVersion = clientVersionOfAdd(apiVersion)
  const errorCode = await transactions.addPartitions({ ...participant, partitions, clientVersion })
  const isOld = apiVersion < FENCED_SINCE && errorCode === ErrorCode.PRODUCER_FENCED
  return () => (isOld ? ErrorCode.INVALID_PRODUCER_EPOCH : errorCode)
}

/** null: the cluster has all of them, and clients may write to them. */
function missingError({ metadata }: Services, { topics }: Wanted, apiVersion: number): ErrorOf | null {
  const errorOf: ErrorOf = (topic, index) => {
    if (apiVersion < BATCHES_SINCE && isInternalTopic(topic)) return ErrorCode.TOPIC_AUTHORIZATION_FAILED
    const isThere = metadata.image.topics.partition(topic, index) !== undefined
    return isThere ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  }
  const isWhole = topics.every(({ name, partitions }) =>
    partitions.every((index) => errorOf(name, index) === ErrorCode.NONE),
  )
  if (isWhole) return null
  return (topic, index) => errorOf(topic, index) || ErrorCode.OPERATION_NOT_ATTEMPTED
}

function resultsOf({ topics }: Wanted, errorOf: ErrorOf) {
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({
      partitionIndex,
      partitionErrorCode: errorOf(name, partitionIndex),
    })),
  }))
}
