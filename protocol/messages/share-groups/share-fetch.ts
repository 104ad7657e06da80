// ShareFetch (78): acquires records for a member of a share group; acknowledgements ride along.

import {
  array,
  bool,
  type Infer,
  int8,
  int16,
  int32,
  int64,
  records,
  request,
  response,
  string,
  struct,
  uuid,
  versions,
} from '../../schema.ts'

export const FetchPartition = {
  partitionIndex: int32(),
  acknowledgementBatches: array({
    firstOffset: int64(),
    lastOffset: int64(),
    acknowledgeTypes: array(int8()),
  }),
}

export const FetchTopic = {
  topicId: uuid(),
  partitions: array(FetchPartition),
}

export const ShareFetchRequest = request('ShareFetch', 78, versions(1, 2, { flexible: 1 }), {
  groupId: string({ nullable: true, default: null }),
  memberId: string({ nullable: true }),
  shareSessionEpoch: int32(),
  maxWaitMs: int32(),
  minBytes: int32(),
  maxBytes: int32({ default: 2147483647 }),
  maxRecords: int32(),
  batchSize: int32(),
  shareAcquireMode: int8({ since: 2 }),
  isRenewAck: bool({ since: 2 }),
  topics: array(FetchTopic),
  forgottenTopicsData: array({ topicId: uuid(), partitions: array(int32()) }),
})
export type ShareFetchRequest = Infer<typeof ShareFetchRequest>

export const PartitionData = {
  partitionIndex: int32(),
  errorCode: int16(),
  errorMessage: string({ nullable: true, default: null }),
  acknowledgeErrorCode: int16(),
  acknowledgeErrorMessage: string({ nullable: true, default: null }),
  currentLeader: struct({ leaderId: int32(), leaderEpoch: int32() }),
  records: records(),
  acquiredRecords: array({
    firstOffset: int64(),
    lastOffset: int64(),
    deliveryCount: int16(),
  }),
}

export const ShareFetchableTopicResponse = {
  topicId: uuid(),
  partitions: array(PartitionData),
}

export const ShareFetchResponse = response('ShareFetch', 78, versions(1, 2, { flexible: 1 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  errorMessage: string({ nullable: true, default: null }),
  acquisitionLockTimeoutMs: int32(),
  responses: array(ShareFetchableTopicResponse),
  nodeEndpoints: array({
    nodeId: int32(),
    host: string(),
    port: int32(),
    rack: string({ nullable: true, default: null }),
  }),
})
export type ShareFetchResponse = Infer<typeof ShareFetchResponse>
