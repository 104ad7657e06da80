// ConsumerGroupHeartbeat (68): the one request by which members of KIP-848 groups join, get partitions, give them up
// and leave.

import { array, type Infer, int16, int32, request, response, string, struct, uuid, versions } from '../../schema.ts'

export const TopicPartitions = {
  topicId: uuid(),
  partitions: array(int32()),
}

export const ConsumerGroupHeartbeatRequest = request('ConsumerGroupHeartbeat', 68, versions(0, 1, { flexible: 0 }), {
  groupId: string(),
  memberId: string(),
  memberEpoch: int32(),
  instanceId: string({ nullable: true, default: null }),
  rackId: string({ nullable: true, default: null }),
  rebalanceTimeoutMs: int32({ default: -1 }),
  subscribedTopicNames: array(string(), { nullable: true, default: null }),
  subscribedTopicRegex: string({ since: 1, nullable: true, default: null }),
  serverAssignor: string({ nullable: true, default: null }),
  topicPartitions: array(TopicPartitions, { nullable: true, default: null }),
})
export type ConsumerGroupHeartbeatRequest = Infer<typeof ConsumerGroupHeartbeatRequest>

export const Assignment = {
  topicPartitions: array({ topicId: uuid(), partitions: array(int32()) }),
}

export const ConsumerGroupHeartbeatResponse = response('ConsumerGroupHeartbeat', 68, versions(0, 1, { flexible: 0 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  errorMessage: string({ nullable: true, default: null }),
  memberId: string({ nullable: true, default: null }),
  memberEpoch: int32(),
  heartbeatIntervalMs: int32(),
  assignment: struct(Assignment, { nullable: true, default: null }),
})
export type ConsumerGroupHeartbeatResponse = Infer<typeof ConsumerGroupHeartbeatResponse>
