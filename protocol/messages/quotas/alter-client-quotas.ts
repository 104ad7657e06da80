// AlterClientQuotas (49): sets and removes quotas.

import { array, bool, float64, type Infer, int16, int32, request, response, string, versions } from '../../schema.ts'

export const RequestEntryData = {
  entity: array({ entityType: string(), entityName: string({ nullable: true }) }),
  ops: array({
    key: string(),
    value: float64(),
    remove: bool(),
  }),
}

export const AlterClientQuotasRequest = request('AlterClientQuotas', 49, versions(0, 1, { flexible: 1 }), {
  entries: array(RequestEntryData),
  validateOnly: bool(),
})
export type AlterClientQuotasRequest = Infer<typeof AlterClientQuotasRequest>

export const ResponseEntryData = {
  errorCode: int16(),
  errorMessage: string({ nullable: true }),
  entity: array({ entityType: string(), entityName: string({ nullable: true }) }),
}

export const AlterClientQuotasResponse = response('AlterClientQuotas', 49, versions(0, 1, { flexible: 1 }), {
  throttleTimeMs: int32(),
  entries: array(ResponseEntryData),
})
export type AlterClientQuotasResponse = Infer<typeof AlterClientQuotasResponse>
