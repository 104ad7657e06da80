// DescribeConfigs (32): configs of topics, brokers and other resources, with where each value comes from.

import { array, bool, type Infer, int8, int16, int32, request, response, string, versions } from '../../schema.ts'

export const DescribeConfigsRequest = request('DescribeConfigs', 32, versions(1, 4, { flexible: 4 }), {
  resources: array({
    resourceType: int8(),
    resourceName: string(),
    configurationKeys: array(string(), { nullable: true }),
  }),
  includeSynonyms: bool(),
  includeDocumentation: bool({ since: 3 }),
})
export type DescribeConfigsRequest = Infer<typeof DescribeConfigsRequest>

export const DescribeConfigsResourceResult = {
  name: string(),
  value: string({ nullable: true }),
  readOnly: bool(),
  configSource: int8({ default: -1 }),
  isSensitive: bool(),
  synonyms: array({
    name: string(),
    value: string({ nullable: true }),
    source: int8(),
  }),
  configType: int8({ since: 3 }),
  documentation: string({ since: 3, nullable: true }),
}

export const DescribeConfigsResult = {
  errorCode: int16(),
  errorMessage: string({ nullable: true }),
  resourceType: int8(),
  resourceName: string(),
  configs: array(DescribeConfigsResourceResult),
}

export const DescribeConfigsResponse = response('DescribeConfigs', 32, versions(1, 4, { flexible: 4 }), {
  throttleTimeMs: int32(),
  results: array(DescribeConfigsResult),
})
export type DescribeConfigsResponse = Infer<typeof DescribeConfigsResponse>
