// DescribeTopicPartitions (75): partitions of topics page by page, with their eligible leader replicas (KIP-966).

import {
  array,
  bool,
  type Infer,
  int16,
  int32,
  request,
  response,
  string,
  struct,
  uuid,
  versions,
} from '../../schema.ts'

export const Cursor = {
  topicName: string(),
  partitionIndex: int32(),
}

export const DescribeTopicPartitionsRequest = request('DescribeTopicPartitions', 75, versions(0, 0, { flexible: 0 }), {
  topics: array({ name: string() }),
  responsePartitionLimit: int32({ default: 2000 }),
  cursor: struct(Cursor, { nullable: true, default: null }),
})
export type DescribeTopicPartitionsRequest = Infer<typeof DescribeTopicPartitionsRequest>

export const DescribeTopicPartitionsResponsePartition = {
  errorCode: int16(),
  partitionIndex: int32(),
  leaderId: int32(),
  leaderEpoch: int32({ default: -1 }),
  replicaNodes: array(int32()),
  isrNodes: array(int32()),
  eligibleLeaderReplicas: array(int32(), { nullable: true, default: null }),
  lastKnownElr: array(int32(), { nullable: true, default: null }),
  offlineReplicas: array(int32()),
}

export const DescribeTopicPartitionsResponseTopic = {
  errorCode: int16(),
  name: string({ nullable: true }),
  topicId: uuid(),
  isInternal: bool(),
  partitions: array(DescribeTopicPartitionsResponsePartition),
  topicAuthorizedOperations: int32({ default: -2147483648 }),
}

export const DescribeTopicPartitionsResponse = response(
  'DescribeTopicPartitions',
  75,
  versions(0, 0, { flexible: 0 }),
  {
    throttleTimeMs: int32(),
    topics: array(DescribeTopicPartitionsResponseTopic),
    nextCursor: struct(Cursor, { nullable: true, default: null }),
  },
)
export type DescribeTopicPartitionsResponse = Infer<typeof DescribeTopicPartitionsResponse>
