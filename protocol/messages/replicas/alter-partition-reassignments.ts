// AlterPartitionReassignments (45): starts or cancels moving replicas to other brokers.

import { array, bool, type Infer, int16, int32, request, response, string, versions } from '../../schema.ts'

export const ReassignableTopic = {
  name: string(),
  partitions: array({
    partitionIndex: int32(),
    replicas: array(int32(), { nullable: true, default: null }),
  }),
}

export const AlterPartitionReassignmentsRequest = request(
  'AlterPartitionReassignments',
  45,
  versions(0, 1, { flexible: 0 }),
  {
    timeoutMs: int32({ default: 60000 }),
    allowReplicationFactorChange: bool({ since: 1, default: true }),
    topics: array(ReassignableTopic),
  },
)
export type AlterPartitionReassignmentsRequest = Infer<typeof AlterPartitionReassignmentsRequest>

export const ReassignableTopicResponse = {
  name: string(),
  partitions: array({
    partitionIndex: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
  }),
}

export const AlterPartitionReassignmentsResponse = response(
  'AlterPartitionReassignments',
  45,
  versions(0, 1, { flexible: 0 }),
  {
    throttleTimeMs: int32(),
    allowReplicationFactorChange: bool({ since: 1, default: true }),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
    responses: array(ReassignableTopicResponse),
  },
)
export type AlterPartitionReassignmentsResponse = Infer<typeof AlterPartitionReassignmentsResponse>
