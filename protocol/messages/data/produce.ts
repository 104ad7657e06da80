// Produce (0): appends record batches to partitions.

import {
  array,
  type Infer,
  int16,
  int32,
  int64OrNumber,
  records,
  request,
  response,
  string,
  struct,
  uuid,
  versions,
} from '../../schema.ts'

export const TopicProduceData = {
  name: string({ until: 12 }),
  topicId: uuid({ since: 13 }),
  partitionData: array({ index: int32(), records: records({ nullable: true }) }),
}

export const ProduceRequest = request('Produce', 0, versions(3, 13, { flexible: 9 }), {
  transactionalId: string({ nullable: true, default: null }),
  acks: int16(),
  timeoutMs: int32(),
  topicData: array(TopicProduceData),
})
export type ProduceRequest = Infer<typeof ProduceRequest>

export const BatchIndexAndErrorMessage = {
  batchIndex: int32(),
  batchIndexErrorMessage: string({ nullable: true, default: null }),
}

export const LeaderIdAndEpoch = {
  leaderId: int32({ default: -1 }),
  leaderEpoch: int32({ default: -1 }),
}

export const PartitionProduceResponse = {
  index: int32(),
  errorCode: int16(),
  baseOffset: int64OrNumber(),
  logAppendTimeMs: int64OrNumber({ default: -1n }),
  logStartOffset: int64OrNumber({ since: 5, default: -1n }),
  recordErrors: array(BatchIndexAndErrorMessage, { since: 8 }),
  errorMessage: string({ since: 8, nullable: true, default: null }),
  currentLeader: struct(LeaderIdAndEpoch, { since: 10, tag: 0 }),
}

export const TopicProduceResponse = {
  name: string({ until: 12 }),
  topicId: uuid({ since: 13 }),
  partitionResponses: array(PartitionProduceResponse),
}

export const NodeEndpoint = {
  nodeId: int32(),
  host: string(),
  port: int32(),
  rack: string({ nullable: true, default: null }),
}

export const ProduceResponse = response('Produce', 0, versions(3, 13, { flexible: 9 }), {
  responses: array(TopicProduceResponse),
  throttleTimeMs: int32(),
  nodeEndpoints: array(NodeEndpoint, { since: 10, tag: 0 }),
})
export type ProduceResponse = Infer<typeof ProduceResponse>
