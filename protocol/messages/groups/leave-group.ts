// LeaveGroup (13): members leave a classic group.

import { array, type Infer, int16, int32, request, response, string, versions } from '../../schema.ts'

export const MemberIdentity = {
  memberId: string(),
  groupInstanceId: string({ nullable: true, default: null }),
  reason: string({ since: 5, nullable: true, default: null }),
}

export const LeaveGroupRequest = request('LeaveGroup', 13, versions(0, 5, { flexible: 4 }), {
  groupId: string(),
  memberId: string({ until: 2 }),
  members: array(MemberIdentity, { since: 3 }),
})
export type LeaveGroupRequest = Infer<typeof LeaveGroupRequest>

export const MemberResponse = {
  memberId: string(),
  groupInstanceId: string({ nullable: true }),
  errorCode: int16(),
}

export const LeaveGroupResponse = response('LeaveGroup', 13, versions(0, 5, { flexible: 4 }), {
  throttleTimeMs: int32({ since: 1 }),
  errorCode: int16(),
  members: array(MemberResponse, { since: 3 }),
})
export type LeaveGroupResponse = Infer<typeof LeaveGroupResponse>
