// Records of the metadata log about brokers and controllers.

import {
  array,
  bool,
  type Infer,
  int8,
  int16,
  int32,
  int64,
  record,
  string,
  uint16,
  uuid,
  versions,
} from '../../schema.ts'

export const RegisterBrokerRecord = record('RegisterBrokerRecord', 0, versions(0, 4, { flexible: 0 }), {
  brokerId: int32(),
  isMigratingZkBroker: bool({ since: 2 }),
  incarnationId: uuid(),
  brokerEpoch: int64(),
  endPoints: array({
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
  fenced: bool({ default: true }),
  inControlledShutdown: bool({ since: 1 }),
  logDirs: array(uuid(), { since: 3, tag: 0 }),
  cordonedLogDirs: array(uuid(), { since: 4, nullable: true, tag: 1, default: null }),
})
export type RegisterBrokerRecord = Infer<typeof RegisterBrokerRecord>

export const UnregisterBrokerRecord = record('UnregisterBrokerRecord', 1, versions(0, 0, { flexible: 0 }), {
  brokerId: int32(),
  brokerEpoch: int64(),
})
export type UnregisterBrokerRecord = Infer<typeof UnregisterBrokerRecord>

export const BrokerRegistrationChangeRecord = record(
  'BrokerRegistrationChangeRecord',
  17,
  versions(0, 3, { flexible: 0 }),
  {
    brokerId: int32(),
    brokerEpoch: int64(),
    fenced: int8({ tag: 0 }),
    inControlledShutdown: int8({ since: 1, tag: 1 }),
    logDirs: array(uuid(), { since: 2, tag: 2 }),
    cordonedLogDirs: array(uuid(), { since: 3, nullable: true, tag: 3, default: null }),
  },
)
export type BrokerRegistrationChangeRecord = Infer<typeof BrokerRegistrationChangeRecord>

export const FenceBrokerRecord = record('FenceBrokerRecord', 7, versions(0, 0, { flexible: 0 }), {
  id: int32(),
  epoch: int64(),
})
export type FenceBrokerRecord = Infer<typeof FenceBrokerRecord>

export const UnfenceBrokerRecord = record('UnfenceBrokerRecord', 8, versions(0, 0, { flexible: 0 }), {
  id: int32(),
  epoch: int64(),
})
export type UnfenceBrokerRecord = Infer<typeof UnfenceBrokerRecord>

export const RegisterControllerRecord = record('RegisterControllerRecord', 27, versions(0, 0, { flexible: 0 }), {
  controllerId: int32(),
  incarnationId: uuid(),
  zkMigrationReady: bool(),
  endPoints: array({
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
export type RegisterControllerRecord = Infer<typeof RegisterControllerRecord>

export const UnregisterControllerRecord = record('UnregisterControllerRecord', 29, versions(0, 0, { flexible: 0 }), {
  controllerId: int32(),
})
export type UnregisterControllerRecord = Infer<typeof UnregisterControllerRecord>
