// DescribeGroups (15): state and members of classic groups.

import { array, bool, bytes, type Infer, int16, int32, request, response, string, versions } from '../../schema.ts'

export const DescribeGroupsRequest = request('DescribeGroups', 15, versions(0, 6, { flexible: 5 }), {
  groups: array(string()),
  includeAuthorizedOperations: bool({ since: 3 }),
})
export type DescribeGroupsRequest = Infer<typeof DescribeGroupsRequest>

export const DescribedGroup = {
  errorCode: int16(),
  errorMessage: string({ since: 6, nullable: true, default: null }),
  groupId: string(),
  groupState: string(),
  protocolType: string(),
  protocolData: string(),
  members: array({
    memberId: string(),
    groupInstanceId: string({ since: 4, nullable: true, default: null }),
    clientId: string(),
    clientHost: string(),
    memberMetadata: bytes(),
    memberAssignment: bytes(),
  }),
  authorizedOperations: int32({ since: 3, default: -2147483648 }),
}

export const DescribeGroupsResponse = response('DescribeGroups', 15, versions(0, 6, { flexible: 5 }), {
  throttleTimeMs: int32({ since: 1 }),
  groups: array(DescribedGroup),
})
export type DescribeGroupsResponse = Infer<typeof DescribeGroupsResponse>
