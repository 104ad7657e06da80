// SaslAuthenticate (36): carries the tokens of a SASL exchange.

import { bytes, type Infer, int16, int64, request, response, string, versions } from '../../schema.ts'

export const SaslAuthenticateRequest = request('SaslAuthenticate', 36, versions(0, 2, { flexible: 2 }), {
  authBytes: bytes(),
})
export type SaslAuthenticateRequest = Infer<typeof SaslAuthenticateRequest>

export const SaslAuthenticateResponse = response('SaslAuthenticate', 36, versions(0, 2, { flexible: 2 }), {
  errorCode: int16(),
  errorMessage: string({ nullable: true }),
  authBytes: bytes(),
  sessionLifetimeMs: int64({ since: 1 }),
})
export type SaslAuthenticateResponse = Infer<typeof SaslAuthenticateResponse>
