// ControllerRegistration (70): controller to active controller: listeners and features.

import {
  array,
  bool,
  type Infer,
  int16,
  int32,
  request,
  response,
  string,
  uint16,
  uuid,
  versions,
} from '../../schema.ts'

export const ControllerRegistrationRequest = request('ControllerRegistration', 70, versions(0, 0, { flexible: 0 }), {
  controllerId: int32(),
  incarnationId: uuid(),
  zkMigrationReady: bool(),
  listeners: array({
    name: string(),
    host: string(),
    port: uint16(),
    securityProtocol: int16(),
  }),
  features: array({
    name: string(),
    minSupportedVersion: int16(),
    maxSupportedVersion: int16(),
  }),
})
export type ControllerRegistrationRequest = Infer<typeof ControllerRegistrationRequest>

export const ControllerRegistrationResponse = response('ControllerRegistration', 70, versions(0, 0, { flexible: 0 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  errorMessage: string({ nullable: true }),
})
export type ControllerRegistrationResponse = Infer<typeof ControllerRegistrationResponse>
