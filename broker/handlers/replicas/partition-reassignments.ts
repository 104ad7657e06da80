// AlterPartitionReassignments (45), v0–1, and ListPartitionReassignments (46), v0. KIP-455, KIP-860 (whether the
// replication factor may change, v1). Decided by the controller (controller/reassignments.ts).

import { forwarded } from '../topics/controller-request.ts'

export const alterPartitionReassignments = forwarded('AlterPartitionReassignments', ({ topics }, fault) => ({
  throttleTimeMs: 0,
  allowReplicationFactorChange: true,
  ...fault,
  responses: topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, ...fault })),
  })),
}))

export const listPartitionReassignments = forwarded('ListPartitionReassignments', (_request, fault) => ({
  throttleTimeMs: 0,
  ...fault,
  topics: [],
}))
