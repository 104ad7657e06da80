// AlterPartitionReassignments (45), v0–1, and ListPartitionReassignments (46), v0. KIP-455, KIP-860 (whether the
// replication factor may change, v1). Decided by the controller (controller/reassignments.ts).

import { forwarded, TIMED_OUT } from '../topics/controller-request.ts'

export const alterPartitionReassignments = forwarded('AlterPartitionReassignments', ({ topics }) => ({
  throttleTimeMs: 0,
  allowReplicationFactorChange: true,
  ...TIMED_OUT,
  responses: topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, ...TIMED_OUT })),
  })),
}))

export const listPartitionReassignments = forwarded('ListPartitionReassignments', () => ({
  throttleTimeMs: 0,
  ...TIMED_OUT,
  topics: [],
}))
