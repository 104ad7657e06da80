// UnregisterBroker (64): removes a broker that will not come back.

import { type Infer, int16, int32, request, response, string, versions } from '../../schema.ts'

export const UnregisterBrokerRequest = request('UnregisterBroker', 64, versions(0, 0, { flexible: 0 }), {
  brokerId: int32(),
})
export type UnregisterBrokerRequest = Infer<typeof UnregisterBrokerRequest>

export const UnregisterBrokerResponse = response('UnregisterBroker', 64, versions(0, 0, { flexible: 0 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  errorMessage: string({ nullable: true }),
})
export type UnregisterBrokerResponse = Infer<typeof UnregisterBrokerResponse>
