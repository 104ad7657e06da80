// DeleteAcls (31): removes access control entries that match filters.

import { array, type Infer, int8, int16, int32, request, response, string, versions } from '../../schema.ts'

export const DeleteAclsFilter = {
  resourceTypeFilter: int8(),
  resourceNameFilter: string({ nullable: true }),
  patternTypeFilter: int8({ default: 3 }),
  principalFilter: string({ nullable: true }),
  hostFilter: string({ nullable: true }),
  operation: int8(),
  permissionType: int8(),
}

export const DeleteAclsRequest = request('DeleteAcls', 31, versions(1, 3, { flexible: 2 }), {
  filters: array(DeleteAclsFilter),
})
export type DeleteAclsRequest = Infer<typeof DeleteAclsRequest>

export const DeleteAclsMatchingAcl = {
  errorCode: int16(),
  errorMessage: string({ nullable: true }),
  resourceType: int8(),
  resourceName: string(),
  patternType: int8({ default: 3 }),
  principal: string(),
  host: string(),
  operation: int8(),
  permissionType: int8(),
}

export const DeleteAclsFilterResult = {
  errorCode: int16(),
  errorMessage: string({ nullable: true }),
  matchingAcls: array(DeleteAclsMatchingAcl),
}

export const DeleteAclsResponse = response('DeleteAcls', 31, versions(1, 3, { flexible: 2 }), {
  throttleTimeMs: int32(),
  filterResults: array(DeleteAclsFilterResult),
})
export type DeleteAclsResponse = Infer<typeof DeleteAclsResponse>
