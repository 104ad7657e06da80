// DescribeDelegationToken (41): delegation tokens by owner.

import { array, bytes, type Infer, int16, int32, int64, request, response, string, versions } from '../../schema.ts'

export const DescribeDelegationTokenOwner = {
  principalType: string(),
  principalName: string(),
}

export const DescribeDelegationTokenRequest = request('DescribeDelegationToken', 41, versions(1, 3, { flexible: 2 }), {
  owners: array(DescribeDelegationTokenOwner, { nullable: true }),
})
export type DescribeDelegationTokenRequest = Infer<typeof DescribeDelegationTokenRequest>

export const DescribedDelegationToken = {
  principalType: string(),
  principalName: string(),
  tokenRequesterPrincipalType: string({ since: 3 }),
  tokenRequesterPrincipalName: string({ since: 3 }),
  issueTimestamp: int64(),
  expiryTimestamp: int64(),
  maxTimestamp: int64(),
  tokenId: string(),
  hmac: bytes(),
  renewers: array({ principalType: string(), principalName: string() }),
}

export const DescribeDelegationTokenResponse = response(
  'DescribeDelegationToken',
  41,
  versions(1, 3, { flexible: 2 }),
  {
    errorCode: int16(),
    tokens: array(DescribedDelegationToken),
    throttleTimeMs: int32(),
  },
)
export type DescribeDelegationTokenResponse = Infer<typeof DescribeDelegationTokenResponse>
