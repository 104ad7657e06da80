// StreamsGroupTopologyDescriptionUpdate (93): a member hands in the topology for people to look at (KIP-1331).

import { array, type Infer, int8, int16, int32, request, response, string, struct, versions } from '../../schema.ts'

export const TopologyDescriptionNode = {
  name: string(),
  nodeType: int8(),
  sourceTopics: array(string()),
  sinkTopic: string({ nullable: true, default: null }),
  stores: array(string()),
  successors: array(string()),
}

export const TopologyDescriptionSubtopology = {
  subtopologyId: string(),
  nodes: array(TopologyDescriptionNode),
}

export const TopologyDescriptionGlobalStore = {
  source: struct(TopologyDescriptionNode),
  processor: struct(TopologyDescriptionNode),
}

export const TopologyDescription = {
  subtopologies: array(TopologyDescriptionSubtopology),
  globalStores: array(TopologyDescriptionGlobalStore),
}

export const StreamsGroupTopologyDescriptionUpdateRequest = request(
  'StreamsGroupTopologyDescriptionUpdate',
  93,
  versions(0, 0, { flexible: 0 }),
  {
    groupId: string(),
    memberId: string(),
    topologyEpoch: int32(),
    topologyDescription: struct(TopologyDescription),
  },
)
export type StreamsGroupTopologyDescriptionUpdateRequest = Infer<typeof StreamsGroupTopologyDescriptionUpdateRequest>

export const StreamsGroupTopologyDescriptionUpdateResponse = response(
  'StreamsGroupTopologyDescriptionUpdate',
  93,
  versions(0, 0, { flexible: 0 }),
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
  },
)
export type StreamsGroupTopologyDescriptionUpdateResponse = Infer<typeof StreamsGroupTopologyDescriptionUpdateResponse>
