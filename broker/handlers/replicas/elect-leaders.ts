// ElectLeaders (43), v0–2. KIP-183, KIP-460 (unclean elections, v1). Decided by the controller
// (controller/elections.ts).

import { forwarded } from '../topics/controller-request.ts'

export const electLeaders = forwarded('ElectLeaders', ({ topicPartitions }, fault) => ({
  throttleTimeMs: 0,
  errorCode: fault.errorCode,
  replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map((partitionId) => ({ partitionId, ...fault })),
  })),
}))
