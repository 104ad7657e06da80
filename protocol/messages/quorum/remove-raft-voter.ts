// RemoveRaftVoter (81): removes a voter from the metadata quorum.

import { type Infer, int16, int32, request, response, string, uuid, versions } from '../../schema.ts'

export const RemoveRaftVoterRequest = request('RemoveRaftVoter', 81, versions(0, 0, { flexible: 0 }), {
  clusterId: string({ nullable: true }),
  voterId: int32(),
  voterDirectoryId: uuid(),
})
export type RemoveRaftVoterRequest = Infer<typeof RemoveRaftVoterRequest>

export const RemoveRaftVoterResponse = response('RemoveRaftVoter', 81, versions(0, 0, { flexible: 0 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  errorMessage: string({ nullable: true }),
})
export type RemoveRaftVoterResponse = Infer<typeof RemoveRaftVoterResponse>
