// UpdateFeatures (57), v0–2. KIP-584, KIP-778 (upgrade types, v1). Decided by the controller (controller/features.ts).
//
// The `allowDowngrade` of version 0 is not looked at, as in Kafka: a downgrade asks for version 1.

import { forwarded } from '../topics/controller-request.ts'

export const updateFeatures = forwarded('UpdateFeatures', (_request, fault) => ({
  throttleTimeMs: 0,
  ...fault,
  results: [],
}))
