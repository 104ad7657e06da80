// RenewDelegationToken (39): lets a delegation token live longer.

import { bytes, type Infer, int16, int32, int64, request, response, versions } from '../../schema.ts'

export const RenewDelegationTokenRequest = request('RenewDelegationToken', 39, versions(1, 2, { flexible: 2 }), {
  hmac: bytes(),
  renewPeriodMs: int64(),
})
export type RenewDelegationTokenRequest = Infer<typeof RenewDelegationTokenRequest>

export const RenewDelegationTokenResponse = response('RenewDelegationToken', 39, versions(1, 2, { flexible: 2 }), {
  errorCode: int16(),
  expiryTimestampMs: int64(),
  throttleTimeMs: int32(),
})
export type RenewDelegationTokenResponse = Infer<typeof RenewDelegationTokenResponse>
