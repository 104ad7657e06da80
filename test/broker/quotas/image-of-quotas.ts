// A metadata image in which nothing but quotas is set.

import { MetadataDelta } from '../../../broker/metadata/delta.ts'
import { MetadataImage } from '../../../broker/metadata/image.ts'
import { newRecord } from '../../../broker/metadata/records.ts'

export type Entity = Record<string, string | null>

export function imageOfQuotas(quotas: [Entity, key: string, value: number][]): MetadataImage {
  const delta = new MetadataDelta(MetadataImage.empty)
  for (const [parts, key, value] of quotas) {
    const entity = Object.entries(parts).map(([entityType, entityName]) => ({ entityType, entityName }))
    delta.apply(newRecord('ClientQuotaRecord', 33, { entity, key, value, remove: false }))
  }
  return delta.finish(0, 0, 0)
}
