// AlterPartition (56): leader to controller: changes of the in-sync replicas.

import { array, type Infer, int8, int16, int32, int64, request, response, uuid, versions } from '../../schema.ts'

export const BrokerState = {
  brokerId: int32(),
  brokerEpoch: int64({ default: -1n }),
}

export const RequestPartitionData = {
  partitionIndex: int32(),
  leaderEpoch: int32(),
  newIsr: array(int32(), { until: 2 }),
  newIsrWithEpochs: array(BrokerState, { since: 3 }),
  leaderRecoveryState: int8(),
  partitionEpoch: int32(),
}

export const RequestTopicData = {
  topicId: uuid(),
  partitions: array(RequestPartitionData),
}

export const AlterPartitionRequest = request('AlterPartition', 56, versions(2, 3, { flexible: 2 }), {
  brokerId: int32(),
  brokerEpoch: int64({ default: -1n }),
  topics: array(RequestTopicData),
})
export type AlterPartitionRequest = Infer<typeof AlterPartitionRequest>

export const ResponsePartitionData = {
  partitionIndex: int32(),
  errorCode: int16(),
  leaderId: int32(),
  leaderEpoch: int32(),
  isr: array(int32()),
  leaderRecoveryState: int8(),
  partitionEpoch: int32(),
}

export const ResponseTopicData = {
  topicId: uuid(),
  partitions: array(ResponsePartitionData),
}

export const AlterPartitionResponse = response('AlterPartition', 56, versions(2, 3, { flexible: 2 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  topics: array(ResponseTopicData),
})
export type AlterPartitionResponse = Infer<typeof AlterPartitionResponse>
