// JoinGroup (11): a member enters a classic group, and waits for the others.

import { array, bool, bytes, type Infer, int16, int32, request, response, string, versions } from '../../schema.ts'

export const JoinGroupRequest = request('JoinGroup', 11, versions(0, 9, { flexible: 6 }), {
  groupId: string(),
  sessionTimeoutMs: int32(),
  rebalanceTimeoutMs: int32({ since: 1, default: -1 }),
  memberId: string(),
  groupInstanceId: string({ since: 5, nullable: true, default: null }),
  protocolType: string(),
  protocols: array({ name: string(), metadata: bytes() }),
  reason: string({ since: 8, nullable: true, default: null }),
})
export type JoinGroupRequest = Infer<typeof JoinGroupRequest>

export const JoinGroupResponse = response('JoinGroup', 11, versions(0, 9, { flexible: 6 }), {
  throttleTimeMs: int32({ since: 2 }),
  errorCode: int16(),
  generationId: int32({ default: -1 }),
  protocolType: string({ since: 7, nullable: true, default: null }),
  protocolName: string({ nullable: 7 }),
  leader: string(),
  skipAssignment: bool({ since: 9 }),
  memberId: string(),
  members: array({
    memberId: string(),
    groupInstanceId: string({ since: 5, nullable: true, default: null }),
    metadata: bytes(),
  }),
})
export type JoinGroupResponse = Infer<typeof JoinGroupResponse>
