// DescribeUserScramCredentials (50): which SCRAM mechanisms users have, without the secrets.

import { array, type Infer, int8, int16, int32, request, response, string, versions } from '../../schema.ts'

export const UserName = {
  name: string(),
}

export const DescribeUserScramCredentialsRequest = request(
  'DescribeUserScramCredentials',
  50,
  versions(0, 0, { flexible: 0 }),
  {
    users: array(UserName, { nullable: true }),
  },
)
export type DescribeUserScramCredentialsRequest = Infer<typeof DescribeUserScramCredentialsRequest>

export const DescribeUserScramCredentialsResult = {
  user: string(),
  errorCode: int16(),
  errorMessage: string({ nullable: true }),
  credentialInfos: array({ mechanism: int8(), iterations: int32() }),
}

export const DescribeUserScramCredentialsResponse = response(
  'DescribeUserScramCredentials',
  50,
  versions(0, 0, { flexible: 0 }),
  {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
    results: array(DescribeUserScramCredentialsResult),
  },
)
export type DescribeUserScramCredentialsResponse = Infer<typeof DescribeUserScramCredentialsResponse>
