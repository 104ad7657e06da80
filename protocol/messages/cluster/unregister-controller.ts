// UnregisterController (94): removes a controller that will not come back (KIP-1312).

import { type Infer, int16, int32, request, response, string, versions } from '../../schema.ts'

export const UnregisterControllerRequest = request('UnregisterController', 94, versions(0, 0, { flexible: 0 }), {
  controllerId: int32(),
})
export type UnregisterControllerRequest = Infer<typeof UnregisterControllerRequest>

export const UnregisterControllerResponse = response('UnregisterController', 94, versions(0, 0, { flexible: 0 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  errorMessage: string({ nullable: true }),
})
export type UnregisterControllerResponse = Infer<typeof UnregisterControllerResponse>
