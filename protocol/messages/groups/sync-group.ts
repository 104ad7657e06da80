// SyncGroup (14): the leader hands in the assignment, every member gets its part.

import { array, bytes, type Infer, int16, int32, request, response, string, versions } from '../../schema.ts'

export const SyncGroupRequest = request('SyncGroup', 14, versions(0, 5, { flexible: 4 }), {
  groupId: string(),
  generationId: int32(),
  memberId: string(),
  groupInstanceId: string({ since: 3, nullable: true, default: null }),
  protocolType: string({ since: 5, nullable: true, default: null }),
  protocolName: string({ since: 5, nullable: true, default: null }),
  assignments: array({ memberId: string(), assignment: bytes() }),
})
export type SyncGroupRequest = Infer<typeof SyncGroupRequest>

export const SyncGroupResponse = response('SyncGroup', 14, versions(0, 5, { flexible: 4 }), {
  throttleTimeMs: int32({ since: 1 }),
  errorCode: int16(),
  protocolType: string({ since: 5, nullable: true, default: null }),
  protocolName: string({ since: 5, nullable: true, default: null }),
  assignment: bytes(),
})
export type SyncGroupResponse = Infer<typeof SyncGroupResponse>
