// UpdateFeatures (57): raises or lowers finalized feature levels.

import { array, bool, type Infer, int8, int16, int32, request, response, string, versions } from '../../schema.ts'

export const UpdateFeaturesRequest = request('UpdateFeatures', 57, versions(0, 2, { flexible: 0 }), {
  timeoutMs: int32({ default: 60000 }),
  featureUpdates: array({
    feature: string(),
    maxVersionLevel: int16(),
    allowDowngrade: bool({ until: 0 }),
    upgradeType: int8({ since: 1, default: 1 }),
  }),
  validateOnly: bool({ since: 1 }),
})
export type UpdateFeaturesRequest = Infer<typeof UpdateFeaturesRequest>

export const UpdatableFeatureResult = {
  feature: string(),
  errorCode: int16(),
  errorMessage: string({ nullable: true }),
}

export const UpdateFeaturesResponse = response('UpdateFeatures', 57, versions(0, 2, { flexible: 0 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  errorMessage: string({ nullable: true }),
  results: array(UpdatableFeatureResult, { until: 1 }),
})
export type UpdateFeaturesResponse = Infer<typeof UpdateFeaturesResponse>
