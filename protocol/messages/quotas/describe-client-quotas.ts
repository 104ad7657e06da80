// DescribeClientQuotas (48): quotas of users, client ids and addresses that match a filter.

import {
  array,
  bool,
  float64,
  type Infer,
  int8,
  int16,
  int32,
  request,
  response,
  string,
  versions,
} from '../../schema.ts'

export const DescribeClientQuotasRequest = request('DescribeClientQuotas', 48, versions(0, 1, { flexible: 1 }), {
  components: array({
    entityType: string(),
    matchType: int8(),
    match: string({ nullable: true }),
  }),
  strict: bool(),
})
export type DescribeClientQuotasRequest = Infer<typeof DescribeClientQuotasRequest>

export const EntryData = {
  entity: array({ entityType: string(), entityName: string({ nullable: true }) }),
  values: array({ key: string(), value: float64() }),
}

export const DescribeClientQuotasResponse = response('DescribeClientQuotas', 48, versions(0, 1, { flexible: 1 }), {
  throttleTimeMs: int32(),
  errorCode: int16(),
  errorMessage: string({ nullable: true }),
  entries: array(EntryData, { nullable: true }),
})
export type DescribeClientQuotasResponse = Infer<typeof DescribeClientQuotasResponse>
