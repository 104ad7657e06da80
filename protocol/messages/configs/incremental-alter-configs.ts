// IncrementalAlterConfigs (44): sets, deletes, appends to and subtracts from single configs.

import { array, bool, type Infer, int8, int16, int32, request, response, string, versions } from '../../schema.ts'

export const AlterConfigsResource = {
  resourceType: int8(),
  resourceName: string(),
  configs: array({
    name: string(),
    configOperation: int8(),
    value: string({ nullable: true }),
  }),
}

export const IncrementalAlterConfigsRequest = request('IncrementalAlterConfigs', 44, versions(0, 1, { flexible: 1 }), {
  resources: array(AlterConfigsResource),
  validateOnly: bool(),
})
export type IncrementalAlterConfigsRequest = Infer<typeof IncrementalAlterConfigsRequest>

export const IncrementalAlterConfigsResponse = response(
  'IncrementalAlterConfigs',
  44,
  versions(0, 1, { flexible: 1 }),
  {
    throttleTimeMs: int32(),
    responses: array({
      errorCode: int16(),
      errorMessage: string({ nullable: true }),
      resourceType: int8(),
      resourceName: string(),
    }),
  },
)
export type IncrementalAlterConfigsResponse = Infer<typeof IncrementalAlterConfigsResponse>
