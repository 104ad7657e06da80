// UpdateFeatures (57), v0–2. KIP-584, KIP-778 (upgrade types, v1). Decided by the controller (controller/features.ts).
//
// The `allowDowngrade` of version 0 is not looked at, as in Kafka: a downgrade asks for version 1.

import { forwarded, TIMED_OUT } from '../topics/controller-request.ts'

export const updateFeatures = forwarded('UpdateFeatures', () => ({ throttleTimeMs: 0, ...TIMED_OUT, results: [] }))
