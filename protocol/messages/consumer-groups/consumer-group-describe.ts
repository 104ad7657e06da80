// ConsumerGroupDescribe (69): state, members and assignments of KIP-848 groups.

import {
  array,
  bool,
  type Infer,
  int8,
  int16,
  int32,
  request,
  response,
  string,
  struct,
  uuid,
  versions,
} from '../../schema.ts'

export const ConsumerGroupDescribeRequest = request('ConsumerGroupDescribe', 69, versions(0, 1, { flexible: 0 }), {
  groupIds: array(string()),
  includeAuthorizedOperations: bool(),
})
export type ConsumerGroupDescribeRequest = Infer<typeof ConsumerGroupDescribeRequest>

export const TopicPartitions = {
  topicId: uuid(),
  topicName: string(),
  partitions: array(int32()),
}

export const Assignment = {
  topicPartitions: array(TopicPartitions),
}

export const Member = {
  memberId: string(),
  instanceId: string({ nullable: true, default: null }),
  rackId: string({ nullable: true, default: null }),
  memberEpoch: int32(),
  clientId: string(),
  clientHost: string(),
  subscribedTopicNames: array(string()),
  subscribedTopicRegex: string({ nullable: true, default: null }),
  assignment: struct(Assignment),
  targetAssignment: struct(Assignment),
  memberType: int8({ since: 1, default: -1 }),
}

export const DescribedGroup = {
  errorCode: int16(),
  errorMessage: string({ nullable: true, default: null }),
  groupId: string(),
  groupState: string(),
  groupEpoch: int32(),
  assignmentEpoch: int32(),
  assignorName: string(),
  members: array(Member),
  authorizedOperations: int32({ default: -2147483648 }),
}

export const ConsumerGroupDescribeResponse = response('ConsumerGroupDescribe', 69, versions(0, 1, { flexible: 0 }), {
  throttleTimeMs: int32(),
  groups: array(DescribedGroup),
})
export type ConsumerGroupDescribeResponse = Infer<typeof ConsumerGroupDescribeResponse>
