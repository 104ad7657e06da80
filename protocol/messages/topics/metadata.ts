// Metadata (3): brokers, topics and who leads which partition: the first thing that every client asks.

import { array, bool, type Infer, int16, int32, request, response, string, uuid, versions } from '../../schema.ts'

export const MetadataRequestTopic = {
  topicId: uuid({ since: 10 }),
  name: string({ nullable: 10 }),
}

export const MetadataRequest = request('Metadata', 3, versions(0, 13, { flexible: 9 }), {
  topics: array(MetadataRequestTopic, { nullable: 1 }),
  allowAutoTopicCreation: bool({ since: 4, default: true }),
  includeClusterAuthorizedOperations: bool({ since: 8, until: 10 }),
  includeTopicAuthorizedOperations: bool({ since: 8 }),
})
export type MetadataRequest = Infer<typeof MetadataRequest>

export const MetadataResponsePartition = {
  errorCode: int16(),
  partitionIndex: int32(),
  leaderId: int32(),
  leaderEpoch: int32({ since: 7, default: -1 }),
  replicaNodes: array(int32()),
  isrNodes: array(int32()),
  offlineReplicas: array(int32(), { since: 5 }),
}

export const MetadataResponseTopic = {
  errorCode: int16(),
  name: string({ nullable: 12 }),
  topicId: uuid({ since: 10 }),
  isInternal: bool({ since: 1 }),
  partitions: array(MetadataResponsePartition),
  topicAuthorizedOperations: int32({ since: 8, default: -2147483648 }),
}

export const MetadataResponse = response('Metadata', 3, versions(0, 13, { flexible: 9 }), {
  throttleTimeMs: int32({ since: 3 }),
  brokers: array({
    nodeId: int32(),
    host: string(),
    port: int32(),
    rack: string({ since: 1, nullable: true, default: null }),
  }),
  clusterId: string({ since: 2, nullable: true, default: null }),
  controllerId: int32({ since: 1, default: -1 }),
  topics: array(MetadataResponseTopic),
  clusterAuthorizedOperations: int32({ since: 8, until: 10, default: -2147483648 }),
  errorCode: int16({ since: 13 }),
})
export type MetadataResponse = Infer<typeof MetadataResponse>
