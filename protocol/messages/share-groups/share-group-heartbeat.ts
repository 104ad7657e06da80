// ShareGroupHeartbeat (76): members of a share group (KIP-932) join, stay and leave.

import { array, type Infer, int16, int32, request, response, string, struct, uuid, versions } from '../../schema.ts'

export const ShareGroupHeartbeatRequest = request('ShareGroupHeartbeat', 76, versions(1, 1, { flexible: 1 }), {
  groupId: string(),
  memberId: string(),
  memberEpoch: int32(),
  rackId: string({ nullable: true, default: null }),
  subscribedTopicNames: array(string(), { nullable: true, default: null }),
})
export type ShareGroupHeartbeatRequest = Infer<typeof ShareGroupHeartbeatRequest>

export const Assignment = {
  topicPartitions: array({ topicId: uuid(), partitions: array(int32()) }),
}

export const ShareGroupHeartbeatResponse = response('ShareGroupHeartbeat', 76, versions(1, 1, { flexible: 1 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  errorMessage: string({ nullable: true, default: null }),
  memberId: string({ nullable: true, default: null }),
  memberEpoch: int32(),
  heartbeatIntervalMs: int32(),
  assignment: struct(Assignment, { nullable: true, default: null }),
})
export type ShareGroupHeartbeatResponse = Infer<typeof ShareGroupHeartbeatResponse>
