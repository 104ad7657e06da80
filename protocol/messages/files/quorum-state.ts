// QuorumState: the `quorum-state` file beside the metadata log, there in JSON: epoch, leader and vote.

import { array, type Infer, int32, int64, record, string, uuid, versions } from '../../schema.ts'

export const Voter = {
  voterId: int32(),
}

export const QuorumState = record('QuorumState', -1, versions(0, 1, { flexible: 0 }), {
  clusterId: string({ until: 0 }),
  leaderId: int32({ default: -1 }),
  leaderEpoch: int32({ default: -1 }),
  votedId: int32({ default: -1 }),
  appliedOffset: int64({ until: 0 }),
  currentVoters: array(Voter, { until: 0, nullable: true }),
  votedDirectoryId: uuid({ since: 1 }),
})
export type QuorumState = Infer<typeof QuorumState>
