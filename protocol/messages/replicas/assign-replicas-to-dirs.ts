// AssignReplicasToDirs (73): broker to controller: in which directory replicas live (KIP-858).

import { array, type Infer, int16, int32, int64, request, response, uuid, versions } from '../../schema.ts'

export const RequestTopicData = {
  topicId: uuid(),
  partitions: array({ partitionIndex: int32() }),
}

export const RequestDirectoryData = {
  id: uuid(),
  topics: array(RequestTopicData),
}

export const AssignReplicasToDirsRequest = request('AssignReplicasToDirs', 73, versions(0, 0, { flexible: 0 }), {
  brokerId: int32(),
  brokerEpoch: int64({ default: -1n }),
  directories: array(RequestDirectoryData),
})
export type AssignReplicasToDirsRequest = Infer<typeof AssignReplicasToDirsRequest>

export const ResponseTopicData = {
  topicId: uuid(),
  partitions: array({ partitionIndex: int32(), errorCode: int16() }),
}

export const ResponseDirectoryData = {
  id: uuid(),
  topics: array(ResponseTopicData),
}

export const AssignReplicasToDirsResponse = response('AssignReplicasToDirs', 73, versions(0, 0, { flexible: 0 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  directories: array(ResponseDirectoryData),
})
export type AssignReplicasToDirsResponse = Infer<typeof AssignReplicasToDirsResponse>
