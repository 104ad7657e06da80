// AddPartitionsToTxn (24): adds partitions to a transaction; from version 4 on for many transactions, between brokers.

import { array, bool, type Infer, int16, int32, int64, request, response, string, versions } from '../../schema.ts'

export const AddPartitionsToTxnTopic = {
  name: string(),
  partitions: array(int32()),
}

export const AddPartitionsToTxnTransaction = {
  transactionalId: string(),
  producerId: int64(),
  producerEpoch: int16(),
  verifyOnly: bool(),
  topics: array(AddPartitionsToTxnTopic),
}

export const AddPartitionsToTxnRequest = request('AddPartitionsToTxn', 24, versions(0, 5, { flexible: 3 }), {
  v3AndBelowTransactionalId: string({ until: 3 }),
  v3AndBelowProducerId: int64({ until: 3 }),
  v3AndBelowProducerEpoch: int16({ until: 3 }),
  v3AndBelowTopics: array(AddPartitionsToTxnTopic, { until: 3 }),
  transactions: array(AddPartitionsToTxnTransaction, { since: 4 }),
})
export type AddPartitionsToTxnRequest = Infer<typeof AddPartitionsToTxnRequest>

export const AddPartitionsToTxnPartitionResult = {
  partitionIndex: int32(),
  partitionErrorCode: int16(),
}

export const AddPartitionsToTxnTopicResult = {
  name: string(),
  resultsByPartition: array(AddPartitionsToTxnPartitionResult),
}

export const AddPartitionsToTxnResult = {
  transactionalId: string(),
  topicResults: array(AddPartitionsToTxnTopicResult),
}

export const AddPartitionsToTxnResponse = response('AddPartitionsToTxn', 24, versions(0, 5, { flexible: 3 }), {
  throttleTimeMs: int32(),
  resultsByTopicV3AndBelow: array(AddPartitionsToTxnTopicResult, { until: 3 }),
  errorCode: int16({ since: 4 }),
  resultsByTransaction: array(AddPartitionsToTxnResult, { since: 4 }),
})
export type AddPartitionsToTxnResponse = Infer<typeof AddPartitionsToTxnResponse>
