// CreateAcls (30): adds access control entries.

import { array, type Infer, int8, int16, int32, request, response, string, versions } from '../../schema.ts'

export const AclCreation = {
  resourceType: int8(),
  resourceName: string(),
  resourcePatternType: int8({ default: 3 }),
  principal: string(),
  host: string(),
  operation: int8(),
  permissionType: int8(),
}

export const CreateAclsRequest = request('CreateAcls', 30, versions(1, 3, { flexible: 2 }), {
  creations: array(AclCreation),
})
export type CreateAclsRequest = Infer<typeof CreateAclsRequest>

export const CreateAclsResponse = response('CreateAcls', 30, versions(1, 3, { flexible: 2 }), {
  throttleTimeMs: int32(),
  results: array({ errorCode: int16(), errorMessage: string({ nullable: true }) }),
})
export type CreateAclsResponse = Infer<typeof CreateAclsResponse>
