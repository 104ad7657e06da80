// DeleteGroups (42): deletes empty groups with their offsets.

import { array, type Infer, int16, int32, request, response, string, versions } from '../../schema.ts'

export const DeleteGroupsRequest = request('DeleteGroups', 42, versions(0, 3, { flexible: 2 }), {
  groupsNames: array(string()),
})
export type DeleteGroupsRequest = Infer<typeof DeleteGroupsRequest>

export const DeleteGroupsResponse = response('DeleteGroups', 42, versions(0, 3, { flexible: 2 }), {
  throttleTimeMs: int32(),
  results: array({
    groupId: string(),
    errorCode: int16(),
    errorMessage: string({ since: 3, nullable: true, default: null }),
  }),
})
export type DeleteGroupsResponse = Infer<typeof DeleteGroupsResponse>
