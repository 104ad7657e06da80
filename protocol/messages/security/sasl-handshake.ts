// SaslHandshake (17): agrees on a SASL mechanism.

import { array, type Infer, int16, request, response, string, versions } from '../../schema.ts'

export const SaslHandshakeRequest = request('SaslHandshake', 17, versions(0, 1), {
  mechanism: string(),
})
export type SaslHandshakeRequest = Infer<typeof SaslHandshakeRequest>

export const SaslHandshakeResponse = response('SaslHandshake', 17, versions(0, 1), {
  errorCode: int16(),
  mechanisms: array(string()),
})
export type SaslHandshakeResponse = Infer<typeof SaslHandshakeResponse>
