// Envelope (58): a request that a broker forwards to the controller, with the principal it came from (KIP-590).

import { bytes, type Infer, int16, request, response, versions } from '../../schema.ts'

export const EnvelopeRequest = request('Envelope', 58, versions(0, 0, { flexible: 0 }), {
  requestData: bytes(),
  requestPrincipal: bytes({ nullable: true }),
  clientHostAddress: bytes(),
})
export type EnvelopeRequest = Infer<typeof EnvelopeRequest>

export const EnvelopeResponse = response('Envelope', 58, versions(0, 0, { flexible: 0 }), {
  responseData: bytes({ nullable: true, default: null }),
  errorCode: int16(),
})
export type EnvelopeResponse = Infer<typeof EnvelopeResponse>
