// AlterReplicaLogDirs (34): moves replicas between the log directories of a broker.

import { array, type Infer, int16, int32, request, response, string, versions } from '../../schema.ts'

export const AlterReplicaLogDir = {
  path: string(),
  topics: array({ name: string(), partitions: array(int32()) }),
}

export const AlterReplicaLogDirsRequest = request('AlterReplicaLogDirs', 34, versions(1, 2, { flexible: 2 }), {
  dirs: array(AlterReplicaLogDir),
})
export type AlterReplicaLogDirsRequest = Infer<typeof AlterReplicaLogDirsRequest>

export const AlterReplicaLogDirTopicResult = {
  topicName: string(),
  partitions: array({ partitionIndex: int32(), errorCode: int16() }),
}

export const AlterReplicaLogDirsResponse = response('AlterReplicaLogDirs', 34, versions(1, 2, { flexible: 2 }), {
  throttleTimeMs: int32(),
  results: array(AlterReplicaLogDirTopicResult),
})
export type AlterReplicaLogDirsResponse = Infer<typeof AlterReplicaLogDirsResponse>
