// DescribeClientQuotas (48), v0–1. KIP-546, KIP-612. Every component of the filter must match an entry of an entity;
// strictly, an entity must have no others. Source: ClientQuotasImage.

import type { RequestOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { type Fault, fault } from '../../controller/decision.ts'
import { type QuotaEntity, quotasOf } from '../../metadata/kept.ts'
import { ENTITIES, ENTITY } from '../../quotas/names.ts'
import { handler } from '../handler.ts'

type Component = RequestOf<'DescribeClientQuotas'>['components'][number]

const MATCH = { exact: 0, default: 1, any: 2 } as const

export const describeClientQuotas = handler('DescribeClientQuotas', (services, { components, strict }) => {
  const wrong = filterFault(components)
  if (wrong !== null) return { ...wrong, entries: null }
  // Strictly nothing is what no entity has.
  const isAsked = (entity: QuotaEntity) =>
    (!strict || entity.length === components.length) && components.every((component) => isMatch(component, entity))
  const entries = quotasOf(services.metadata.image)
    .filter(({ entity }) => isAsked(entity))
    .map(({ entity, values }) => ({ entity, values: Array.from(values, ([key, value]) => ({ key, value })) }))
  return { errorCode: ErrorCode.NONE, errorMessage: '', entries }
})

function isMatch({ entityType, matchType, match }: Component, entity: QuotaEntity): boolean {
  const entry = entity.find((one) => one.entityType === entityType)
  return entry !== undefined && (matchType === MATCH.any || entry.entityName === match)
}

function filterFault(components: readonly Component[]): Fault | null {
  const seen = new Set<string>()
  for (const component of components) {
    const { entityType } = component
    const invalid = (message: string) => fault(ErrorCode.INVALID_REQUEST, message)
    if (entityType === '') return invalid('Invalid empty entity type.')
    if (seen.has(entityType)) return invalid(`Entity type ${entityType} cannot appear more than once in the filter.`)
    seen.add(entityType)
    if (!ENTITIES.includes(entityType)) {
      return fault(ErrorCode.UNSUPPORTED_VERSION, `Unsupported entity type ${entityType}`)
    }
    const wrong = matchFault(component)
    if (wrong !== null) return invalid(wrong)
    if (seen.has(ENTITY.ip) && seen.size > 1) {
      return invalid('An IP filter component is not to be used with a user or client-id component.')
    }
  }
  return null
}

function matchFault({ matchType, match }: Component): string | null {
  if (matchType === MATCH.exact) {
    return match === null ? 'Request specified MATCH_TYPE_EXACT, but set match string to null.' : null
  }
  if (matchType !== MATCH.default && matchType !== MATCH.any) return `Unknown match type ${matchType}`
  const name = matchType === MATCH.default ? 'MATCH_TYPE_DEFAULT' : 'MATCH_TYPE_SPECIFIED'
  return match === null ? null : `Request specified ${name}, but also specified a match string.`
}
