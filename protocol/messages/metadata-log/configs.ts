// Records of the metadata log about configs, quotas, features and producer ids.

import { array, bool, float64, type Infer, int8, int16, int32, int64, record, string, versions } from '../../schema.ts'

export const ConfigRecord = record('ConfigRecord', 4, versions(0, 0, { flexible: 0 }), {
  resourceType: int8(),
  resourceName: string(),
  name: string(),
  value: string({ nullable: true }),
})
export type ConfigRecord = Infer<typeof ConfigRecord>

export const ClientQuotaRecord = record('ClientQuotaRecord', 14, versions(0, 0, { flexible: 0 }), {
  entity: array({ entityType: string(), entityName: string({ nullable: true }) }),
  key: string(),
  value: float64(),
  remove: bool(),
})
export type ClientQuotaRecord = Infer<typeof ClientQuotaRecord>

export const FeatureLevelRecord = record('FeatureLevelRecord', 12, versions(0, 0, { flexible: 0 }), {
  name: string(),
  featureLevel: int16(),
})
export type FeatureLevelRecord = Infer<typeof FeatureLevelRecord>

export const ProducerIdsRecord = record('ProducerIdsRecord', 15, versions(0, 0, { flexible: 0 }), {
  brokerId: int32(),
  brokerEpoch: int64({ default: -1n }),
  nextProducerId: int64(),
})
export type ProducerIdsRecord = Infer<typeof ProducerIdsRecord>

export const ZkMigrationStateRecord = record('ZkMigrationStateRecord', 21, versions(0, 0, { flexible: 0 }), {
  zkMigrationState: int8(),
})
export type ZkMigrationStateRecord = Infer<typeof ZkMigrationStateRecord>
