// ElectLeaders (43), v0–2. KIP-183, KIP-460 (unclean elections, v1). Decided by the controller
// (controller/elections.ts).

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { forwarded, TIMED_OUT } from '../topics/controller-request.ts'

export const electLeaders = forwarded('ElectLeaders', ({ topicPartitions }) => ({
  throttleTimeMs: 0,
  errorCode: ErrorCode.REQUEST_TIMED_OUT,
  replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map((partitionId) => ({ partitionId, ...TIMED_OUT })),
  })),
}))
