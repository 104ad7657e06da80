// ShareGroupDescribe (77): state, members and assignments of share groups.

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

export const ShareGroupDescribeRequest = request('ShareGroupDescribe', 77, versions(1, 1, { flexible: 1 }), {
  groupIds: array(string()),
  includeAuthorizedOperations: bool(),
})
export type ShareGroupDescribeRequest = Infer<typeof ShareGroupDescribeRequest>

export const Assignment = {
  topicPartitions: array({
    topicId: uuid(),
    topicName: string(),
    partitions: array(int32()),
  }),
}

export const Member = {
  memberId: string(),
  rackId: string({ nullable: true, default: null }),
  memberEpoch: int32(),
  clientId: string(),
  clientHost: string(),
  subscribedTopicNames: array(string()),
  assignment: struct(Assignment),
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

export const ShareGroupDescribeResponse = response('ShareGroupDescribe', 77, versions(1, 1, { flexible: 1 }), {
  throttleTimeMs: int32(),
  groups: array(DescribedGroup),
})
export type ShareGroupDescribeResponse = Infer<typeof ShareGroupDescribeResponse>
