// ApiVersions (18): which versions of which APIs the broker speaks, and its features. The header of the response is
// always version 0.

import { array, bool, type Infer, int16, int32, int64, request, response, string, versions } from '../../schema.ts'

export const ApiVersionsRequest = request('ApiVersions', 18, versions(0, 5, { flexible: 3 }), {
  clientSoftwareName: string({ since: 3 }),
  clientSoftwareVersion: string({ since: 3 }),
  clusterId: string({ since: 5, nullable: true, default: null }),
  nodeId: int32({ since: 5, default: -1 }),
})
export type ApiVersionsRequest = Infer<typeof ApiVersionsRequest>

export const SupportedFeatureKey = {
  name: string(),
  minVersion: int16(),
  maxVersion: int16(),
}

export const FinalizedFeatureKey = {
  name: string(),
  maxVersionLevel: int16(),
  minVersionLevel: int16(),
}

export const ApiVersionsResponse = response('ApiVersions', 18, versions(0, 5, { flexible: 3 }), {
  errorCode: int16(),
  apiKeys: array({
    apiKey: int16(),
    minVersion: int16(),
    maxVersion: int16(),
  }),
  throttleTimeMs: int32({ since: 1 }),
  supportedFeatures: array(SupportedFeatureKey, { since: 3, tag: 0 }),
  finalizedFeaturesEpoch: int64({ since: 3, tag: 1, default: -1n }),
  finalizedFeatures: array(FinalizedFeatureKey, { since: 3, tag: 2 }),
  zkMigrationReady: bool({ since: 3, tag: 3 }),
})
export type ApiVersionsResponse = Infer<typeof ApiVersionsResponse>
