// CreateTopics (19): creates topics, with assignments and configs.

import { array, bool, type Infer, int8, int16, int32, request, response, string, uuid, versions } from '../../schema.ts'

export const CreatableTopic = {
  name: string(),
  numPartitions: int32(),
  replicationFactor: int16(),
  assignments: array({ partitionIndex: int32(), brokerIds: array(int32()) }),
  configs: array({ name: string(), value: string({ nullable: true }) }),
}

export const CreateTopicsRequest = request('CreateTopics', 19, versions(2, 7, { flexible: 5 }), {
  topics: array(CreatableTopic),
  timeoutMs: int32({ default: 60000 }),
  validateOnly: bool(),
})
export type CreateTopicsRequest = Infer<typeof CreateTopicsRequest>

export const CreatableTopicConfigs = {
  name: string(),
  value: string({ nullable: true }),
  readOnly: bool(),
  configSource: int8({ default: -1 }),
  isSensitive: bool(),
}

export const CreatableTopicResult = {
  name: string(),
  topicId: uuid({ since: 7 }),
  errorCode: int16(),
  errorMessage: string({ nullable: true }),
  numPartitions: int32({ since: 5, default: -1 }),
  replicationFactor: int16({ since: 5, default: -1 }),
  configs: array(CreatableTopicConfigs, { since: 5, nullable: true }),
  topicConfigErrorCode: int16({ since: 5, tag: 0 }),
}

export const CreateTopicsResponse = response('CreateTopics', 19, versions(2, 7, { flexible: 5 }), {
  throttleTimeMs: int32(),
  topics: array(CreatableTopicResult),
})
export type CreateTopicsResponse = Infer<typeof CreateTopicsResponse>
