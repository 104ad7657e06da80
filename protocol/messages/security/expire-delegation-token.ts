// ExpireDelegationToken (40): ends a delegation token, now or later.

import { bytes, type Infer, int16, int32, int64, request, response, versions } from '../../schema.ts'

export const ExpireDelegationTokenRequest = request('ExpireDelegationToken', 40, versions(1, 2, { flexible: 2 }), {
  hmac: bytes(),
  expiryTimePeriodMs: int64(),
})
export type ExpireDelegationTokenRequest = Infer<typeof ExpireDelegationTokenRequest>

export const ExpireDelegationTokenResponse = response('ExpireDelegationToken', 40, versions(1, 2, { flexible: 2 }), {
  errorCode: int16(),
  expiryTimestampMs: int64(),
  throttleTimeMs: int32(),
})
export type ExpireDelegationTokenResponse = Infer<typeof ExpireDelegationTokenResponse>
