// Client quotas set and removed (KIP-546). One entity's failure leaves the others alone; within an entity nothing
// changes when one value is wrong. Source: ClientQuotaControlManager (4.4).

import type { RequestOf, ResponseInputOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { entityKey, type QuotaEntity, quotaValue } from '../metadata/kept.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import { ENTITIES, ENTITY, QUOTA } from '../quotas/names.ts'
import { type ControllerState, type Decision, type Fault, fault, NO_FAULT, recordMaker } from './decision.ts'

type Answer = ResponseInputOf<'AlterClientQuotas'>
type Operation = RequestOf<'AlterClientQuotas'>['entries'][number]['ops'][number]

const USER_QUOTAS: readonly string[] = [QUOTA.produce, QUOTA.fetch, QUOTA.request, QUOTA.mutations]
const IP_QUOTAS: readonly string[] = [QUOTA.connections]
/** Bytes and connections come whole. */
const WHOLE: readonly string[] = [QUOTA.produce, QUOTA.fetch, QUOTA.connections]

export function alterClientQuotas(state: ControllerState, request: RequestOf<'AlterClientQuotas'>): Decision<Answer> {
  const records: MetadataRecord[] = []
  const results = new Map<string, Answer['entries'][number]>()
  for (const { entity, ops } of request.entries) {
    const key = entityKey(entity)
    const done = results.has(key)
      ? invalid(`Ignoring duplicate entity ${shown(entity)}`)
      : alterEntity(state, entity, ops)
    const wrong = 'errorCode' in done ? done : NO_FAULT
    if (!('errorCode' in done)) records.push(...done)
    results.set(key, { ...wrong, entity: entity.map(({ entityType, entityName }) => ({ entityType, entityName })) })
  }
  const answer = { throttleTimeMs: 0, entries: [...results.values()] }
  return { records: request.validateOnly ? [] : records, answer }
}

const invalid = (message: string): Fault => fault(ErrorCode.INVALID_REQUEST, message)

function shown(entity: QuotaEntity): string {
  return `{${entity.map(({ entityType, entityName }) => `${entityType}=${entityName ?? '<default>'}`).join(', ')}}`
}

function alterEntity(state: ControllerState, entity: QuotaEntity, ops: readonly Operation[]): MetadataRecord[] | Fault {
  const wrongEntity = entityFault(entity)
  if (wrongEntity !== null) return wrongEntity
  const allowed = entity.some(({ entityType }) => entityType === ENTITY.ip) ? IP_QUOTAS : USER_QUOTAS
  const make = recordMaker(state.image)
  const records: MetadataRecord[] = []
  const seen = new Set<string>()
  for (const { key, value, remove } of ops) {
    if (seen.has(key)) return invalid(`Duplicate quota key ${key} not updating quota for this entity`)
    seen.add(key)
    const current = quotaValue(state.image, entity, key)
    if (remove) {
      if (current !== undefined) records.push(make('ClientQuotaRecord', { entity, key, value: 0, remove: true }))
      continue
    }
    const wrong = valueFault(key, value, allowed)
    if (wrong !== null) return wrong
    if (current !== value) records.push(make('ClientQuotaRecord', { entity, key, value, remove: false }))
  }
  return records
}

function entityFault(entity: QuotaEntity): Fault | null {
  if (entity.length === 0) return invalid('Invalid empty client quota entity')
  const types = entity.map(({ entityType }) => entityType)
  for (const { entityType, entityName } of entity) {
    if (!ENTITIES.includes(entityType)) return invalid(`Unhandled client quota entity type: ${entityType}`)
    if (types.indexOf(entityType) !== types.lastIndexOf(entityType)) {
      return invalid(`Invalid empty client quota entity, duplicate entity entry ${entityType}`)
    }
    if (entityName === '') return invalid(`Empty ${entityType} not supported`)
  }
  if (!types.includes(ENTITY.ip)) return null
  if (types.length > 1) return invalid('An ip is no part of an entity with a user or client-id')
  // Kafka would also look up the name of a host, once, and take its address of that moment.
  const address = entity[0]?.entityName ?? null
  if (address === null || isAddress(address)) return null
  return invalid(`${address} is not a valid IP.`)
}

const IPV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/

function isAddress(text: string): boolean {
  return text.includes(':') ? URL.canParse(`http://[${text}]`) : IPV4.test(text)
}

function valueFault(key: string, value: number, allowed: readonly string[]): Fault | null {
  if (!allowed.includes(key)) return invalid(`Invalid configuration key ${key}`)
  if (!Number.isFinite(value)) return invalid(`Quota ${key} must be a finite number`)
  if (value <= 0) return invalid(`Quota ${key} must be greater than 0`)
  if (WHOLE.includes(key) && !Number.isInteger(value)) return invalid(`${key} cannot be a fractional value.`)
  return null
}
