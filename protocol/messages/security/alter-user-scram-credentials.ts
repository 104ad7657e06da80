// AlterUserScramCredentials (51): sets and deletes SCRAM credentials.

import { array, bytes, type Infer, int8, int16, int32, request, response, string, versions } from '../../schema.ts'

export const AlterUserScramCredentialsRequest = request(
  'AlterUserScramCredentials',
  51,
  versions(0, 0, { flexible: 0 }),
  {
    deletions: array({ name: string(), mechanism: int8() }),
    upsertions: array({
      name: string(),
      mechanism: int8(),
      iterations: int32(),
      salt: bytes(),
      saltedPassword: bytes(),
    }),
  },
)
export type AlterUserScramCredentialsRequest = Infer<typeof AlterUserScramCredentialsRequest>

export const AlterUserScramCredentialsResponse = response(
  'AlterUserScramCredentials',
  51,
  versions(0, 0, { flexible: 0 }),
  {
    throttleTimeMs: int32(),
    results: array({
      user: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: true }),
    }),
  },
)
export type AlterUserScramCredentialsResponse = Infer<typeof AlterUserScramCredentialsResponse>
