// AlterConfigs (33): replaces all configs of a resource at once; clients since 2.3 use IncrementalAlterConfigs.

import { array, bool, type Infer, int8, int16, int32, request, response, string, versions } from '../../schema.ts'

export const AlterConfigsResource = {
  resourceType: int8(),
  resourceName: string(),
  configs: array({ name: string(), value: string({ nullable: true }) }),
}

export const AlterConfigsRequest = request('AlterConfigs', 33, versions(0, 2, { flexible: 2 }), {
  resources: array(AlterConfigsResource),
  validateOnly: bool(),
})
export type AlterConfigsRequest = Infer<typeof AlterConfigsRequest>

export const AlterConfigsResponse = response('AlterConfigs', 33, versions(0, 2, { flexible: 2 }), {
  throttleTimeMs: int32(),
  responses: array({
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
    resourceType: int8(),
    resourceName: string(),
  }),
})
export type AlterConfigsResponse = Infer<typeof AlterConfigsResponse>
