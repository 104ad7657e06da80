// CreatePartitions (37): gives topics more partitions.

import { array, bool, type Infer, int16, int32, request, response, string, versions } from '../../schema.ts'

export const CreatePartitionsAssignment = {
  brokerIds: array(int32()),
}

export const CreatePartitionsTopic = {
  name: string(),
  count: int32(),
  assignments: array(CreatePartitionsAssignment, { nullable: true }),
}

export const CreatePartitionsRequest = request('CreatePartitions', 37, versions(0, 3, { flexible: 2 }), {
  topics: array(CreatePartitionsTopic),
  timeoutMs: int32(),
  validateOnly: bool(),
})
export type CreatePartitionsRequest = Infer<typeof CreatePartitionsRequest>

export const CreatePartitionsResponse = response('CreatePartitions', 37, versions(0, 3, { flexible: 2 }), {
  throttleTimeMs: int32(),
  results: array({
    name: string(),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
  }),
})
export type CreatePartitionsResponse = Infer<typeof CreatePartitionsResponse>
