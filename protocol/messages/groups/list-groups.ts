// ListGroups (16): all groups of a broker, filtered by state and type.

import { array, type Infer, int16, int32, request, response, string, versions } from '../../schema.ts'

export const ListGroupsRequest = request('ListGroups', 16, versions(0, 5, { flexible: 3 }), {
  statesFilter: array(string(), { since: 4 }),
  typesFilter: array(string(), { since: 5 }),
})
export type ListGroupsRequest = Infer<typeof ListGroupsRequest>

export const ListGroupsResponse = response('ListGroups', 16, versions(0, 5, { flexible: 3 }), {
  throttleTimeMs: int32({ since: 1 }),
  errorCode: int16(),
  groups: array({
    groupId: string(),
    protocolType: string(),
    groupState: string({ since: 4 }),
    groupType: string({ since: 5 }),
  }),
})
export type ListGroupsResponse = Infer<typeof ListGroupsResponse>
