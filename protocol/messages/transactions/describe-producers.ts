// DescribeProducers (61): producers that are active on partitions (KIP-664).

import { array, type Infer, int16, int32, int64, request, response, string, versions } from '../../schema.ts'

export const DescribeProducersRequest = request('DescribeProducers', 61, versions(0, 0, { flexible: 0 }), {
  topics: array({ name: string(), partitionIndexes: array(int32()) }),
})
export type DescribeProducersRequest = Infer<typeof DescribeProducersRequest>

export const PartitionResponse = {
  partitionIndex: int32(),
  errorCode: int16(),
  errorMessage: string({ nullable: true, default: null }),
  activeProducers: array({
    producerId: int64(),
    producerEpoch: int32(),
    lastSequence: int32({ default: -1 }),
    lastTimestamp: int64({ default: -1n }),
    coordinatorEpoch: int32(),
    currentTxnStartOffset: int64({ default: -1n }),
  }),
}

export const TopicResponse = {
  name: string(),
  partitions: array(PartitionResponse),
}

export const DescribeProducersResponse = response('DescribeProducers', 61, versions(0, 0, { flexible: 0 }), {
  throttleTimeMs: int32(),
  topics: array(TopicResponse),
})
export type DescribeProducersResponse = Infer<typeof DescribeProducersResponse>
