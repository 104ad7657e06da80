// What MetadataImage.kept holds: quotas, credentials, ACLs and the like, as the latest record of each thing, by keys of
// the form `kind/identity`. Written by the fold (delta.ts), read here in terms of what they are.

import { textKey } from '../../host/text-key.ts'
import type { MetadataImage } from './image.ts'
import type { KnownRecord } from './records.ts'

type Of<Type extends KnownRecord['type']> = Extract<KnownRecord, { type: Type }>

/** To whom a quota applies: entries of entity type (user, client-id, ip) and name; null: the default. */
export type QuotaEntity = readonly { readonly entityType: string; readonly entityName: string | null }[]

/** Two entities with the same entries, in whatever order, are the same. */
export function entityKey(entity: QuotaEntity): string {
  return textKey(JSON.stringify(entity.map(({ entityType, entityName }) => [entityType, entityName]).sort()))
}

export function quotaKey(entity: QuotaEntity, key: string): string {
  return `quota/${entityKey(entity)}/${key}`
}

export function scramKey(mechanism: number, name: string): string {
  return `scram/${mechanism}/${name}`
}

export function controllerKey(controllerId: number): string {
  return `controller/${controllerId}`
}

export function quotaValue(image: MetadataImage, entity: QuotaEntity, key: string): number | undefined {
  const record = image.kept.get(quotaKey(entity, key))
  return record?.type === 'ClientQuotaRecord' ? record.value.value : undefined
}

export interface Quotas {
  readonly entity: QuotaEntity
  /** By quota key: producer_byte_rate and so on. */
  readonly values: Map<string, number>
}

/** Of all entities. */
export function quotasOf(image: MetadataImage): Quotas[] {
  const found = new Map<string, Quotas>()
  for (const record of recordsOf(image, 'ClientQuotaRecord')) {
    const { entity, key, value } = record.value
    const id = entityKey(entity)
    const quotas = found.get(id) ?? { entity, values: new Map<string, number>() }
    quotas.values.set(key, value)
    found.set(id, quotas)
  }
  return [...found.values()]
}

export function credentialsOf(image: MetadataImage): Of<'UserScramCredentialRecord'>['value'][] {
  return Array.from(recordsOf(image, 'UserScramCredentialRecord'), ({ value }) => value)
}

function* recordsOf<Type extends KnownRecord['type']>(image: MetadataImage, type: Type): IterableIterator<Of<Type>> {
  // The type is the one that was asked for, which inference does not carry over.
  for (const record of image.kept.values()) if (record.type === type) yield record as Of<Type>
}
