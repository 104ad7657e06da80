// DeleteTopics (20): deletes topics by name or by id.

import { array, type Infer, int16, int32, request, response, string, uuid, versions } from '../../schema.ts'

export const DeleteTopicState = {
  name: string({ nullable: true, default: null }),
  topicId: uuid(),
}

export const DeleteTopicsRequest = request('DeleteTopics', 20, versions(1, 6, { flexible: 4 }), {
  topicNames: array(string(), { until: 5 }),
  topics: array(DeleteTopicState, { since: 6 }),
  timeoutMs: int32(),
})
export type DeleteTopicsRequest = Infer<typeof DeleteTopicsRequest>

export const DeleteTopicsResponse = response('DeleteTopics', 20, versions(1, 6, { flexible: 4 }), {
  throttleTimeMs: int32(),
  responses: array({
    name: string({ nullable: 6 }),
    topicId: uuid({ since: 6 }),
    errorCode: int16(),
    errorMessage: string({ since: 5, nullable: true, default: null }),
  }),
})
export type DeleteTopicsResponse = Infer<typeof DeleteTopicsResponse>
