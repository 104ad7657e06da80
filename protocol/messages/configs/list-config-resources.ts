// ListConfigResources (74): resources that have configs, by type (KIP-1142); at version 0 client metrics only.

import { array, type Infer, int8, int16, int32, request, response, string, versions } from '../../schema.ts'

export const ListConfigResourcesRequest = request('ListConfigResources', 74, versions(0, 1, { flexible: 0 }), {
  resourceTypes: array(int8(), { since: 1 }),
})
export type ListConfigResourcesRequest = Infer<typeof ListConfigResourcesRequest>

export const ListConfigResourcesResponse = response('ListConfigResources', 74, versions(0, 1, { flexible: 0 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  configResources: array({ resourceName: string(), resourceType: int8({ since: 1, default: 16 }) }),
})
export type ListConfigResourcesResponse = Infer<typeof ListConfigResourcesResponse>
