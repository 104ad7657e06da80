// ElectLeaders (43): asks for the preferred leader, or for an unclean election.

import { array, type Infer, int8, int16, int32, request, response, string, versions } from '../../schema.ts'

export const TopicPartitions = {
  topic: string(),
  partitions: array(int32()),
}

export const ElectLeadersRequest = request('ElectLeaders', 43, versions(0, 2, { flexible: 2 }), {
  electionType: int8({ since: 1 }),
  topicPartitions: array(TopicPartitions, { nullable: true }),
  timeoutMs: int32({ default: 60000 }),
})
export type ElectLeadersRequest = Infer<typeof ElectLeadersRequest>

export const ReplicaElectionResult = {
  topic: string(),
  partitionResult: array({
    partitionId: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
  }),
}

export const ElectLeadersResponse = response('ElectLeaders', 43, versions(0, 2, { flexible: 2 }), {
  throttleTimeMs: int32(),
  errorCode: int16({ since: 1 }),
  replicaElectionResults: array(ReplicaElectionResult),
})
export type ElectLeadersResponse = Infer<typeof ElectLeadersResponse>
