// ShareAcknowledge (79): accepts, releases, rejects or renews acquired records.

import {
  array,
  bool,
  type Infer,
  int8,
  int16,
  int32,
  int64,
  request,
  response,
  string,
  struct,
  uuid,
  versions,
} from '../../schema.ts'

export const AcknowledgePartition = {
  partitionIndex: int32(),
  acknowledgementBatches: array({
    firstOffset: int64(),
    lastOffset: int64(),
    acknowledgeTypes: array(int8()),
  }),
}

export const AcknowledgeTopic = {
  topicId: uuid(),
  partitions: array(AcknowledgePartition),
}

export const ShareAcknowledgeRequest = request('ShareAcknowledge', 79, versions(1, 2, { flexible: 1 }), {
  groupId: string({ nullable: true, default: null }),
  memberId: string({ nullable: true }),
  shareSessionEpoch: int32(),
  isRenewAck: bool({ since: 2 }),
  topics: array(AcknowledgeTopic),
})
export type ShareAcknowledgeRequest = Infer<typeof ShareAcknowledgeRequest>

export const PartitionData = {
  partitionIndex: int32(),
  errorCode: int16(),
  errorMessage: string({ nullable: true, default: null }),
  currentLeader: struct({ leaderId: int32(), leaderEpoch: int32() }),
}

export const ShareAcknowledgeTopicResponse = {
  topicId: uuid(),
  partitions: array(PartitionData),
}

export const ShareAcknowledgeResponse = response('ShareAcknowledge', 79, versions(1, 2, { flexible: 1 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  errorMessage: string({ nullable: true, default: null }),
  acquisitionLockTimeoutMs: int32({ since: 2 }),
  responses: array(ShareAcknowledgeTopicResponse),
  nodeEndpoints: array({
    nodeId: int32(),
    host: string(),
    port: int32(),
    rack: string({ nullable: true, default: null }),
  }),
})
export type ShareAcknowledgeResponse = Infer<typeof ShareAcknowledgeResponse>
