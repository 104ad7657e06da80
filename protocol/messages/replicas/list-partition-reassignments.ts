// ListPartitionReassignments (46): reassignments under way.

import { array, type Infer, int16, int32, request, response, string, versions } from '../../schema.ts'

export const ListPartitionReassignmentsTopics = {
  name: string(),
  partitionIndexes: array(int32()),
}

export const ListPartitionReassignmentsRequest = request(
  'ListPartitionReassignments',
  46,
  versions(0, 0, { flexible: 0 }),
  {
    timeoutMs: int32({ default: 60000 }),
    topics: array(ListPartitionReassignmentsTopics, { nullable: true, default: null }),
  },
)
export type ListPartitionReassignmentsRequest = Infer<typeof ListPartitionReassignmentsRequest>

export const OngoingTopicReassignment = {
  name: string(),
  partitions: array({
    partitionIndex: int32(),
    replicas: array(int32()),
    addingReplicas: array(int32()),
    removingReplicas: array(int32()),
  }),
}

export const ListPartitionReassignmentsResponse = response(
  'ListPartitionReassignments',
  46,
  versions(0, 0, { flexible: 0 }),
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
    topics: array(OngoingTopicReassignment),
  },
)
export type ListPartitionReassignmentsResponse = Infer<typeof ListPartitionReassignmentsResponse>
