// UpdateRaftVoter (82): a voter tells its endpoints and the versions it speaks.

import {
  array,
  type Infer,
  int16,
  int32,
  request,
  response,
  string,
  struct,
  uint16,
  uuid,
  versions,
} from '../../schema.ts'

export const UpdateRaftVoterRequest = request('UpdateRaftVoter', 82, versions(0, 0, { flexible: 0 }), {
  clusterId: string({ nullable: true }),
  currentLeaderEpoch: int32(),
  voterId: int32(),
  voterDirectoryId: uuid(),
  listeners: array({
    name: string(),
    host: string(),
    port: uint16(),
  }),
  kraftVersionFeature: struct({ minSupportedVersion: int16(), maxSupportedVersion: int16() }),
})
export type UpdateRaftVoterRequest = Infer<typeof UpdateRaftVoterRequest>

export const CurrentLeader = {
  leaderId: int32({ default: -1 }),
  leaderEpoch: int32({ default: -1 }),
  host: string(),
  port: int32(),
}

export const UpdateRaftVoterResponse = response('UpdateRaftVoter', 82, versions(0, 0, { flexible: 0 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  currentLeader: struct(CurrentLeader, { tag: 0 }),
})
export type UpdateRaftVoterResponse = Infer<typeof UpdateRaftVoterResponse>
