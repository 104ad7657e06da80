// Heartbeat (12): a member of a classic group says it is alive, and learns whether a rebalance is under way.

import { type Infer, int16, int32, request, response, string, versions } from '../../schema.ts'

export const HeartbeatRequest = request('Heartbeat', 12, versions(0, 4, { flexible: 4 }), {
  groupId: string(),
  generationId: int32(),
  memberId: string(),
  groupInstanceId: string({ since: 3, nullable: true, default: null }),
})
export type HeartbeatRequest = Infer<typeof HeartbeatRequest>

export const HeartbeatResponse = response('Heartbeat', 12, versions(0, 4, { flexible: 4 }), {
  throttleTimeMs: int32({ since: 1 }),
  errorCode: int16(),
})
export type HeartbeatResponse = Infer<typeof HeartbeatResponse>
