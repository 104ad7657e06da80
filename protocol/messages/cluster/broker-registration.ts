// BrokerRegistration (62): broker to controller: here I am, with these listeners, features and directories.

import {
  array,
  bool,
  type Infer,
  int16,
  int32,
  int64,
  request,
  response,
  string,
  uint16,
  uuid,
  versions,
} from '../../schema.ts'

export const BrokerRegistrationRequest = request('BrokerRegistration', 62, versions(0, 4, { flexible: 0 }), {
  brokerId: int32(),
  clusterId: string(),
  incarnationId: uuid(),
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
  rack: string({ nullable: true }),
  isMigratingZkBroker: bool({ since: 1 }),
  logDirs: array(uuid(), { since: 2 }),
  previousBrokerEpoch: int64({ since: 3, default: -1n }),
})
export type BrokerRegistrationRequest = Infer<typeof BrokerRegistrationRequest>

export const BrokerRegistrationResponse = response('BrokerRegistration', 62, versions(0, 4, { flexible: 0 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  brokerEpoch: int64({ default: -1n }),
})
export type BrokerRegistrationResponse = Infer<typeof BrokerRegistrationResponse>
